package passes

import (
	"slices"

	"halfway/engine/graph"
)

// strides moves the strides of convolutions with kernels of size 1 up to where the value that they skip through is computed: through elementwise
// operations into the convolution before them, else into a MaxPool. Source: StridesOptimization.
func strides(r *rewriter) {
	var order []*graph.Node
	r.each(func(n *graph.Node) { order = append(order, n) })
	s := &striding{rewriter: r, want: map[use][]int{}}
	for _, n := range slices.Backward(order) {
		if r.err == nil {
			s.visit(n)
		}
	}
	if s.changed {
		r.each(r.infer)
	}
}

// striding knows with which strides inputs may be read.
type striding struct {
	*rewriter
	want    map[use][]int
	changed bool
}

// unaries are the operations on one number through which strides pass.
var unaries = []string{"Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceiling", "Clamp", "Cos", "Cosh", "Elu", "Erf", "Exp", "Floor", "Gelu",
	"HSigmoid", "HSwish", "Log", "Mish", "Negative", "Relu", "Round", "Sigmoid", "Sign", "Sin", "Sinh", "SoftPlus", "SoftSign", "Sqrt", "Tan", "Tanh"}

func (s *striding) visit(n *graph.Node) {
	readers := slices.Clone(s.readers(n))
	strides, agree := s.agreed(readers)
	switch {
	case n.Op == "Convolution" && spatiallyStatic(shape(n.In[0])) && static(shape(n.In[1])):
		s.convolution(n, readers, strides, agree)
	case agree && (isOp(n, unaries...) || isOp(n, arithmetic...)):
		for i := range n.In {
			s.want[use{n, i}] = strides
		}
	default:
		s.settle(readers)
	}
	for _, u := range readers {
		delete(s.want, u)
	}
}

func spatiallyStatic(s []int) bool { return len(s) > 2 && !slices.Contains(s[2:], -1) }

// agreed returns the strides with which all readers may read, where they are the same for all and skip something.
func (s *striding) agreed(readers []use) ([]int, bool) {
	var strides []int
	for _, u := range readers {
		w := s.want[u]
		if w == nil || strides != nil && !slices.Equal(w, strides) {
			return nil, false
		}
		strides = w
	}
	return strides, strides != nil && !allOnes(strides)
}

func allOnes(v []int) bool { return !slices.ContainsFunc(v, func(d int) bool { return d != 1 }) }

// convolution takes on the strides of what follows, and leaves its own to what is before where its kernel has size 1.
func (s *striding) convolution(n *graph.Node, readers []use, strides []int, agree bool) {
	d := n.Attrs.Decode()
	own := d.Ints("strides")
	if d.Err() != nil || len(own) != len(shape(n.In[0]))-2 {
		s.settle(readers)
		return
	}
	was := own
	if agree {
		own = slices.Clone(own)
		for i := range own {
			own[i] *= strides[i]
		}
	} else {
		s.settle(readers)
	}
	if allOnes(shape(n.In[1])[2:]) {
		s.stride(n, ones(len(own)))
		s.want[use{n, 0}] = own
	} else if !slices.Equal(own, was) {
		s.explicitPads(n, was)
		s.stride(n, own)
	}
}

// stride sets the strides of a convolution.
func (s *striding) stride(n *graph.Node, strides []int) {
	if text := sum(nil, strides); !slices.Equal(n.Attrs.Decode().Ints("strides"), strides) {
		n.Attrs = withAttr(n.Attrs, "strides", text)
		s.changed = true
	}
}

// explicitPads spells the pads that a convolution has with the given strides, before these change.
func (s *striding) explicitPads(n *graph.Node, strides []int) {
	auto := lower(n.Attrs["auto_pad"])
	if auto == "" || auto == "explicit" || auto == "notset" {
		return
	}
	in, kernel := shape(n.In[0])[2:], shape(n.In[1])[2:]
	dilations := n.Attrs.Decode().Ints("dilations")
	begin, end := make([]int, len(in)), make([]int, len(in))
	for i := range in {
		dilation := 1
		if i < len(dilations) {
			dilation = dilations[i]
		}
		if stride := max(strides[i], 1); auto != "valid" {
			total := max((in[i]+stride-1)/stride*stride-stride+(kernel[i]-1)*dilation+1-in[i], 0)
			begin[i], end[i] = total/2, total-total/2
			if auto == "same_lower" {
				begin[i], end[i] = end[i], begin[i]
			}
		}
	}
	n.Attrs = withAttr(withAttr(withAttr(n.Attrs, "auto_pad", "explicit"), "pads_begin", sum(nil, begin)), "pads_end", sum(nil, end))
}

// settle gives back to convolutions their strides, and skips by a MaxPool what other readers may skip.
func (s *striding) settle(readers []use) {
	for _, u := range readers {
		w := s.want[u]
		switch {
		case w == nil || allOnes(w):
		case u.node.Op == "Convolution":
			s.stride(u.node, w)
		default:
			s.pool(u, w)
		}
	}
}

// pool makes reader u read every so many elements only.
func (s *striding) pool(u use, strides []int) {
	from := u.node.In[u.in]
	steps := &chain{r: s.rewriter, from: from.Node}
	value, missing := from, len(strides)+2-len(shape(from))
	if missing > 0 {
		value = steps.make("Reshape", "opset1", graph.Attrs{"special_zero": "false"}, value, steps.note(s.ints(1, append(ones(missing), shape(from)...)...)))
	}
	none := sum(nil, make([]int, len(strides)))
	value = steps.make("MaxPool", "opset1", graph.Attrs{"strides": sum(nil, strides), "kernel": sum(nil, ones(len(strides))), "pads_begin": none, "pads_end": none,
		"rounding_type": "floor", "auto_pad": "explicit"}, value)
	if missing > 0 {
		value = steps.make("Squeeze", "opset1", nil, value, steps.note(s.ints(1, upTo(missing)...)))
	}
	s.set(u.node, u.in, value)
	s.changed = true
}
