package compare

import "math"

// moments sum up one pass over a reference a and a result b. Equal infinities at one place count in n only.
type moments struct {
	n                int
	maxDiff, sumDiff float64 // of |a-b|
	squareDiff       float64 // sum of (a-b)^2
	maxA, maxB       float64 // of |a|, |b|
	squareA, squareB float64
	dot              float64
	low, high        float64 // of a
	badReference     bool    // a non-finite element of a, other than equal infinities
	badResult        bool    // a non-finite element of b where a is finite
}

// measureMoments sums up in chunks, so that rounding errors grow with the number of chunks, not of elements.
func measureMoments(a, b view) *moments {
	m := &moments{low: math.Inf(1), high: math.Inf(-1)}
	elements(a, b, m.add)
	if math.IsNaN(m.sumDiff) {
		m.maxDiff = math.NaN()
	}
	return m
}

func (m *moments) add(a, b []float64) {
	var sumDiff, squareDiff, squareA, squareB, dot float64
	for i, x := range a {
		y := b[i]
		if x-x != 0 || y-y != 0 { // one is not finite
			if x == y {
				continue
			}
			m.badReference = m.badReference || x-x != 0
			m.badResult = m.badResult || x-x == 0
		}
		d := math.Abs(x - y)
		if d > m.maxDiff {
			m.maxDiff = d
		}
		m.maxA, m.maxB = larger(m.maxA, math.Abs(x)), larger(m.maxB, math.Abs(y))
		m.low, m.high = smaller(m.low, x), larger(m.high, x)
		sumDiff += d
		squareDiff += float64(d * d) // rounded by itself on every machine
		squareA += float64(x * x)
		squareB += float64(y * y)
		dot += float64(x * y)
	}
	m.n += len(a)
	m.sumDiff += sumDiff
	m.squareDiff += squareDiff
	m.squareA += squareA
	m.squareB += squareB
	m.dot += dot
}

// larger is max without the care for NaN, which the sums take.
func larger(a, b float64) float64 {
	if b > a {
		return b
	}
	return a
}

func smaller(a, b float64) float64 {
	if b < a {
		return b
	}
	return a
}

func (m *moments) maxAbs() float64 { return m.maxDiff }

func (m *moments) meanAbs() float64 { return part(m.sumDiff, float64(m.n)) }

func (m *moments) maxRel() float64 { return part(m.maxDiff, m.maxA) }

func (m *moments) relL2() float64 { return math.Sqrt(part(m.squareDiff, m.squareA)) }

func (m *moments) rmse() float64 { return math.Sqrt(part(m.squareDiff, float64(m.n))) }

func (m *moments) nrmse() float64 { return part(m.rmse(), m.high-m.low) }

// sqnr and psnr are +Inf where nothing differs.
func (m *moments) sqnr() float64 { return m.decibel(m.squareA, m.squareDiff) }

func (m *moments) psnr() float64 { return m.decibel(m.maxA*m.maxA, m.squareDiff/float64(m.n)) }

func (m *moments) decibel(signal, noise float64) float64 {
	if m.maxDiff == 0 {
		return math.Inf(1)
	}
	return 10 * math.Log10(signal/noise)
}

// cosine is 1 where nothing differs, zeros included, and 0 where only one side is all zeros.
func (m *moments) cosine() float64 {
	switch {
	case m.maxDiff == 0:
		return 1
	case m.maxA == 0 || m.maxB == 0:
		return 0
	}
	// A result that is a multiple of its reference may come out a rounding above 1.
	return min(m.dot/(math.Sqrt(m.squareA)*math.Sqrt(m.squareB)), 1)
}

// part is a/b, where nothing of nothing is 0.
func part(a, b float64) float64 {
	if a == 0 {
		return 0
	}
	return a / b
}
