// Package program is what engines share that drive other programs: their end as a whole, with all that they started, and the last lines that
// they print.
package program

import (
	"strings"
	"sync"
)

// A Tail keeps the last Most bytes that are written to it. It may be written and read at the same time.
type Tail struct {
	Most int

	mu   sync.Mutex
	last []byte
}

func (t *Tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, b...)
	if over := len(t.last) - t.Most; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	return len(b), nil
}

// Lines are the last n lines of what is kept.
func (t *Tail) Lines(n int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimRight(strings.ToValidUTF8(string(t.last), "\uFFFD"), "\n"), "\n")
	return strings.TrimSpace(strings.Join(lines[max(len(lines)-n, 0):], "\n"))
}
