package bisect

import "math"

// A guide chooses where bisection probes next by what each candidate is expected to add to the error. It holds its expectation, corrected by
// every error that was measured, against the tolerance: where it expects the error to cross it, and how sure it is of that, gives every CNT a
// probability of being the one that is sought, and the probe halves them. Bisection of sorted data by such knowledge is interpolation search;
// that it never takes many more probes than halving is kept as in the ITP method (Oliveira and Takahashi, ACM TOMS 47(1), 2020).
type guide struct {
	expected []float64 // by CNT+1: the sum of the shares up to it
	live     []float64 // by CNT+1: how many candidates up to it are expected to do anything
	errors   map[int]float64
	doubt    float64 // the probability that the expectation is of no use
	left     int     // probes after which halving would be done, and some more
}

// What is expected of the error is off by a factor of exp(spread), as a standard deviation; between two errors that are a factor of exp(d) apart
// by one of exp(narrow*d) at most. A measured error that is off by a factor of e raises
// the doubt by distrust. Candidates that are expected to do nothing count as idleShare of one.
const (
	spread    = 0.5
	narrow    = 0.2
	distrust  = 0.2
	doubt     = 0.1
	idleShare = 0.1
	extra     = 2 // probes more than halving takes at most
)

// newGuide guides bisection over CNTs whose candidates have these shares; without shares, or where all are 0, it is nil, which halves.
func newGuide(shares []float64) *guide {
	g := &guide{expected: make([]float64, len(shares)+1), live: make([]float64, len(shares)+1), errors: map[int]float64{}, doubt: doubt}
	for k, s := range shares {
		g.expected[k+1], g.live[k+1] = g.expected[k]+s, g.live[k]+idleShare
		if s > 0 {
			g.live[k+1] = g.live[k] + 1
		}
	}
	if !(g.expected[len(shares)] > 0) {
		return nil
	}
	return g
}

// measured tells of the error of CNT=k, over its tolerance.
func (g *guide) measured(k int, e float64) {
	if g != nil {
		g.errors[k] = min(e, 1e30)
	}
}

// start prepares for bisection between lo and hi.
func (g *guide) start(lo, hi int) {
	if g != nil {
		g.left = ceilLog2(hi-lo) + extra
	}
}

// next is where to probe between lo, which passes, and hi, which fails, more than 1 apart.
func (g *guide) next(lo, hi int) int {
	middle := lo + (hi-lo)/2
	if g == nil {
		return middle
	}
	g.left--
	furthest := 1 << max(min(g.left, 60), 0) // what halving can still deal with afterwards
	curve, off := g.between(lo, hi), g.spread(lo, hi)
	below := probability(curve(lo), off)
	all := probability(curve(hi), off) - below
	best, least := middle, math.Inf(1)
	for k := max(lo+1, hi-furthest); k <= min(hi-1, lo+furthest); k++ {
		p := (g.live[k+1] - g.live[lo+1]) / (g.live[hi+1] - g.live[lo+1])
		if all > 0 {
			p = g.doubt*p + (1-g.doubt)*(probability(curve(k), off)-below)/all
		}
		if d := math.Abs(p - 0.5); d < least {
			best, least = k, d
		}
	}
	return best
}

// spread is how far off what is expected between lo and hi may be.
func (g *guide) spread(lo, hi int) float64 {
	return max(min(spread, narrow*(logarithm(g.errors[hi])-logarithm(g.errors[lo]))), 1e-9)
}

// probability is that of an error over its tolerance to be bad, which is expected to be e, give or take a factor of exp(off).
func probability(e, off float64) float64 { return math.Erfc(-logarithm(e)/(off*math.Sqrt2)) / 2 }

// logarithm is bounded where errors are 0.
func logarithm(e float64) float64 { return math.Log(max(e, 1e-30)) }

// between is what is expected of the errors from lo to hi, which were measured: that their squares, energies, grow as the shares do.
func (g *guide) between(lo, hi int) func(k int) float64 {
	low, high := g.errors[lo]*g.errors[lo], g.errors[hi]*g.errors[hi]
	sum := g.expected[hi+1] - g.expected[lo+1]
	return func(k int) float64 {
		part := float64(k-lo) / float64(hi-lo)
		if sum > 0 {
			part = (g.expected[k+1] - g.expected[lo+1]) / sum
		}
		return math.Sqrt(low + max(high-low, 0)*part)
	}
}

// learn corrects the guide by the error of CNT=k between lo and hi.
func (g *guide) learn(lo, k, hi int, e float64) {
	if g == nil {
		return
	}
	const most = 12
	off := math.Abs(bounded(logarithm(g.between(lo, hi)(k)), most) - bounded(logarithm(e), most))
	g.doubt = min(g.doubt+distrust*off, 1)
	g.measured(k, e)
}

func bounded(x, most float64) float64 { return max(min(x, most), -most) }
