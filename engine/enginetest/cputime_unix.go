//go:build unix

package enginetest

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// CPUTime is what the process's threads have computed so far, which other load on the machine hardly changes.
func CPUTime(t testing.TB) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
