package ops

import (
	"fmt"

	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// A Follower computes each element of its f32 output from the element in the same place of one input and from other inputs that hardly vary, so
// it can be done to parts of that input in place, while they are in the cache.
type Follower interface {
	// Follow returns what does it to x, elements at, at+1 and so on of input i, which has the given shape, the output's; nil where the other
	// inputs do not allow it. It may be called for several parts at the same time.
	Follow(in []Operand, i int, shape []int) func(x []float32, at int)
}

// A Leader lets others have what it has just computed: EvalThen is Eval that, where the output is f32, calls then on each part x of it, which
// starts at element at, once and while it is in the cache. It may do so for several parts at the same time.
type Leader interface {
	EvalThen(w *kernel.Workers, in []Operand, out []*tensor.Tensor, then func(x []float32, at int)) error
}

// A Link is an operation of a chain: a Follower that reads the result of the one before at input At, and Others more inputs.
type Link struct {
	Op         Op
	At, Others int
}

// chain is a head and what follows it, evaluated in one pass. Its inputs are the head's, then the other inputs of each link. All its results are
// f32 of one shape.
type chain struct {
	head   Op
	inputs int // of head
	links  []Link
}

// Chain returns the operation that computes head, which has so many inputs, and then the links, of which each is a Follower.
func Chain(head Op, inputs int, links []Link) Op {
	c := &chain{head, inputs, links}
	if p, ok := head.(Packer); ok {
		return packingChain{c, p}
	}
	return c
}

// packingChain is a chain with a head that keeps operands packed.
type packingChain struct {
	*chain
	packer Packer
}

// Packed asks the head.
func (c packingChain) Packed(i int, in []Operand) bool {
	return i < c.inputs && c.packer.Packed(i, in[:c.inputs])
}

// inputsOf returns the inputs of each link with value in the place of what the one before gives.
func inputsOf[T any](c *chain, in []T, value T) [][]T {
	r, at := make([][]T, len(c.links)), c.inputs
	for k, l := range c.links {
		others := in[at : at+l.Others]
		r[k] = append(append(append(make([]T, 0, l.Others+1), others[:l.At]...), value), others[l.At:]...)
		at += l.Others
	}
	return r
}

func (c *chain) Infer(in []Arg) ([]Spec, error) {
	specs, err := c.head.Infer(in[:c.inputs])
	if err != nil || len(specs) != 1 {
		return specs, err
	}
	for k, args := range inputsOf(c, in, Arg{Type: specs[0].Type, Shape: specs[0].Shape}) {
		next, err := c.links[k].Op.Infer(args)
		if err != nil {
			return nil, err
		}
		if product(next[0].Shape) != product(specs[0].Shape) || next[0].Type != tensor.F32 {
			return nil, fmt.Errorf("what follows has the result %s%v of %s%v", next[0].Type, next[0].Shape, specs[0].Type, specs[0].Shape)
		}
	}
	return specs, nil
}

// MACs is the sum of those of head and links.
func (c *chain) MACs(in []Arg, out []Spec) int64 {
	n := Cost(c.head, in[:c.inputs], out)
	for k, args := range inputsOf(c, in, Arg{Type: out[0].Type, Shape: out[0].Shape}) {
		n += Cost(c.links[k].Op, args, out)
	}
	return n
}

// Scratch is that of the head: what follows works in place, or in another array of the output's size.
func (c *chain) Scratch(in []Arg, out []Spec, threads int) int64 {
	return ScratchOf(c.head, in[:c.inputs], out, threads)
}

func (c *chain) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	return c.EvalThen(w, in, out, nil)
}

// EvalThen calls then after the links.
func (c *chain) EvalThen(w *kernel.Workers, in []Operand, out []*tensor.Tensor, last func(x []float32, at int)) error {
	steps := make([]func(x []float32, at int), len(c.links))
	for k, operands := range inputsOf(c, in, Operand{Tensor: out[0], Round: tensor.F32}) {
		l := c.links[k]
		if steps[k] = l.Op.(Follower).Follow(operands, l.At, out[0].Shape); steps[k] == nil {
			return c.evalOneByOne(w, in, out, last)
		}
	}
	if last != nil {
		steps = append(steps, last)
	}
	then := func(x []float32, at int) {
		for _, step := range steps {
			step(x, at)
		}
	}
	if l, ok := c.head.(Leader); ok {
		return l.EvalThen(w, in[:c.inputs], out, then)
	}
	if err := c.head.Eval(w, in[:c.inputs], out); err != nil {
		return err
	}
	eachBlock(w, out[0].F32s(), then)
	return nil
}

