//go:build !unix

package builtin_test

import (
	"testing"
	"time"
)

var began = time.Now()

// cpuTime stands for the time of the process's threads where the system does not tell.
func cpuTime(testing.TB) time.Duration { return time.Since(began) }
