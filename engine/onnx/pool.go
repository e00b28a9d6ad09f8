package onnx

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

func init() {
	register("MaxPool", maxPool)
	register("AveragePool", averagePool)
	register("LpPool", lpPool)
	register("GlobalLpPool", globalLpPool)
	register("GlobalAveragePool", globalPool("ReduceMean"))
	register("GlobalMaxPool", globalPool("ReduceMax"))
}

func (c *call) poolAttrs(x graph.Port) graph.Attrs {
	w := c.windowOver(x)
	attrs := w.attrs()
	attrs["kernel"] = list(w.kernel)
	attrs["rounding_type"] = "floor"
	if c.int("ceil_mode", 0) != 0 {
		attrs["rounding_type"] = "ceil_torch"
	}
	return attrs
}

func maxPool(c *call) []graph.Port {
	x := c.input(0)
	attrs := c.poolAttrs(x)
	attrs["index_element_type"], attrs["axis"] = "i64", "0"
	out := c.many("MaxPool", 2, attrs, x)
	if c.int("storage_order", 0) != 0 && len(c.node.outputs) > 1 {
		out[1] = c.columnMajor(out[1], c.space(x))
	}
	return out
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

// averagePool divides by what of the window lies in the padded input where the node counts the padding, as ONNX Runtime and PyTorch do;
// OpenVINO divides by the whole window, which matters for windows that ceil_mode lets begin near the end.
func averagePool(c *call) []graph.Port {
	x := c.input(0)
	attrs := c.poolAttrs(x)
	counted := c.int("count_include_pad", 0) != 0
	attrs["exclude-pad"] = boolean(1 - c.int("count_include_pad", 0))
	y := c.average(attrs, x)
	w := c.windowOver(x)
	if !counted || slices.Max(w.begin)+slices.Max(w.end) == 0 {
		return []graph.Port{y}
	}
	taps := w.taps(c.space(x), c.space(y), true)
	whole := product(w.kernel)
	if slices.Min(taps) == whole {
		return []graph.Port{y}
	}
	ratios := make([]float64, len(taps))
	for i, n := range taps {
		ratios[i] = float64(whole) / float64(max(n, 1))
	}
	return c.one("Multiply", numpyBroadcast(), y, c.spatial(c.kind(x), ratios, c.space(y)))
}

// average adds an AvgPool, of the first opset that has what it needs.
func (c *call) average(attrs graph.Attrs, x graph.Port) graph.Port {
	dilated := strings.Trim(attrs["dilations"], "1,") != ""
	if !dilated {
		delete(attrs, "dilations")
	}
	y := c.op("AvgPool", attrs, x)
	if dilated {
		y.Node.Opset = "opset16"
	}
	return y
}

// taps is how many elements each window covers of an input, or of the padded input, of the given spatial size; out is the output's.
func (w window) taps(in, out []int, padded bool) []int {
	taps := []int{1}
	for d, size := range in {
		low, high := 0, size
		if padded {
			low, high = -w.begin[d], size+w.end[d]
		}
		next := make([]int, 0, len(taps)*out[d])
		for _, n := range taps {
			for o := range out[d] {
				next = append(next, n*w.covered(d, o, low, high))
			}
		}
		taps = next
	}
	return taps
}

// covered is how many elements of the window of output position o lie in [low, high) along dimension d.
func (w window) covered(d, o, low, high int) int {
	n := 0
	for k := range w.kernel[d] {
		if at := o*w.strides[d] - w.begin[d] + k*w.dilations[d]; at >= low && at < high {
			n++
		}
	}
	return n
}

func product(sizes []int) int {
	n := 1
	for _, s := range sizes {
		n *= s
	}
	return n
}

// spatial is a constant of the given spatial shape, the same for all batches and channels.
func (c *call) spatial(t tensor.DType, values []float64, shape []int) graph.Port {
	raw := &tensor.Raw{Type: tensor.F64, Shape: append([]int{1, 1}, shape...)}
	for _, v := range values {
		raw.Bytes = binary.LittleEndian.AppendUint64(raw.Bytes, math.Float64bits(v))
	}
	return c.convert(c.raw(raw), t)
}

func globalPool(name string) operator {
	return func(c *call) []graph.Port {
		x := c.input(0)
		var axes []int
		for i := 2; i < c.rank(x); i++ {
			axes = append(axes, i)
		}
		if axes == nil {
			c.fail("an input of rank %d has no spatial dimensions", c.rank(x))
		}
		return c.one(name, graph.Attrs{"keep_dims": "true"}, x, c.i64s(axes...))
	}
}

// lpPool is the p-th root of the sum of |x|^p over a window: its mean over what lies in the input times how much that is.
func lpPool(c *call) []graph.Port {
	x := c.input(0)
	attrs := c.poolAttrs(x)
	t, p := c.kind(x), float64(c.int("p", 2))
	attrs["exclude-pad"] = "true"
	mean := c.average(attrs, c.op("Power", numpyBroadcast(), c.op("Abs", nil, x), c.scalar(t, p)))
	w := c.windowOver(x)
	w.place(c.space(x), c.space(mean))
	var taps []float64
	for _, n := range w.taps(c.space(x), c.space(mean), false) {
		taps = append(taps, float64(n))
	}
	sum := c.op("Multiply", numpyBroadcast(), mean, c.spatial(t, taps, c.space(mean)))
	return c.one("Power", numpyBroadcast(), sum, c.scalar(t, 1/p))
}

// place gives the window the pads that its auto_pad stands for.
func (w *window) place(in, out []int) {
	if w.autoPad == "explicit" {
		return
	}
	w.begin, w.end = make([]int, len(in)), make([]int, len(in))
	for d := range in {
		if w.autoPad == "valid" {
			continue
		}
		pad := max((out[d]-1)*w.strides[d]+(w.kernel[d]-1)*w.dilations[d]+1-in[d], 0)
		w.begin[d] = pad / 2
		if w.autoPad == "same_lower" {
			w.begin[d] = (pad + 1) / 2
		}
		w.end[d] = pad - w.begin[d]
	}
}

func globalLpPool(c *call) []graph.Port {
	x := c.input(0)
	t, p := c.kind(x), float64(c.int("p", 2))
	power := c.op("Power", numpyBroadcast(), c.op("Abs", nil, x), c.scalar(t, p))
	sum := c.op("ReduceSum", graph.Attrs{"keep_dims": "true"}, power, c.i64s(span(2, c.rank(x))...))
	return c.one("Power", numpyBroadcast(), sum, c.scalar(t, 1/p))
}
