package onnx

import (
	"fmt"
	"slices"
	"strings"

	"halfway/engine/graph"
)

func init() {
	register("Conv", conv)
	register("ConvTranspose", convTranspose)
	register("MaxPool", maxPool)
	register("AveragePool", averagePool)
	register("LpPool", lpPool)
	register("GlobalLpPool", globalLpPool)
	register("GlobalAveragePool", globalPool("ReduceMean"))
	register("GlobalMaxPool", globalPool("ReduceMax"))
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
		return w
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
func (c *call) windowOver(x graph.Port) (w window, ok bool) {
	rank := c.rank(x)
	if rank < 3 {
		c.fail("an input of rank %d, expected at least 3", rank)
		return w, false
	}
	return c.window(rank - 2), true
}

// label is the name that OpenVINO's frontend gives the operation: the node's, or where it has none that of its output.
func (c *call) label() string { return c.node.label() }

func conv(c *call) ([]graph.Port, error) {
	x, weights := c.input(0), c.input(1)
	w, ok := c.windowOver(x)
	if !ok {
		return nil, c.err
	}
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
		return graph.Port{}
	}
	grouped := append([]int{group, shape[0] / group}, shape[1:]...)
	return c.op("Group"+name, attrs, x, c.op("Reshape", graph.Attrs{"special_zero": "false"}, weights, c.i64s(grouped...)))
}

// biased adds input 2, a bias a channel, if it is there.
func (c *call) biased(y graph.Port) ([]graph.Port, error) {
	if !c.has(2) || c.err != nil {
		return []graph.Port{y}, c.err
	}
	if y.Node.Op == "Convolution" || y.Node.Op == "GroupConvolution" { // OpenVINO names no others so
		y.Node.Name = c.label() + "/WithoutBiases"
	}
	shape := slices.Repeat([]int{1}, c.rank(y))
	shape[1] = -1
	bias := c.op("Reshape", graph.Attrs{"special_zero": "false"}, c.in[2], c.i64s(shape...))
	return c.one("Add", numpyBroadcast(), y, bias)
}

func convTranspose(c *call) ([]graph.Port, error) {
	x, weights := c.input(0), c.input(1)
	w, ok := c.windowOver(x)
	if !ok {
		return nil, c.err
	}
	spatial := c.rank(x) - 2
	attrs := w.attrs()
	extra := c.ints("output_padding")
	if extra == nil {
		extra = make([]int, spatial)
	}
	attrs["output_padding"] = list(extra)
	in := []graph.Port{x, weights}
	name := "ConvolutionBackpropData"
	if group := c.int("group", 1); group != 1 {
		shape := c.shape(weights)
		if len(shape) < 3 || group < 1 || shape[0]%group != 0 {
			c.fail("weights %v do not fit %d groups", shape, group)
			return nil, c.err
		}
		in[1] = c.op("Reshape", graph.Attrs{"special_zero": "false"}, weights, c.i64s(append([]int{group, shape[0] / group}, shape[1:]...)...))
		name = "GroupConvolutionBackpropData"
	}
	output := c.ints("output_shape")
	if output == nil && strings.HasPrefix(w.autoPad, "same") {
		for i, stride := range w.strides {
			output = append(output, c.shape(x)[i+2]*stride)
		}
	}
	if output != nil {
		if attrs["auto_pad"] == "explicit" {
			attrs["auto_pad"] = "same_upper"
		}
		in = append(in, c.i64s(output[len(output)-min(len(output), spatial):]...))
	}
	return c.biased(c.op(name, attrs, in...))
}

func (c *call) poolAttrs(x graph.Port) graph.Attrs {
	w, ok := c.windowOver(x)
	if !ok {
		return nil
	}
	attrs := w.attrs()
	attrs["kernel"] = list(w.kernel)
	attrs["rounding_type"] = "floor"
	if c.int("ceil_mode", 0) != 0 {
		attrs["rounding_type"] = "ceil_torch"
	}
	return attrs
}

