// Package kernel holds the few loops in which a network spends its time, written for speed, each with one slow reference in the tests.
package kernel

// Level names the instruction set that the kernels use on this machine: part of what determines a result's last bits.
func Level() string { return "generic" }
