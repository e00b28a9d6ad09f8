package ops

import (
	"cmp"
	"math"
	"slices"

	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// A pass resamples one axis.
type pass struct {
	axis int
	taps *taps
}

// taps are the positions along an axis, with their weights, that each position of the result is the weighted sum of.
type taps struct {
	start  []int // of each position of the result in index and weight, and their length
	index  []int
	weight []float64
}

func newTaps() *taps { return &taps{start: []int{0}} }

func (t *taps) add(index int, weight float64) {
	t.index, t.weight = append(t.index, index), append(t.weight, weight)
}

// end completes a position of the result.
func (t *taps) end() { t.start = append(t.start, len(t.index)) }

func (t *taps) len() int { return len(t.start) - 1 }

func (t *taps) at(i int) ([]int, []float64) {
	return t.index[t.start[i]:t.start[i+1]], t.weight[t.start[i]:t.start[i+1]]
}

// copies reports whether every position of the result is one of the data.
func (t *taps) copies() bool {
	return len(t.index) == t.len() && !slices.ContainsFunc(t.weight, func(w float64) bool { return w != 1 })
}

// identity reports whether t changes nothing along an axis of the given size.
func (t *taps) identity(size int) bool {
	if t.len() != size || !t.copies() {
		return false
	}
	for i, v := range t.index {
		if v != i {
			return false
		}
	}
	return true
}

// resample applies the passes to src of the given shape. A is the type of the sums.
func resample[T, A real](w *kernel.Workers, src []T, shape []int, passes []pass) []T {
	shape = append([]int{}, shape...)
	for _, p := range passes {
		outer, inner := 1, 1
		for d, n := range shape {
			if d < p.axis {
				outer *= n
			} else if d > p.axis {
				inner *= n
			}
		}
		dst := make([]T, outer*p.taps.len()*inner)
		if len(dst) > 0 {
			resampleAxis[T, A](w, dst, src, shape[p.axis], inner, p.taps)
		}
		src, shape[p.axis] = dst, p.taps.len()
	}
	return src
}

// resampleAxis resamples an axis of n positions of inner elements each.
func resampleAxis[T, A real](w *kernel.Workers, dst, src []T, n, inner int, t *taps) {
	if inner == 1 {
		copies := t.copies()
		w.For(len(dst)/t.len(), 1+4096/t.len(), func(lo, hi int) {
			for line := lo; line < hi; line++ {
				resampleLine[T, A](rowOf(dst, line, t.len()), rowOf(src, line, n), t, copies)
			}
		})
		return
	}
	w.For(len(dst)/inner, 1+4096/inner, func(lo, hi int) {
		sums := make([]A, inner)
		for r := lo; r < hi; r++ {
			resampleRow(rowOf(dst, r, inner), src[r/t.len()*n*inner:], sums, t, r%t.len())
		}
	})
}

// resampleLine resamples the elements of one line; copies is what t.copies reports.
func resampleLine[T, A real](dst, src []T, t *taps, copies bool) {
	if copies {
		for j, i := range t.index {
			dst[j] = src[i]
		}
		return
	}
	for j := range dst {
		sum := A(0)
		for k := t.start[j]; k < t.start[j+1]; k++ {
			sum += A(A(t.weight[k]) * A(src[t.index[k]]))
		}
		dst[j] = T(sum)
	}
}

// resampleRow sums up rows of src to dst, which is position j of the result.
func resampleRow[T, A real](dst, src []T, sums []A, t *taps, j int) {
	index, weight := t.at(j)
	if len(index) == 1 && weight[0] == 1 {
		copy(dst, src[index[0]*len(dst):])
		return
	}
	clear(sums)
	for k, i := range index {
		f := A(weight[k])
		for j, v := range rowOf(src, i, len(dst)) {
			sums[j] += A(f * A(v))
		}
	}
	for j, v := range sums {
		dst[j] = T(v)
	}
}

// passes are those that p needs for r: what shrinks comes first, so that nothing in between is larger than the data and the result. Only
// where 8-bit data is rounded in between the order is Pillow's, the second axis first. The plugin runs linear on fewer than 5 dimensions as
// linear_onnx, which antialias does not change.
func (p *interpolate) passes(r *resize, t tensor.DType) []pass {
	mode := p.mode
	if mode == "linear" && len(r.from) < 5 {
		mode = "linear_onnx"
	}
	smaller := false
	for _, s := range r.scale {
		smaller = smaller || s < 1
	}
	var list []pass
	for i := len(r.axes) - 1; i >= 0; i-- {
		axis := axisResize{from: r.from[r.axes[i]], to: r.to[r.axes[i]], scale: r.scale[r.axes[i]], coordinates: p.coordinates}
		if taps := p.taps(mode, axis, p.antialias && smaller); !taps.identity(axis.from) {
			list = append(list, pass{r.axes[i], taps})
		}
	}
	if !p.pillow() || t.Bits() != 8 {
		growth := func(p pass) float64 { return float64(p.taps.len()) / float64(r.from[p.axis]) }
		slices.SortStableFunc(list, func(a, b pass) int { return cmp.Compare(growth(a), growth(b)) })
	}
	return list
}

// An axisResize is the resizing of one axis.
type axisResize struct {
	from, to    int
	scale       float32
	coordinates string
}

// coordinate is where position i of the result lies in the data, in f32 as everywhere in OpenVINO: its rounding decides ties.
func (a axisResize) coordinate(i int) float32 {
	x := float32(i)
	if a.scale == 1 || a.from == a.to {
		return x
	}
	switch a.coordinates {
	case "pytorch_half_pixel":
		if a.to <= 1 {
			return 0
		}
	case "asymmetric":
		return x / a.scale
	case "tf_half_pixel_for_nn":
		return (x + 0.5) / a.scale
	case "align_corners":
		if a.to == 1 {
			return 0
		}
		return x * float32(a.from-1) / float32(a.to-1)
	}
	return (x+0.5)/a.scale - 0.5
}

func (a axisResize) clamp(i int) int { return min(max(i, 0), a.from-1) }

// taps are those of a mode. The plugin has a coefficient of its own in bicubic_pillow.
func (p *interpolate) taps(mode string, a axisResize, antialias bool) *taps {
	t := newTaps()
	switch mode {
	case "bilinear_pillow":
		a.pillow(t, 1, triangle)
		return t
	case "bicubic_pillow":
		a.pillow(t, 2, func(x float64) float64 { return cubic(x, -0.5) })
		return t
	}
	for i := range a.to {
		x := a.coordinate(i)
		switch mode {
		case "nearest":
			t.add(a.clamp(nearest(p.nearest, x, a.scale < 1)), 1)
		case "linear":
			a.linear(t, x, antialias)
		case "linear_onnx":
			a.linearONNX(t, x)
		case "cubic":
			a.cubic(t, x, float32(p.cubic))
		}
		t.end()
	}
	return t
}

// nearest rounds a coordinate.
func nearest(mode string, x float32, smaller bool) int {
	v := float64(x)
	switch {
	case mode == "floor":
		v = math.Floor(v)
	case mode == "ceil", mode == "simple" && smaller:
		v = math.Ceil(v)
	case mode == "simple":
		v = math.Trunc(v)
	case mode == "round_prefer_floor" && v-math.Trunc(v) == 0.5:
		v = math.Floor(v)
	default:
		v = math.Round(v)
	}
	return truncate(v)
}

// linear adds a triangle around x, which antialias makes wider in downsampling.
func (a axisResize) linear(t *taps, x float32, antialias bool) {
	slope, radius := float32(1), 2
	if antialias {
		slope = a.scale
	}
	if a.scale <= 1 {
		radius = min(truncate(math.Ceil(float64(2/slope))), a.from)
	}
	center, first, sum := truncate(math.Round(float64(x))), len(t.index), float32(0)
	for i := a.clamp(center - radius); i <= a.clamp(center+radius); i++ {
		weight := 1 - float32(math.Abs(float64(slope*(x-float32(i)))))
		if weight > 0 {
			sum += weight
			t.add(i, float64(weight))
		}
	}
	for k := first; k < len(t.weight); k++ {
		t.weight[k] /= float64(sum)
	}
}

// linearONNX adds the two neighbours of x.
func (a axisResize) linearONNX(t *taps, x float32) {
	x = min(max(x, 0), float32(a.from-1))
	left := min(truncate(float64(x)), a.from-1)
	right := min(left+1, a.from-1)
	if left == right {
		t.add(left, 1)
		return
	}
	t.add(left, float64(float32(right)-x))
	t.add(right, float64(x-float32(left)))
}

// cubic adds the four neighbours of x with the weights of Keys' kernel; those outside are replaced by the outermost inside.
func (a axisResize) cubic(t *taps, x, coefficient float32) {
	floor := math.Floor(float64(x))
	s := float64(x) - floor
	for k := -1; k <= 2; k++ {
		t.add(a.clamp(truncate(floor)+k), cubic(float64(k)-s, float64(coefficient)))
	}
}

// cubic is Keys' kernel with coefficient a.
func cubic(x, a float64) float64 {
	switch x = math.Abs(x); {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return (((x-5)*x+8)*x - 4) * a
	}
	return 0
}

func triangle(x float64) float64 { return max(1-math.Abs(x), 0) }

// pillow adds the taps of Pillow's resampling (Resample.c): a kernel of the given support, as wide as the positions of the result lie apart.
func (a axisResize) pillow(t *taps, support float64, kernel func(float64) float64) {
	step := float64(a.from) / float64(a.to)
	width := max(step, 1)
	for i := range a.to {
		center, first, sum := (float64(i)+0.5)*step, len(t.index), 0.0
		from, to := max(truncate(center-support*width+0.5), 0), min(truncate(center+support*width+0.5), a.from)
		for j := from; j < to; j++ {
			weight := kernel((float64(j) - center + 0.5) / width)
			t.add(j, weight)
			sum += weight
		}
		for k := first; k < len(t.weight) && sum != 0; k++ {
			t.weight[k] /= sum
		}
		t.end()
	}
}
