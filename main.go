// Command halfway finds the nodes of a neural network that break its accuracy in a reduced precision, and writes the settings that repair it.
package main

import "halfway/cmd"

func main() { cmd.Main() }
