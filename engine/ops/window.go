package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
)

// window are the attributes of an operation that slides a window over one to three spatial dimensions.
type window struct {
	strides, dilations, begin, end []int
	auto                           string // explicit, valid, same_upper or same_lower
}

func readWindow(d *graph.Decoder) window {
	w := window{strides: d.Ints("strides"), dilations: d.Ints("dilations"), begin: d.Ints("pads_begin"), end: d.Ints("pads_end"),
		auto: d.Enum("auto_pad", "explicit", "explicit", "notset", "valid", "same_upper", "same_lower")}
	if w.auto == "notset" {
		w.auto = "explicit"
	}
	if w.auto != "explicit" {
		w.begin, w.end = nil, nil
	}
	return w
}

// maxStep bounds strides, dilations, pads and kernel sizes, so that no product of two of them overflows.
const maxStep = 1 << 24

// check verifies that the attributes fit n spatial dimensions and fills in those that are absent.
func (w window) check(n int) (window, error) {
	if n < 1 || n > 3 {
		return w, fmt.Errorf("the window has %d spatial dimensions, supported are 1 to 3", n)
	}
	for _, a := range []struct {
		name       string
		v          *[]int
		least, def int
	}{{"strides", &w.strides, 1, 1}, {"dilations", &w.dilations, 1, 1}, {"pads_begin", &w.begin, -maxStep, 0}, {"pads_end", &w.end, -maxStep, 0}} {
		if *a.v == nil {
			*a.v = repeat(a.def, n)
		}
		if len(*a.v) != n {
			return w, fmt.Errorf("attribute %s=%v has %d numbers, want one for each of %d spatial dimensions", a.name, *a.v, len(*a.v), n)
		}
		for _, v := range *a.v {
			if v < a.least || v > maxStep {
				return w, fmt.Errorf("attribute %s=%v: want numbers from %d to %d", a.name, *a.v, a.least, maxStep)
			}
		}
	}
	return w, nil
}

func repeat(v, n int) []int {
	r := make([]int, n)
	for i := range r {
		r[i] = v
	}
	return r
}

// extent is the number of input elements that a window of size k spans in dimension i.
func (w *window) extent(i, k int) int { return (k-1)*w.dilations[i] + 1 }

// place returns the window over spatial dimensions in, of kernel size size, and w with all its attributes; outputs are rounded down. Pads
// follow from auto where it says so.
func (w window) place(in, size []int) (kernel.Window, window, error) {
	w, err := w.check(len(in))
	if err != nil {
		return kernel.Window{}, w, err
	}
	out := make([]int, len(in))
	for i := range in {
		if size[i] < 1 || size[i] > maxStep {
			return kernel.Window{}, w, fmt.Errorf("kernel of size %v: want sizes from 1 to %d", size, maxStep)
		}
		if w.auto == "same_upper" || w.auto == "same_lower" {
			out[i] = (in[i] + w.strides[i] - 1) / w.strides[i]
			w.same(i, (out[i]-1)*w.strides[i]+w.extent(i, size[i])-in[i], w.auto == "same_upper")
			continue
		}
		span := in[i] + w.begin[i] + w.end[i] - w.extent(i, size[i])
		if span < 0 {
			return kernel.Window{}, w, fmt.Errorf("a kernel of size %v with dilations %v does not fit into %v padded by %v and %v",
				size, w.dilations, in, w.begin, w.end)
		}
		out[i] = span/w.strides[i] + 1
	}
	return w.kernel(in, out, size), w, nil
}

// same divides the padding total of dimension i; where it is odd the end gets more with moreAtEnd, else the beginning.
func (w *window) same(i, total int, moreAtEnd bool) {
	total = max(total, 0)
	w.begin[i], w.end[i] = total/2, total-total/2
	if !moreAtEnd {
		w.begin[i], w.end[i] = w.end[i], w.begin[i]
	}
}

// kernel aligns the dimensions at the end, as kernels want them.
func (w *window) kernel(in, out, size []int) kernel.Window {
	one := [3]int{1, 1, 1}
	k := kernel.Window{In: one, Out: one, Kernel: one, Stride: one, Dilation: one}
	for i := range in {
		d := 3 - len(in) + i
		k.In[d], k.Out[d], k.Kernel[d], k.Stride[d], k.Dilation[d], k.Pad[d] = in[i], out[i], size[i], w.strides[i], w.dilations[i], w.begin[i]
	}
	return k
}

// outDims are the spatial dimensions, n of them, of the output of k.
func outDims(k *kernel.Window, n int) []int { return append([]int{}, k.Out[3-n:]...) }
