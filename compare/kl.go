package compare

import "math"

// kl is the mean over the rows of KL(softmax a || softmax b), in nats.
func kl(a, b view) float64 {
	var r reader
	total, n := 0.0, 0
	rows(a, b, func(a, b row) {
		total += r.kl(a, b)
		n++
	})
	return part(total, float64(n))
}

// kl is sum p (log p - log q) with log p = a - logsumexp a. Entries that are -Inf on both sides have no probability and add nothing. Rows
// that infinities decide, at the same places, are equal.
func (r *reader) kl(a, b row) float64 {
	maxA, maxB := r.largest(a, b)
	if math.IsInf(maxA, 0) && maxA == maxB {
		return 0
	}
	la, lb := r.logSumExp(a, b, maxA, maxB)
	sum := 0.0
	r.each(a, b, func(_ int, a, b []float64) {
		for i, x := range a {
			p := x - la
			if e := math.Exp(p); e != 0 {
				sum += float64(e * (p - (b[i] - lb)))
			}
		}
	})
	return math.Max(sum, 0) // what is below is rounding
}

func (r *reader) largest(a, b row) (maxA, maxB float64) {
	maxA, maxB = math.Inf(-1), math.Inf(-1)
	r.each(a, b, func(_ int, a, b []float64) {
		for i := range a {
			maxA, maxB = math.Max(maxA, a[i]), math.Max(maxB, b[i])
		}
	})
	return maxA, maxB
}

func (r *reader) logSumExp(a, b row, maxA, maxB float64) (la, lb float64) {
	sumA, sumB := 0.0, 0.0
	r.each(a, b, func(_ int, a, b []float64) {
		for i := range a {
			sumA += math.Exp(a[i] - maxA)
			sumB += math.Exp(b[i] - maxB)
		}
	})
	return maxA + math.Log(sumA), maxB + math.Log(sumB)
}
