//go:build !linux

package builtin

// machineMemory is not asked for on this system.
func machineMemory() int64 { return unknownMemory }
