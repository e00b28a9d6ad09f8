package program

import (
	"os/exec"
	"time"
)

// RunGroup runs the program in a group of its own to its end, or to that of its context, and ends what it left running. Its files may stay open
// for the given grace after its end.
func RunGroup(cmd *exec.Cmd, grace time.Duration) error {
	InGroup(cmd)
	cmd.Cancel = func() error { KillGroup(cmd); return nil }
	cmd.WaitDelay = grace
	err := Run(cmd)
	KillGroup(cmd)
	return err
}
