package compare

// topK is the share of rows where the reference's argmax, the first of equals, is among the k largest of the result. Of equal elements the
// earlier counts as larger.
func topK(a, b view, k int) float64 {
	var r reader
	hits, n := 0, 0
	rows(a, b, func(a, b row) {
		n++
		if r.rank(b, r.argmax(a)) < k {
			hits++
		}
	})
	if n == 0 {
		return 1
	}
	return float64(hits) / float64(n)
}

// argmax is the index of the first largest element; as in numpy NaN is larger than any number.
func (r *reader) argmax(a row) int {
	at, largest := 0, 0.0
	r.each(a, a, func(start int, a, _ []float64) {
		for i, x := range a {
			if start+i == 0 || above(x, largest) {
				at, largest = start+i, x
			}
		}
	})
	return at
}

// rank is the number of elements that come before the one at index at when the largest come first.
func (r *reader) rank(a row, at int) int {
	var x [1]float64
	a.load(x[:], at)
	n := 0
	r.each(a, a, func(start int, a, _ []float64) {
		for i, y := range a {
			if above(y, x[0]) || start+i < at && !above(x[0], y) {
				n++
			}
		}
	})
	return n
}

// above reports whether x > y where NaN is above all numbers.
func above(x, y float64) bool { return x > y || x != x && y == y }
