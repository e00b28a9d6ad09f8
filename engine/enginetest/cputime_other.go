//go:build !unix

package enginetest

import (
	"testing"
	"time"
)

var began = time.Now()

// CPUTime stands for the time of the process's threads where the system does not tell.
func CPUTime(testing.TB) time.Duration { return time.Since(began) }
