//go:build !linux

package program

import "os/exec"

// Run runs the program to its end. It outlives this process when that is killed.
func Run(cmd *exec.Cmd) error { return cmd.Run() }

// Start starts the program, which is to end before done is closed. It outlives this process when that is killed.
func Start(cmd *exec.Cmd, _ <-chan struct{}) error { return cmd.Start() }