func maxPool(c *call) ([]graph.Port, error) {
	x := c.input(0)
	attrs := c.poolAttrs(x)
	if c.err != nil {
		return nil, c.err
	}
	attrs["index_element_type"], attrs["axis"] = "i64", "0"
	out := c.many("MaxPool", 2, attrs, x)
	if c.int("storage_order", 0) != 0 && len(c.node.outputs) > 1 && c.err == nil {
		out[1] = c.columnMajor(out[1], c.shape(x)[2:])
	}
	return out, c.err
}

// columnMajor turns positions in planes of the given size, counted row by row, into those counted with the first dimension fastest.
func (c *call) columnMajor(index graph.Port, size []int) graph.Port {
	whole := 1
	for _, d := range size {
		whole *= d
	}
	rest := c.op("FloorMod", numpyBroadcast(), index, c.i64(whole))
	sum := c.op("Subtract", numpyBroadcast(), index, rest)
	for d, inner, stride := len(size)-1, 1, whole; d >= 0; d-- {
		stride /= max(size[d], 1)
		at := c.op("FloorMod", numpyBroadcast(), c.op("Divide", numpyBroadcast(), rest, c.i64(inner)), c.i64(size[d]))
		sum = c.op("Add", numpyBroadcast(), sum, c.op("Multiply", numpyBroadcast(), at, c.i64(stride)))
		inner *= size[d]
	}
	return sum
}

func averagePool(c *call) ([]graph.Port, error) {
	x := c.input(0)
	attrs := c.poolAttrs(x)
	if c.err != nil {
		return nil, c.err
	}
	attrs["exclude-pad"] = boolean(1 - c.int("count_include_pad", 0))
	y := c.op("AvgPool", attrs, x)
	if c.err == nil && strings.Trim(attrs["dilations"], "1,") != "" {
		y.Node.Opset = "opset16" // the first one that has them
	} else {
		delete(attrs, "dilations")
	}
	return []graph.Port{y}, c.err
}

func globalPool(name string) operator {
	return func(c *call) ([]graph.Port, error) {
		x := c.input(0)
		var axes []int
		for i := 2; i < c.rank(x); i++ {
			axes = append(axes, i)
		}
		if axes == nil {
			return nil, fmt.Errorf("an input of rank %d has no spatial dimensions", c.rank(x))
		}
		return c.one(name, graph.Attrs{"keep_dims": "true"}, x, c.i64s(axes...))
	}
}

// lpPool is the p-th root of the sum of |x|^p over a window: its mean times its size.
func lpPool(c *call) ([]graph.Port, error) {
	x := c.input(0)
	attrs := c.poolAttrs(x)
	if c.err != nil {
		return nil, c.err
	}
	size := 1
	for _, k := range c.ints("kernel_shape") {
		size *= k
	}
	t, p := c.kind(x), float64(c.int("p", 2))
	attrs["exclude-pad"] = "false"
	mean := c.op("AvgPool", attrs, c.op("Power", numpyBroadcast(), c.op("Abs", nil, x), c.scalar(t, p)))
	if c.err != nil {
		return nil, c.err
	}
	mean.Node.Opset = "opset16" // the first one that has dilations
	sum := c.op("Multiply", numpyBroadcast(), mean, c.scalar(t, float64(size)))
	return c.one("Power", numpyBroadcast(), sum, c.scalar(t, 1/p))
}

func globalLpPool(c *call) ([]graph.Port, error) {
	x := c.input(0)
	t, p := c.kind(x), float64(c.int("p", 2))
	power := c.op("Power", numpyBroadcast(), c.op("Abs", nil, x), c.scalar(t, p))
	sum := c.op("ReduceSum", graph.Attrs{"keep_dims": "true"}, power, c.i64s(span(2, c.rank(x))...))
	return c.one("Power", numpyBroadcast(), sum, c.scalar(t, 1/p))
}
