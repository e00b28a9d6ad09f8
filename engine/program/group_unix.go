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
func KillGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // ESRCH where nothing is left
	}
}
