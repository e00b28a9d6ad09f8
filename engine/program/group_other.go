//go:build !unix

package program

import (
	"os/exec"
	"syscall"
)

// InGroup does nothing: without process groups only the program itself is ended.
func InGroup(*exec.Cmd) {}

// KillGroup ends the program.
func KillGroup(cmd *exec.Cmd) { signal(cmd, syscall.SIGKILL) }

// signal ends the program, whatever the signal: other systems have no milder way.
func signal(cmd *exec.Cmd, _ syscall.Signal) {
	if cmd.Process != nil {
		_ = cmd.Process.Kill() // an error where it has ended
	}
}
