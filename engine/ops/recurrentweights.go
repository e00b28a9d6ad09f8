package ops

import (
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Packed makes it a Packer of W and R.
func (r *recurrent) Packed(i int, in []Operand) bool {
	p, _ := r.inputs()
	switch i {
	case p.w:
		return r.packedW.has(r.weights(in, i))
	case p.r:
		return r.packedR.has(r.weights(in, i))
	}
	return false
}

// weights is operand i, W or R, with X's grid where X is on one. Where it alone is, the rule of its rounding is another: it has no key then.
func (r *recurrent) weights(in []Operand, i int) Operand {
	o, grid := in[i], in[0].Round
	if grid == tensor.BF16 || grid == tensor.F16 {
		o.Round = grid
	} else if o.Round == tensor.BF16 || o.Round == tensor.F16 {
		o.Key = 0
	}
	return o
}

// projections returns those by operand i, W or R, of each direction, and after them those by the candidate's part of R of a GRU that resets
// first.
func projections[T real](r *recurrent, w *kernel.Workers, in []Operand, i int) []projection[T] {
	p, _ := r.inputs()
	packed := &r.packedW
	if i == p.r {
		packed = &r.packedR
	}
	return packed.get(r.weights(in, i), func() any {
		dirs, depth := len(r.reverse), in[i].Shape[len(in[i].Shape)-1]
		data := weightData[T](in[i], in[0].Round)
		var list []projection[T]
		for d := range dirs {
			list = append(list, newProjection(w, slab(data, d, dirs), r.gates*r.hidden, depth))
		}
		for d := 0; i == p.r && r.resetsFirst() && d < dirs; d++ {
			list = append(list, newProjection(w, slab(slab(data, d, dirs), 2, 3), r.hidden, depth))
		}
		return list
	}).([]projection[T])
}

// weightData returns the elements of weights, on the grid of bf16 as the plugin's own conversion puts them there.
func weightData[T real](o Operand, grid tensor.DType) []T {
	if f, ok := any(tensor.Data[T](o.Tensor)).([]float32); ok && grid == tensor.BF16 {
		rounded := make([]float32, len(f))
		serial.RoundOddUp(rounded, f)
		return any(rounded).([]T)
	}
	return operandData[T](o, grid)
}

// A projection is a matrix of weights with a row for each output, ready to be multiplied by.
type projection[T real] struct {
	outputs, depth int
	weights        []T           // where they are not packed
	packed         *kernel.Right // in f32
}

func newProjection[T real](w *kernel.Workers, weights []T, outputs, depth int) projection[T] {
	p := projection[T]{outputs: outputs, depth: depth}
	if f, ok := any(weights).([]float32); ok && depth > 0 {
		p.packed = w.PackRight(kernel.RowMajor(f, outputs, depth).Transposed(), tensor.F32)
	} else {
		p.weights = weights
	}
	return p
}

// project writes the products of the rows of x with p to the rows of dst; every element is one chain of sums.
func project[T real](w *kernel.Workers, dst, x []T, p projection[T]) {
	if f, ok := any(dst).([]float32); ok && p.packed != nil && len(dst) > 0 {
		rows := kernel.RowMajor(any(x).([]float32), len(dst)/p.outputs, p.depth)
		w.MultiplyPacked(rows, tensor.F32, p.packed, f, kernel.Epilogue{})
		return
	}
	for i := range dst {
		sum := T(0)
		row, weights := rowOf(x, i/p.outputs, p.depth), rowOf(p.weights, i%p.outputs, p.depth)
		for k, v := range row {
			sum += T(v * weights[k])
		}
		dst[i] = sum
	}
}
