//go:build !unix

package bisect

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// lockFile takes the lock of an open file by creating a file beside it, which Close removes.
func lockFile(f *os.File) (io.Closer, error) {
	path := f.Name() + ".lock"
	l, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("another search has it open; wait for it, or remove %s when none runs", path)
	}
	if err != nil {
		return nil, fmt.Errorf("locking: %w", err)
	}
	return lockedBy{l}, nil
}

type lockedBy struct{ *os.File }

// Close removes the file that is the lock.
func (l lockedBy) Close() error { return errors.Join(l.File.Close(), os.Remove(l.Name())) }
