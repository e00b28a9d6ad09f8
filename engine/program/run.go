package program

import (
	"os/exec"
	"syscall"
	"time"
)

// RunGroup runs the program in a group of its own to its end, or to that of its context, and ends what it left running. The end of the context
// sends the group a first signal; what is still there after the grace is killed. The program's files, too, may stay open for the grace after its end.
// SIGKILL leaves a program no choice; one that started work elsewhere, as srun does, takes SIGTERM to end that.
func RunGroup(cmd *exec.Cmd, first syscall.Signal, grace time.Duration) error {
	InGroup(cmd)
	cmd.Cancel = func() error { signal(cmd, first); return nil }
	cmd.WaitDelay = grace
	err := run(cmd, first)
	KillGroup(cmd)
	return err
}
