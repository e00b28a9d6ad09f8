package passes

import (
	"strconv"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// downgrade writes operations as the older ones that the plugin's nodes are made of. Sources: ConvertSoftMax8ToSoftMax1, ConvertMaxPool14ToMaxPool8,
// ConvertMaxPool8ToMaxPool1, ConvertAvgPool14ToAvgPool1, ConvertPad12ToPad1, ConvertBitwiseToLogical, ConvertInterpolate11ToInterpolate4,
// ConvertSqueeze15ToSqueeze0, ConvertBroadcast3.
func downgrade(r *rewriter) {
	r.each(func(n *graph.Node) {
		if f, ok := downgrades[n.Op]; ok {
			f(r, n)
		}
	})
}

var downgrades = map[string]func(r *rewriter, n *graph.Node){
	"Softmax": func(r *rewriter, n *graph.Node) {
		if n.Opset == "opset8" && n.Out[0].Shape != nil {
			n.Attrs = graph.Attrs{"axis": strconv.Itoa(axis(number(n, "axis", 1), len(n.Out[0].Shape)))}
			r.renew(n, "opset1")
		}
	},
	"MaxPool":    downgradePool,
	"AvgPool":    func(r *rewriter, n *graph.Node) { r.renewUnlessTorch(n) },
	"BitwiseAnd": logical("LogicalAnd"),
	"BitwiseOr":  logical("LogicalOr"),
	"BitwiseXor": logical("LogicalXor"),
	"BitwiseNot": logical("LogicalNot"),
	"Pad": func(r *rewriter, n *graph.Node) {
		if n.Opset == "opset12" {
			r.renew(n, "opset1")
		}
	},
	"Squeeze": func(r *rewriter, n *graph.Node) {
		if n.Opset == "opset15" {
			r.renew(n, "opset1")
		}
	},
	"Interpolate": downgradeInterpolate,
}

// renew says that the plugin makes a new operation here, to which it copies no mark.
func (r *rewriter) renew(n *graph.Node, opset string) { n.Opset, n.Precise = opset, false }

func (r *rewriter) renewUnlessTorch(n *graph.Node) {
	if n.Opset == "opset14" && n.Attrs["rounding_type"] != "ceil_torch" {
		r.renew(n, "opset1")
	}
}

// downgradePool drops the second output of a MaxPool, the indices, where nothing reads it and there is no dilation.
func downgradePool(r *rewriter, n *graph.Node) {
	if n.Opset == "opset1" || n.Attrs["rounding_type"] == "ceil_torch" || len(n.Out) == 0 {
		return
	}
	for _, d := range n.Attrs.Decode().Ints("dilations") {
		if d != 1 {
			return
		}
	}
	for _, u := range r.readers(n) {
		if u.node.In[u.in].Out == 1 {
			return
		}
	}
	attrs := graph.Attrs{}
	for k, v := range n.Attrs {
		if k != "dilations" && k != "index_element_type" && k != "axis" {
			attrs[k] = v
		}
	}
	n.Attrs, n.Out = attrs, n.Out[:1]
	r.renew(n, "opset1")
}

func logical(op string) func(r *rewriter, n *graph.Node) {
	return func(r *rewriter, n *graph.Node) {
		if n.Out[0].Type == tensor.Bool {
			n.Op = op
			r.renew(n, "opset1")
		}
	}
}

// downgradeInterpolate gives an Interpolate of opset 11, which has sizes or scales in input 1, both: what the shape calculation mode does not
// use is made of ones.
func downgradeInterpolate(r *rewriter, n *graph.Node) {
	mode := n.Attrs["mode"]
	if n.Opset != "opset11" || mode == "bilinear_pillow" || mode == "bicubic_pillow" {
		return
	}
	count := 1
	if s := shape(n.In[1]); static(s) && len(s) == 1 {
		count = s[0]
	}
	steps := &chain{r: r, from: n}
	in := []graph.Port{n.In[0]}
	if n.Attrs["shape_calculation_mode"] == "scales" {
		in = append(in, steps.note(r.ints(1, ones(count)...)), n.In[1])
	} else {
		in = append(in, n.In[1], steps.note(r.floats(1, make32(count)...)))
	}
	axes := graph.Port{}
	if len(n.In) > 2 {
		axes = n.In[2]
	} else {
		axes = steps.note(r.ints(1, upTo(len(shape(n.In[0])))...))
	}
	r.setAll(n, append(in, axes)...)
	r.renew(n, "opset4")
}

func ones(n int) []int {
	v := make([]int, n)
	for i := range v {
		v[i] = 1
	}
	return v
}

func make32(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = 1
	}
	return v
}

// upTo returns 0, 1, up to n-1.
func upTo(n int) []int {
	v := make([]int, n)
	for i := range v {
		v[i] = i
	}
	return v
}
