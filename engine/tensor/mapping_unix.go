//go:build unix

package tensor

import (
	"os"

	"golang.org/x/sys/unix"
)

func mapFile(f *os.File, size int) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
}

func unmapFile(b []byte) error { return unix.Munmap(b) }

// dropPages lets the system take the pages of a mapped file back, which it loads again when they are read. Nothing is lost where it refuses.
func dropPages(b []byte) { _ = unix.Madvise(b, unix.MADV_DONTNEED) }
