//go:build !noasm

package kernel

// disable turns the assembly off; it reports whether it was on.
func disable() bool {
	was := vectors
	vectors = false
	return was
}

func enable() { vectors = true }
