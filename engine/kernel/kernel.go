// Package kernel holds the few loops in which a network spends its time, written for speed, each with one slow reference in the tests.
package kernel

//go:generate go run -C _gen .
