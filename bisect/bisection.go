package bisect

import "halfway/engine"

// A bisection looks for the place where a verdict turns.
type bisection struct {
	test   func(k int) (outcome, error)
	expect func(ks []int) error // is told what may be tested next, soonest first
	guide  *guide               // nil: halve
}

// bisection is that of the CNTs.
func (s *search) bisection() bisection {
	g := s.guide(engine.Set{})
	for k, o := range s.counts {
		g.measured(k, o.ratio)
	}
	return bisection{s.atCount, s.expectAll, g}
}

// edge finds a k in (lo, hi] with test(k-1) good and test(k) bad, where test(lo) is known to be good and test(hi) to be bad. Where a test
// gives no answer its neighbours are tried; ok is false when that leaves a gap.
//
// Invariant: lo is good, hi is bad.
func (b bisection) edge(lo, hi int) (k int, ok bool, err error) {
	b.guide.start(lo, hi)
	for hi-lo > 1 {
		if b.guide == nil {
			if err := b.expect(halvings(lo, hi)); err != nil {
				return 0, false, err
			}
		}
		mid, o, err := b.nearest(lo, b.guide.next(lo, hi), hi)
		if err != nil || !o.Verdict.Answered() {
			return 0, false, err
		}
		b.guide.learn(lo, mid, hi, o.ratio)
		if o.Verdict.Bad() {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi, true, nil
}

// halvings lists the middle of (lo, hi), then those of both halves, and so on, some levels deep: what bisection may test, soonest first.
func halvings(lo, hi int) []int {
	const most = 63
	var ks []int
	for level := [][2]int{{lo, hi}}; len(level) > 0 && len(ks) < most; {
		var next [][2]int
		for _, r := range level {
			if mid := r[0] + (r[1]-r[0])/2; r[1]-r[0] > 1 {
				ks = append(ks, mid)
				next = append(next, [2]int{r[0], mid}, [2]int{mid, r[1]})
			}
		}
		level = next
	}
	return ks
}

// nearest tests mid, and while there is no answer what lies ever further from it in (lo, hi), in growing steps where the gap is wide.
func (b bisection) nearest(lo, mid, hi int) (k int, o outcome, err error) {
	for d := 0; mid+d < hi || mid-d > lo; d++ {
		for _, k := range []int{mid + d, mid - d} {
			if k <= lo || k >= hi || d == 0 && o.Verdict != "" {
				continue
			}
			if o, err = b.test(k); err != nil || o.Verdict.Answered() {
				return k, o, err
			}
		}
		if hi-lo > 64 {
			d += d / 2
		}
	}
	return mid, o, nil
}
