//go:build unix

package bisect

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// lockFile takes the lock of an open file, which ends when the file is closed, also by the end of the process.
func lockFile(f *os.File) (io.Closer, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errors.New("another search has it open; wait for it, or name another file")
	}
	if err != nil {
		return nil, fmt.Errorf("locking: %w", err)
	}
	return io.NopCloser(nil), nil
}
