//go:build !noasm

package kernel

import "golang.org/x/sys/cpu"

// disable turns the assembly off; it reports whether it was on.
func disable() bool {
	was := vectors
	vectors, wideTiles = false, false
	return was
}

// narrow turns vectors of 16 elements off; it reports whether they were on.
func narrow() bool {
	was := wideTiles
	wideTiles = false
	return was
}

func enable() { vectors, wideTiles = true, cpu.X86.HasAVX512F }
