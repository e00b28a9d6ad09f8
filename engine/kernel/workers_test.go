package kernel

import (
	"sync/atomic"
	"testing"
)

func TestForCoversTheRangeOnce(t *testing.T) {
	for threads := 1; threads <= 4; threads++ {
		w := NewWorkers(threads)
		for _, n := range []int{0, 1, 2, 7, 100} {
			for _, grain := range []int{0, 1, 3, 1000} {
				count := make([]atomic.Int32, n)
				w.For(n, grain, func(lo, hi int) {
					for i := lo; i < hi; i++ {
						count[i].Add(1)
					}
				})
				for i := range count {
					if got := count[i].Load(); got != 1 {
						t.Fatalf("%d threads, n %d, grain %d: index %d was visited %d times", threads, n, grain, i, got)
					}
				}
			}
		}
		w.Close()
	}
}

func TestForForwardsPanics(t *testing.T) {
	w := NewWorkers(3)
	defer w.Close()
	for bad := range 12 {
		func() {
			defer func() {
				if r := recover(); r != "broken" {
					t.Errorf("index %d: recovered %v", bad, r)
				}
			}()
			w.For(12, 1, func(lo, hi int) {
				if lo <= bad && bad < hi {
					panic("broken")
				}
			})
		}()
	}
}

func BenchmarkFor(b *testing.B) {
	w := NewWorkers(2)
	defer w.Close()
	var sum atomic.Int64
	b.ReportAllocs()
	for b.Loop() {
		w.For(2, 1, func(lo, hi int) { sum.Add(int64(hi - lo)) })
	}
}
