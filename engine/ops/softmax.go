package ops

import (
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// softmax is exp(x) over the sum of all exp(x) along an axis, or its logarithm, computed from x less the largest x.
type softmax struct {
	axis int
	log  bool
}

func init() {
	register("Softmax", newSoftmax)
	register("LogSoftmax", newSoftmax)
}

func newSoftmax(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	def := 1
	if n.Op == "LogSoftmax" {
		def = -1
	}
	return &softmax{d.Int("axis", def), n.Op == "LogSoftmax"}, d.Err()
}

func (s *softmax) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	if in[0].Shape != nil {
		if _, err := normalizeAxis(s.axis, len(in[0].Shape)); err != nil {
			return nil, err
		}
	}
	return []Spec{{in[0].Type, in[0].Shape}}, nil
}

// MACs counts an exponential as four multiply-adds.
func (s *softmax) MACs(in []Arg, _ []Spec) int64 { return 6 * int64(product(in[0].Shape)) }

func (s *softmax) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if out[0].Type == tensor.F64 {
		return evalSoftmax(s, w, in[0].Tensor, out[0], eachOf(math.Exp))
	}
	return evalSoftmax(s, w, in[0].Tensor, out[0], kernel.Exp)
}

func evalSoftmax[E real](s *softmax, w *kernel.Workers, in, out *tensor.Tensor, exp func(dst, src []E)) error {
	axis, err := normalizeAxis(s.axis, len(in.Shape))
	if err != nil {
		return err
	}
	src, dst := tensor.Data[E](in), tensor.Data[E](out)
	n, inner := in.Shape[axis], product(in.Shape[axis+1:])
	if len(src) == 0 {
		return nil
	}
	columns := len(src) / n // of n elements, inner apart
	if f, ok := any(dst).([]float32); ok && inner == 1 && !s.log {
		softmaxRows(w, f, any(src).([]float32), n)
		roundTo(out.Type, f)
		return nil
	}
	w.For(columns, max(1, expensiveGrain/n), func(lo, hi int) {
		sums, tops := make([]E, min(inner, block)), make([]E, min(inner, block))
		for at := lo; at < hi; {
			width := min(hi-at, inner-at%inner, block)
			start := at/inner*n*inner + at%inner
			c := column[E]{src[start:], dst[start:], n, inner, width, out.Type}
			c.softmax(sums[:width], tops[:width], s.log, exp)
			at += width
		}
	})
	return nil
}

// softmaxRows is softmax of rows of n elements.
func softmaxRows(w *kernel.Workers, dst, src []float32, n int) {
	many := max(block/n, 1) // rows whose exponentials are computed as one
	w.For(len(src)/n, max(1, expensiveGrain/n), func(lo, hi int) {
		for ; lo < hi; lo += many {
			end := min(lo+many, hi)
			rows := dst[lo*n : end*n]
			copy(rows, src[lo*n:])
			for at := 0; at < len(rows); at += n {
				kernel.AddScalar(rows[at:at+n], -kernel.Largest(rows[at:at+n])) // where a NaN is among them, all results are NaN
			}
			kernel.Exp(rows, rows)
			for at := 0; at < len(rows); at += n {
				row := rows[at : at+n]
				kernel.ScaleShift(row, row, 1/pairwiseSum(row), 0)
			}
		}
	})
}

// column is width columns of n elements side by side, whose rows are stride apart.
type column[E real] struct {
	src, dst         []E
	n, stride, width int
	to               tensor.DType
}

func (c *column[E]) row(d []E, i int) []E { return d[i*c.stride : i*c.stride+c.width] }

func (c *column[E]) softmax(sums, tops []E, log bool, exp func(dst, src []E)) {
	if c.stride == 1 {
		c.single(log, exp)
		return
	}
	copy(tops, c.row(c.src, 0))
	for i := 1; i < c.n; i++ {
		for j, v := range c.row(c.src, i) {
			tops[j] = max(tops[j], v)
		}
	}
	clear(sums)
	for i := range c.n {
		row := c.row(c.dst, i)
		for j, v := range c.row(c.src, i) {
			row[j] = v - tops[j]
		}
		exp(row, row)
		for j, v := range row {
			sums[j] += v
		}
	}
	for j, v := range sums {
		if log {
			sums[j] = E(math.Log(float64(v)))
		} else {
			sums[j] = 1 / v
		}
	}
	for i := range c.n {
		row := c.row(c.dst, i)
		if log {
			for j, v := range c.row(c.src, i) {
				row[j] = v - tops[j] - sums[j]
			}
		} else {
			for j, v := range sums {
				row[j] *= v
			}
		}
		roundTo(c.to, row)
	}
}

// single is softmax for one column whose elements follow each other.
func (c *column[E]) single(log bool, exp func(dst, src []E)) {
	src, dst := c.src[:c.n], c.dst[:c.n]
	top := src[0] // where it is not the largest because of NaN, all results are NaN
	for _, v := range src {
		if v > top {
			top = v
		}
	}
	for i, v := range src {
		dst[i] = v - top
	}
	exp(dst, dst)
	total := pairwiseSum(dst)
	if log {
		rest := E(math.Log(float64(total)))
		for i, v := range src {
			dst[i] = v - top - rest
		}
	} else {
		scale := 1 / total
		for i := range dst {
			dst[i] *= scale
		}
	}
	roundTo(c.to, dst)
}

// pairwiseSum adds elements in a tree over chains, so that its error grows with the logarithm of their number.
func pairwiseSum[E number](src []E) E {
	if len(src) <= reduceLeaf {
		return sum(src)
	}
	half := len(src) / 2
	return pairwiseSum(src[:half]) + pairwiseSum(src[half:])
}
