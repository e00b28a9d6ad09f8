package onnx

import (
	"slices"

	"halfway/engine/graph"
	"halfway/engine/ops"
)

// What is known of shapes that are not known: the number of dimensions, and some of them. Detectors choose boxes while running, so that most
// of what follows has a first dimension that only then is known; operators whose translation depends on the rank alone need no more.

// dims are the dimensions of a value, -1 for one that is not known; nil where not even their number is.
func (b *builder) dims(p graph.Port) []int {
	if s := b.known[p].Shape; s != nil {
		return s
	}
	return b.partial[p]
}

// learn finds out what it can of the shapes of n's outputs that are not known.
func (c *call) learn(n *graph.Node, op ops.Op, args []ops.Arg) {
	missing := slices.ContainsFunc(n.Out, func(o graph.Output) bool { return o.Shape == nil })
	if !missing || len(n.In) == 0 {
		return
	}
	if first := c.dims(n.In[0]); n.Op == "ShapeOf" && first != nil {
		p := graph.Port{Node: n}
		a := c.known[p]
		a.Shape, n.Out[0].Shape = []int{len(first)}, []int{len(first)}
		c.known[p] = a
		return
	}
	shapes := c.byRule(n)
	if shapes == nil {
		shapes = c.byTrial(op, n.In, args)
	}
	if shapes == nil {
		shapes = c.byRank(n)
	}
	for o := range n.Out {
		if o < len(shapes) {
			c.hint(graph.Port{Node: n, Out: o}, shapes[o])
		}
	}
}

// hint notes dimensions of a value whose shape is not known; nil says nothing.
func (b *builder) hint(p graph.Port, dims []int) {
	switch a := b.known[p]; {
	case a.Shape != nil || dims == nil:
	case slices.Contains(dims, -1):
		b.partial[p] = dims
	default:
		a.Shape, p.Node.Out[p.Out].Shape = dims, dims
		b.known[p] = a
	}
}

func unknown(rank int) []int { return slices.Repeat([]int{-1}, max(rank, 0)) }

// byRule are the outputs' dimensions of operations whose shapes depend on values; nil for others.
func (c *call) byRule(n *graph.Node) [][]int {
	first := c.dims(n.In[0])
	switch n.Op {
	case "NonZero":
		if first != nil {
			return [][]int{{len(first), -1}}
		}
	case "NonMaxSuppression":
		return [][]int{{-1, 3}, {-1, 3}, {1}}
	case "Range":
		return [][]int{{-1}}
	case "Reshape", "Broadcast":
		length := c.dims(n.In[1])
		if len(length) != 1 || length[0] < 0 {
			return nil
		}
		rank := length[0]
		if n.Attrs["mode"] == "bidirectional" {
			if first == nil {
				return nil
			}
			rank = max(rank, len(first))
		}
		return [][]int{unknown(rank)}
	case "Slice", "Pad", "Tile", "Interpolate", "Resize", "TopK", "Split", "VariadicSplit":
		if first != nil {
			return slices.Repeat([][]int{unknown(len(first))}, len(n.Out))
		}
	case "OneHot":
		if first != nil {
			return [][]int{unknown(len(first) + 1)}
		}
	case "Squeeze":
		if axes, ok := c.squeezedAxes(n); ok && first != nil {
			return [][]int{unknown(len(first) - axes)}
		}
	}
	return nil
}

// byRank are the outputs' ranks of operations whose unknown dimensions no trial made fit.
func (c *call) byRank(n *graph.Node) [][]int {
	ranks := make([]int, len(n.In))
	for i, p := range n.In {
		dims := c.dims(p)
		if dims == nil {
			return nil
		}
		ranks[i] = len(dims)
	}
	switch n.Op {
	case "Concat", "Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData", "BatchNormInference",
		"ScatterElementsUpdate", "ScatterNDUpdate":
		return [][]int{unknown(ranks[0])}
	case "GatherElements":
		return [][]int{unknown(ranks[1])}
	case "MatMul":
		if slices.Min(ranks) < 2 {
			return nil
		}
		return [][]int{unknown(slices.Max(ranks))}
	}
	if n.Attrs["auto_broadcast"] == "numpy" {
		return [][]int{unknown(slices.Max(ranks))}
	}
	return nil
}

// squeezedAxes is how many axes a Squeeze drops, which is only known where it names them.
func (c *call) squeezedAxes(n *graph.Node) (int, bool) {
	if len(n.In) < 2 {
		return 0, false
	}
	axes, ok := c.knownInts(n.In[1])
	return len(axes), ok
}

// byTrial are the outputs' dimensions that come out the same whatever the inputs' unknown dimensions are.
func (c *call) byTrial(op ops.Op, in []graph.Port, args []ops.Arg) [][]int {
	three, five := c.try(op, in, args, 3), c.try(op, in, args, 5)
	if three == nil || five == nil {
		three, five = c.try(op, in, args, 1), nil // where an unknown dimension must fit a known one
	}
	var shapes [][]int
	for o, spec := range three {
		shape := slices.Clone(spec.Shape)
		for i, d := range shape {
			if five == nil || len(five[o].Shape) != len(shape) || five[o].Shape[i] != d {
				shape[i] = -1
			}
		}
		shapes = append(shapes, shape)
	}
	return shapes
}

// try infers with size in place of every unknown dimension; nil where that fails or a rank is not known.
func (c *call) try(op ops.Op, in []graph.Port, args []ops.Arg, size int) []ops.Spec {
	args = slices.Clone(args)
	for i, p := range in {
		if args[i].Shape != nil {
			continue
		}
		if c.partial[p] == nil {
			return nil
		}
		args[i].Shape = filled(c.partial[p], size)
	}
	specs, err := op.Infer(args)
	if err != nil {
		return nil
	}
	return specs
}

// filled is dims with size in place of those that are not known.
func filled(dims []int, size int) []int {
	dims = slices.Clone(dims)
	for i, d := range dims {
		if d < 0 {
			dims[i] = size
		}
	}
	return dims
}

// alike are the dimensions that two values have in common, nil where their ranks differ.
func alike(a, b []int) []int {
	if a == nil || len(a) != len(b) {
		return nil
	}
	r := slices.Clone(a)
	for i := range r {
		if b[i] != r[i] {
			r[i] = -1
		}
	}
	return r
}
