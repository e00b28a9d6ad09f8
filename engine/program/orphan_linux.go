package program

import (
	"os/exec"
	"runtime"
	"syscall"
)

// run runs the program, which is in a group, to its end. The system sends the program, but not what it started, a signal when this process is
// killed and has no chance to do it. It does so at the end of the thread that started the program, so that thread waits for it.
func run(cmd *exec.Cmd, orphaned syscall.Signal) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr.Pdeathsig = orphaned
	return cmd.Run()
}

// Start starts the program, which is in a group, for as long as done is open. The system kills it when this process is killed.
func Start(cmd *exec.Cmd, done <-chan struct{}) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
		err := cmd.Start()
		if started <- err; err == nil {
			<-done
		}
	}()
	return <-started
}
