//go:build !linux

package program

import "os/exec"

// Run runs the program to its end. It outlives this process when that is killed.
func Run(cmd *exec.Cmd) error { return cmd.Run() }