// eachBlock calls f on the blocks of x.
func eachBlock(w *kernel.Workers, x []float32, f func(x []float32, at int)) {
	w.For(len(x), expensiveGrain, func(lo, hi int) {
		for at := lo; at < hi; at += block {
			f(x[at:min(at+block, hi)], at)
		}
	})
}

// evalOneByOne evaluates each link by itself.
func (c *chain) evalOneByOne(w *kernel.Workers, in []Operand, out []*tensor.Tensor, last func(x []float32, at int)) error {
	if err := c.head.Eval(w, in[:c.inputs], out); err != nil {
		return err
	}
	for k, operands := range inputsOf(c, in, Operand{Tensor: out[0], Round: tensor.F32}) {
		result := tensor.New(tensor.F32, out[0].Shape...)
		if err := c.links[k].Op.Eval(w, operands, []*tensor.Tensor{result}); err != nil {
			return err
		}
		copy(out[0].F32s(), result.F32s())
	}
	if last != nil {
		eachBlock(w, out[0].F32s(), last)
	}
	return nil
}

// Cost is the number of multiply-adds of one evaluation of op, one per output element for operations that do not say. All shapes are known.
func Cost(op Op, in []Arg, out []Spec) int64 {
	if c, ok := op.(Counter); ok {
		return c.MACs(in, out)
	}
	n := int64(0)
	for _, spec := range out {
		n += int64(product(spec.Shape))
	}
	return n
}

// Follow applies the function.
func (p *pointwise) Follow(in []Operand, i int, _ []int) func(x []float32, at int) {
	if i != 0 {
		return nil
	}
	f := p.function(p.parameters(in))
	if f.f32 == nil {
		return func(x []float32, _ int) {
			for i, v := range x {
				x[i] = float32(f.f64(float64(v)))
			}
		}
	}
	return func(x []float32, _ int) {
		for len(x) > block {
			f.f32(x[:block], x[:block])
			x = x[block:]
		}
		f.f32(x, x)
	}
}

// Follow applies the loop.
func (e *exact) Follow([]Operand, int, []int) func(x []float32, at int) {
	loop := exact32(e)
	return func(x []float32, _ int) { loop(x, x) }
}

// Follow computes with an operand that lies along adjacent axes of the output, the others of one element: element at/inner mod its length.
func (a *arithmetic) Follow(in []Operand, i int, shape []int) func(x []float32, at int) {
	other := in[1-i]
	inner, ok := a.along(other.Shape, shape)
	loop := loop32(a.op)
	if loop == nil {
		loop = floatLoop[float32](a.op)
	}
	if loop == nil {
		loop = numberLoop[float32](a.op)
	}
	if !ok || loop == nil {
		return nil
	}
	apply := func(x, y []float32) { loop(x, x, y) }
	if i == 1 {
		apply = func(x, y []float32) { loop(x, y, x) }
	}
	values := other.F32s()
	if inner == 1 {
		return func(x []float32, at int) {
			for len(x) > 0 {
				y := values[at%len(values):]
				n := min(len(x), len(y))
				apply(x[:n], y[:n])
				x, at = x[n:], at+n
			}
		}
	}
	return func(x []float32, at int) {
		for len(x) > 0 {
			n := min(len(x), inner-at%inner)
			if v := values[at/inner%len(values)]; a.op == "Add" {
				kernel.AddScalar(x[:n], v)
			} else {
				applyRepeated(apply, x[:n], v)
			}
			x, at = x[n:], at+n
		}
	}
}

// applyRepeated calls apply with an operand that is v everywhere.
func applyRepeated(apply func(x, y []float32), x []float32, v float32) {
	var buf [128]float32
	y := buf[:min(len(buf), len(x))]
	for i := range y {
		y[i] = v
	}
	for ; len(x) > 0; x = x[min(len(y), len(x)):] {
		n := min(len(y), len(x))
		apply(x[:n], y[:n])
	}
}

// along reports whether an operand of the given shape lies along adjacent axes of the output, and how many elements of that share one of it.
func (b broadcasting) along(shape, out []int) (inner int, ok bool) {
	dims := b.dims(out, shape)
	if dims == nil || product(out) == 0 {
		return 0, false
	}
	first, last := len(dims), -1
	for i, d := range dims {
		if d != 1 {
			first, last = min(first, i), i
		}
	}
	for i := first; i <= last; i++ {
		if dims[i] != out[i] {
			return 0, false
		}
	}
	if last < 0 { // one element
		return product(out), true
	}
	return product(out[last+1:]), true
}
