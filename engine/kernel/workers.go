package kernel

import (
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Workers runs loops in parallel. Its threads are goroutines of the loop that they serve, about a microsecond a loop: Go's scheduler keeps those
// that ended to start again and spins before it parks a processor, and it shares the processors between loops of several engines.
type Workers struct{ n int }

// NewWorkers returns workers that use n threads, the caller's among them.
func NewWorkers(n int) *Workers { return &Workers{max(n, 1)} }

// Close ends the threads.
func (w *Workers) Close() {}

// Threads is the number of threads that a loop may use.
func (w *Workers) Threads() int { return w.n }

// shares is the number of ranges a thread of a long loop: threads take the next range when they are done with one, so that one which the
// system holds up keeps the others waiting for one range only.
const shares = 4

// For calls f on ranges [lo, hi) that cover [0, n) once, in parallel where n is large against grain, the size of a range that is worth a
// thread. Which ranges are formed must not change the results. A panic in f, also one of a memory fault, goes on in the caller.
func (w *Workers) For(n, grain int, f func(lo, hi int)) {
	parts := (n + grain - 1) / max(grain, 1)
	if w.n == 1 || parts <= 1 {
		if n > 0 {
			f(0, n)
		}
		return
	}
	l := loop{f: f, n: n, parts: min(parts, w.n*shares)}
	for range min(w.n, parts) - 1 {
		l.group.Go(func() {
			defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
			defer l.catch()
			l.run()
		})
	}
	l.runFirst()
	if l.failure != nil {
		panic(l.failure)
	}
}

// A loop is one call of For.
type loop struct {
	f        func(lo, hi int)
	n, parts int
	next     atomic.Int64 // range
	group    sync.WaitGroup
	once     sync.Once
	failure  any
}

// run takes ranges until there are no more.
func (l *loop) run() {
	for p := int(l.next.Add(1)) - 1; p < l.parts; p = int(l.next.Add(1)) - 1 {
		l.f(p*l.n/l.parts, (p+1)*l.n/l.parts)
	}
}

// runFirst is run in the caller's goroutine; when it returns or panics all threads have ended.
func (l *loop) runFirst() {
	defer l.group.Wait()
	l.run()
}

func (l *loop) catch() {
	if r := recover(); r != nil {
		l.once.Do(func() { l.failure = r })
		l.next.Store(int64(l.parts)) // the others need not go on
	}
}
