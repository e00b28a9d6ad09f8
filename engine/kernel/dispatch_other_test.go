//go:build !amd64 || noasm

package kernel

func disable() bool { return false }

func enable() {}

func narrow() bool { return false }
