package program

import (
	"os/exec"
	"runtime"
	"syscall"
)

// Run runs the program, which is in a group, to its end. The system ends the program, but not what it started, when this process is killed and
// has no chance to do it. It does so at the end of the thread that started the program, so that thread waits for it.
func Run(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	return cmd.Run()
}
