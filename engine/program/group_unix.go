//go:build unix

package program

import (
	"os/exec"
	"syscall"
)

// InGroup makes the program, before its start, the head of a process group.
func InGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// KillGroup ends the program and what it left running.
func KillGroup(cmd *exec.Cmd) { signal(cmd, syscall.SIGKILL) }

// signal sends a signal to the program and all that it started.
func signal(cmd *exec.Cmd, s syscall.Signal) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, s) // ESRCH where nothing is left
	}
}
