package passes

import (
	"fmt"
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func isOp(n *graph.Node, ops ...string) bool { return slices.Contains(ops, n.Op) }

func port(n *graph.Node) graph.Port { return graph.Port{Node: n} }

// flag reads a boolean attribute; false when it is absent or no boolean.
func flag(n *graph.Node, name string) bool { return n.Attrs.Decode().Bool(name, false) }

// number reads an integer attribute; def when it is absent or no integer.
func number(n *graph.Node, name string, def int) int {
	d := n.Attrs.Decode()
	if v := d.Int(name, def); d.Err() == nil {
		return v
	}
	return def
}

// numbers returns the elements of a small constant as float64s.
func (r *rewriter) numbers(p graph.Port) ([]float64, bool) {
	v := r.value(p)
	if v == nil {
		return nil, false
	}
	return asNumbers(v), true
}

func asNumbers(v *tensor.Tensor) []float64 {
	switch d := v.Any().(type) {
	case []float32:
		return widen(d)
	case []float64:
		return d
	case []int64:
		return widen(d)
	case []int32:
		return widen(d)
	case []int16:
		return widen(d)
	case []int8:
		return widen(d)
	case []uint64:
		return widen(d)
	case []uint32:
		return widen(d)
	case []uint16:
		return widen(d)
	case []uint8:
		return widen(d)
	case []bool:
		f := make([]float64, len(d))
		for i, b := range d {
			if b {
				f[i] = 1
			}
		}
		return f
	}
	return nil
}

func widen[T float32 | int64 | int32 | int16 | int8 | uint64 | uint32 | uint16 | uint8](d []T) []float64 {
	f := make([]float64, len(d))
	for i, v := range d {
		f[i] = float64(v)
	}
	return f
}

// integers returns the elements of a small constant of integers.
func (r *rewriter) integers(p graph.Port) ([]int, bool) {
	f, ok := r.numbers(p)
	if !ok || !p.Type().IsInteger() {
		return nil, false
	}
	v := make([]int, len(f))
	for i, x := range f {
		v[i] = int(max(min(x, math.MaxInt64/2), math.MinInt64/2)) // what is beyond means "to the end"
	}
	return v, true
}

// scalar returns the value of a constant of one element.
func (r *rewriter) scalar(p graph.Port) (float64, bool) {
	f, ok := r.numbers(p)
	if !ok || len(f) != 1 {
		return 0, false
	}
	return f[0], true
}

// uniform reports whether p is a small constant whose elements all are v.
func (r *rewriter) uniform(p graph.Port, v float64) bool {
	f, ok := r.numbers(p)
	return ok && len(f) > 0 && !slices.ContainsFunc(f, func(x float64) bool { return x != v })
}

// everywhere is uniform for a constant of any size.
func (r *rewriter) everywhere(p graph.Port, v float64) bool {
	if n := elements(shape(p)); n <= valueLimit || !isConstant(p) {
		return r.uniform(p, v)
	}
	t, err := p.Node.Value.Decode()
	if err != nil {
		r.fail(fmt.Errorf("constant %q: %w", p.Node.Name, err))
		return false
	}
	switch d := t.Any().(type) {
	case []float32:
		return !slices.ContainsFunc(d, func(x float32) bool { return float64(x) != v })
	case []float64:
		return !slices.ContainsFunc(d, func(x float64) bool { return x != v })
	}
	d := asNumbers(t)
	return len(d) > 0 && !slices.ContainsFunc(d, func(x float64) bool { return x != v })
}

// isConstant reports whether p is a constant.
func isConstant(p graph.Port) bool { return p.Node.Op == "Constant" }

// withConstant returns the input of a commutative n that is no constant and the one that is.
func withConstant(n *graph.Node) (value, constant graph.Port, ok bool) {
	if len(n.In) != 2 {
		return value, constant, false
	}
	switch {
	case isConstant(n.In[1]) && !isConstant(n.In[0]):
		return n.In[0], n.In[1], true
	case isConstant(n.In[0]) && !isConstant(n.In[1]):
		return n.In[1], n.In[0], true
	}
	return value, constant, false
}

// axis makes a negative axis count from the front.
func axis(a, rank int) int {
	if a < 0 {
		a += rank
	}
	return a
}
