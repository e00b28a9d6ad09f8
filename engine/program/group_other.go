//go:build !unix

package program

import "os/exec"

// InGroup does nothing: without process groups only the program itself is ended.
func InGroup(*exec.Cmd) {}

// KillGroup ends the program.
func KillGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = cmd.Process.Kill() // an error where it has ended
	}
}
