package kernel

// Add writes a + b to dst; all have the length of dst, which may be a or b.
func Add(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

// addScalar adds v to all elements of x.
func addScalar(x []float32, v float32) {
	for i := range x {
		x[i] += v
	}
}
