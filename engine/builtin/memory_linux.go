package builtin

import (
	"math"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// machineMemory is the least of the machine's memory, the limit of the process's control group, and half of what its address space,
// where that is limited, has beside what is mapped now: pieces of all sizes do not fill it.
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
		least = min(least, max(int64(space.Cur)-mapped(), 0)/2)
	}
	return least
}

// mapped is the size of the process's address space: code, stacks, what the heap reserves, files.
func mapped() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _, _ := strings.Cut(string(text), " ")
	n, err := strconv.ParseInt(pages, 10, 64)
	if err != nil {
		return 0
	}
	return n * int64(os.Getpagesize())
}
