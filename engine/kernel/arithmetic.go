package kernel

// Add writes a + b to dst; all have the length of dst, which may be a or b.
func Add(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := addVectors(dst, a, b); i < len(dst); i++ {
		dst[i] = a[i] + b[i]
	}
}

// Max writes the greater of a and b to dst, and b where a is NaN; all have the length of dst, which may be a or b.
func Max(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := maxVectors(dst, a, b); i < len(dst); i++ {
		v := b[i]
		if a[i] > v {
			v = a[i]
		}
		dst[i] = v
	}
}

// addScalar adds v to all elements of x.
func addScalar(x []float32, v float32) {
	for i := addScalarVectors(x, v); i < len(x); i++ {
		x[i] += v
	}
}
