package kernel

import (
	"runtime/debug"
	"sync"
)

// Workers runs loops in parallel.
type Workers struct{ n int }

// NewWorkers returns workers that use n threads, the caller's among them.
func NewWorkers(n int) *Workers { return &Workers{max(n, 1)} }

// Close ends the threads.
func (w *Workers) Close() {}

// Threads is the number of threads that a loop may use.
func (w *Workers) Threads() int { return w.n }

// For calls f on ranges [lo, hi) that cover [0, n) once, in parallel where n is large against grain, the size of a range that is worth a
// thread. Which ranges are formed must not change the results. A panic in f, also one of a memory fault, goes on in the caller.
func (w *Workers) For(n, grain int, f func(lo, hi int)) {
	parts := min(w.n, (n+grain-1)/max(grain, 1))
	if parts <= 1 {
		if n > 0 {
			f(0, n)
		}
		return
	}
	var group sync.WaitGroup
	var once sync.Once
	var failure any
	for p := 1; p < parts; p++ {
		group.Go(func() {
			defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
			defer func() {
				if r := recover(); r != nil {
					once.Do(func() { failure = r })
				}
			}()
			f(p*n/parts, (p+1)*n/parts)
		})
	}
	defer func() {
		group.Wait()
		if failure != nil {
			panic(failure)
		}
	}()
	f(0, n/parts)
}
