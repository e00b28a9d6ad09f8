//go:build !unix

package tensor

import (
	"io"
	"os"
)

func mapFile(f *os.File, size int) ([]byte, error) {
	b := make([]byte, size)
	_, err := io.ReadFull(f, b)
	return b, err
}

func unmapFile([]byte) error { return nil }

func dropPages([]byte) {}
