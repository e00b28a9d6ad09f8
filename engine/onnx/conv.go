package onnx

import (
	"slices"
	"strings"

	"halfway/engine/graph"
)

func init() {
	register("Conv", conv)
	register("ConvTranspose", convTranspose)
}

// window are the attributes that operators with a sliding window share.
type window struct {
	strides, dilations, kernel []int
	begin, end                 []int
	autoPad                    string
}

// window reads the attributes for a number of spatial dimensions.
func (c *call) window(spatial int) window {
	w := window{strides: c.ints("strides"), dilations: c.ints("dilations"), kernel: c.ints("kernel_shape")}
	if w.strides == nil {
		w.strides = slices.Repeat([]int{1}, spatial)
	}
	if w.dilations == nil {
		w.dilations = slices.Repeat([]int{1}, spatial)
	}
	pads := c.ints("pads")
	if pads == nil {
		pads = make([]int, 2*spatial)
	}
	if len(w.strides) != spatial || len(w.dilations) != spatial || len(pads) != 2*spatial {
		c.fail("strides %v, dilations %v or pads %v do not fit %d spatial dimensions", w.strides, w.dilations, pads, spatial)
	}
	w.begin, w.end = pads[:spatial], pads[spatial:]
	w.autoPad = map[string]string{"NOTSET": "explicit", "SAME_UPPER": "same_upper", "SAME_LOWER": "same_lower", "VALID": "valid"}[c.string("auto_pad", "NOTSET")]
	if w.autoPad == "" {
		c.fail("auto_pad %q is not known", c.string("auto_pad", ""))
	}
	return w
}

func (w window) attrs() graph.Attrs {
	return graph.Attrs{"strides": list(w.strides), "dilations": list(w.dilations), "pads_begin": list(w.begin), "pads_end": list(w.end),
		"auto_pad": w.autoPad}
}

// windowOver is the window over the spatial dimensions of x, of which there must be one at least.
func (c *call) windowOver(x graph.Port) window {
	rank := c.rank(x)
	if rank < 3 {
		c.fail("an input of rank %d, expected at least 3", rank)
	}
	return c.window(rank - 2)
}

// label is the name that OpenVINO's frontend gives the operation: the node's, or where it has none that of its output.
func (c *call) label() string { return c.node.label() }

func conv(c *call) []graph.Port {
	x, weights := c.input(0), c.input(1)
	w := c.windowOver(x)
	return c.biased(c.convolved("Convolution", x, weights, w.attrs()))
}

// convolved adds a convolution, a grouped one where the node has groups.
func (c *call) convolved(name string, x, weights graph.Port, attrs graph.Attrs) graph.Port {
	group := c.int("group", 1)
	if group == 1 {
		return c.op(name, attrs, x, weights)
	}
	shape := c.shape(weights)
	if len(shape) < 3 || group < 1 || shape[0]%group != 0 {
		c.fail("weights %v do not fit %d groups", shape, group)
	}
	grouped := append([]int{group, shape[0] / group}, shape[1:]...)
	return c.op("Group"+name, attrs, x, c.op("Reshape", graph.Attrs{"special_zero": "false"}, weights, c.i64s(grouped...)))
}

// biased adds input 2, a bias a channel, if it is there.
func (c *call) biased(y graph.Port) []graph.Port {
	if !c.has(2) {
		return []graph.Port{y}
	}
	if y.Node.Op == "Convolution" || y.Node.Op == "GroupConvolution" { // OpenVINO names no others so
		y.Node.Name = c.label() + "/WithoutBiases"
	}
	shape := slices.Repeat([]int{1}, c.rank(y))
	shape[1] = -1
	bias := c.op("Reshape", graph.Attrs{"special_zero": "false"}, c.in[2], c.i64s(shape...))
	return c.one("Add", numpyBroadcast(), y, bias)
}

func convTranspose(c *call) []graph.Port {
	x, weights := c.input(0), c.input(1)
	w := c.windowOver(x)
	extra := c.ints("output_padding")
	if extra == nil {
		extra = make([]int, c.rank(x)-2)
	}
	if c.rank(weights) != c.rank(x) {
		c.fail("weights of rank %d for an input of rank %d", c.rank(weights), c.rank(x))
	}
	if c.ints("output_shape") != nil || strings.HasPrefix(w.autoPad, "same") {
		c.placeTransposed(&w, c.space(x), c.space(weights), extra)
	}
	attrs := w.attrs()
	attrs["output_padding"] = list(extra)
	in := []graph.Port{x, weights}
	name := "ConvolutionBackpropData"
	if group := c.int("group", 1); group != 1 {
		shape := c.shape(weights)
		if len(shape) < 3 || group < 1 || shape[0]%group != 0 {
			c.fail("weights %v do not fit %d groups", shape, group)
		}
		in[1] = c.op("Reshape", graph.Attrs{"special_zero": "false"}, weights, c.i64s(append([]int{group, shape[0] / group}, shape[1:]...)...))
		name = "GroupConvolutionBackpropData"
	}
	return c.biased(c.op(name, attrs, in...))
}

// placeTransposed gives a transposed convolution explicit pads where the node has an output shape or the padding of "same". What is cut off
// in all is halved; where it is odd, auto_pad=SAME_UPPER cuts one more at the end, everything else at the start. (OpenVINO's frontend cuts
// at the start there too; ONNX Runtime and ONNX's specification agree on this.)
func (c *call) placeTransposed(w *window, in, kernel, extra []int) {
	output := c.ints("output_shape")
	if output != nil {
		output = output[len(output)-min(len(output), len(in)):]
	} else {
		for i, stride := range w.strides {
			output = append(output, in[i]*stride)
		}
	}
	if len(output) != len(in) || len(kernel) != len(in) || len(extra) != len(in) {
		c.fail("output_shape %v and output_padding %v do not fit %d spatial dimensions", c.ints("output_shape"), extra, len(in))
	}
	w.begin, w.end = make([]int, len(in)), make([]int, len(in))
	for i := range in {
		cut := (in[i]-1)*w.strides[i] + (kernel[i]-1)*w.dilations[i] + 1 + extra[i] - output[i]
		if cut < 0 && c.ints("output_shape") != nil {
			extra[i] -= cut
		}
		w.end[i] = max(cut, 0) / 2
		if w.autoPad == "same_upper" {
			w.end[i] = (max(cut, 0) + 1) / 2
		}
		w.begin[i] = max(cut, 0) - w.end[i]
	}
	w.autoPad = "explicit"
}
