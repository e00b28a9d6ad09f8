// Package kernel holds the few loops in which a network spends its time, written for speed, each with one slow reference in the tests.
package kernel

// Workers runs loops in parallel.
type Workers struct{ n int }

// NewWorkers returns workers that use n threads, the caller's among them.
func NewWorkers(n int) *Workers { return &Workers{max(n, 1)} }
