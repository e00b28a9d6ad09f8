package passes

import (
	"strconv"

	"halfway/engine/graph"
)

// powerStatic writes arithmetic with a constant of one element as PowerStatic, (scale*x + shift)^power. Source: ConvertToPowerStatic.
func powerStatic(r *rewriter) {
	r.each(func(n *graph.Node) {
		if !isOp(n, "Add", "Subtract", "Multiply", "Power") || !n.Out[0].Type.IsFloat() || len(n.In) != 2 {
			return
		}
		side := 1
		if !isConstant(n.In[1]) && n.Op != "Power" {
			side = 0
		}
		v, ok := r.scalar(n.In[side])
		value := n.In[1-side]
		if !ok || isConstant(value) || !fits(shape(n.In[side]), shape(value)) || isOp(value.Node, fuseScales...) {
			return
		}
		scale, shift, power := 1.0, 0.0, 1.0
		switch n.Op {
		case "Add":
			shift = v
		case "Subtract":
			shift = -v
			if side == 0 {
				scale, shift = -1, v
			}
		case "Multiply":
			scale = v
		case "Power":
			power = v
		}
		p := r.make("PowerStatic", "cpu_plugin_opset", graph.Attrs{"scale": decimal(scale), "power": decimal(power), "shift": decimal(shift),
			"out-type": n.Out[0].Type.String()}, value)
		if isByte(value.Type()) {
			relaxedInF32(p, n.Out[0].Type)
		}
		p.Out = n.Out
		r.inherit(p, n)
		r.substitute(n, p)
		p.Precise = false
	})
}

// fuseScales are the operations that the plugin's graph optimizer fuses a scale or shift into; there these stay what they are.
var fuseScales = []string{"NormalizeL2", "Interpolate", "Convolution", "GroupConvolution", "ConvolutionBackpropData",
	"GroupConvolutionBackpropData", "MatMul", "FullyConnected", "MVN"}

func decimal(v float64) string { return strconv.FormatFloat(v, 'g', 17, 64) }

// leakyRelu writes a PRelu with one slope as LeakyRelu. Source: ConvertToLeakyRelu.
func leakyRelu(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "PRelu" {
			return
		}
		slope, ok := r.scalar(n.In[1])
		if !ok {
			return
		}
		l := r.make("LeakyRelu", "cpu_plugin_opset", graph.Attrs{"negative_slope": decimal(slope), "out-type": n.Out[0].Type.String()}, n.In[0])
		l.Out = n.Out
		r.inherit(l, n)
		r.substitute(n, l)
		l.Precise = false
	})
}

// swishCPU writes a Swish whose beta is known as SwishCPU. Source: ConvertToSwishCPU.
func swishCPU(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "Swish" {
			return
		}
		beta := 1.0
		if len(n.In) > 1 {
			var ok bool
			if beta, ok = r.scalar(n.In[1]); !ok {
				return
			}
		}
		s := r.make("SwishCPU", "cpu_plugin_opset", graph.Attrs{"alpha": decimal(beta)}, n.In[0])
		s.Out = n.Out
		r.inherit(s, n)
		r.substitute(n, s)
		s.Precise = false
	})
}

// slopesPerChannel gives the slopes of a PRelu, one per channel, the rank of its input. Source: ReshapePRelu.
func slopesPerChannel(r *rewriter) {
	r.each(func(n *graph.Node) {
		if n.Op != "PRelu" || !isConstant(n.In[1]) {
			return
		}
		x, s := shape(n.In[0]), shape(n.In[1])
		if len(x) < 2 || len(s) != 1 || s[0] == 1 || s[0] != x[1] {
			return
		}
		to := ones(len(x))
		to[1] = s[0]
		r.set(n, 1, r.reshapedConstant(n.In[1], to))
	})
}
