//go:build !linux

package program

import (
	"os/exec"
	"syscall"
)

// run runs the program to its end. It outlives this process when that is killed.
func run(cmd *exec.Cmd, _ syscall.Signal) error { return cmd.Run() }

// Start starts the program, which is to end before done is closed. It outlives this process when that is killed.
func Start(cmd *exec.Cmd, _ <-chan struct{}) error { return cmd.Start() }
