package program

import (
	"errors"
	"io"
	"os"
	"os/exec"
)

// A Folder holds files that do not outlive this process.
type Folder struct {
	Path   string
	keeper *exec.Cmd // nil: none
	done   io.WriteCloser
}

// keep waits for a line. Where its input ends without one, the process at the other end was killed; what that started may still write for a moment.
const keep = `trap "" HUP; read -r line || for wait in 0 1 1 1; do sleep $wait; rm -rf -- "$1" && break; done`

// NewFolder makes a folder below temp ("": the system's) whose name begins with prefix. Where the system has a shell, one removes the folder when
// this process is killed and has no chance to do it.
func NewFolder(temp, prefix string) (*Folder, error) {
	path, err := os.MkdirTemp(temp, prefix)
	if err != nil {
		return nil, err
	}
	f := &Folder{Path: path}
	cmd := exec.Command("sh", "-c", keep, "sh", path)
	InGroup(cmd)
	in, err := cmd.StdinPipe()
	if err == nil && cmd.Start() == nil {
		f.keeper, f.done = cmd, in
	}
	return f, nil
}

// Remove removes the folder with all that is in it.
func (f *Folder) Remove() error {
	err := os.RemoveAll(f.Path)
	if f.keeper == nil || err != nil { // the keeper tries again when this process ends
		return err
	}
	_, err = io.WriteString(f.done, "\n")
	err = errors.Join(err, f.done.Close())
	_ = f.keeper.Wait() // how it ended changes nothing
	f.keeper = nil
	return err
}
