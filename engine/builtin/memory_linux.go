package builtin

import (
	"math"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// machineMemory is the least of the machine's memory, the limit of the process's control group, and three quarters of that of its address space.
func machineMemory() int64 {
	least := int64(unknownMemory)
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		least = int64(min(uint64(info.Totalram)*uint64(info.Unit), math.MaxInt64))
	}
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil { // "max" where there is no limit
			least = min(least, n)
		}
	}
	var space unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_AS, &space) == nil && space.Cur <= math.MaxInt64 {
		least = min(least, int64(space.Cur/4*3)) // code, stacks and what the heap reserves take address space too
	}
	return least
}
