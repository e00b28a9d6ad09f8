package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Col2Im (opset15): images from the sliding windows that cover them; where windows overlap they are added.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/col2im-15.html
func init() {
	register("Col2Im", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		c := &col2Im{}
		var err error
		pair := func(name string, def, least int) [2]int {
			list := d.Ints(name)
			if list == nil {
				return [2]int{def, def}
			}
			if len(list) != 2 || min(list[0], list[1]) < least || max(list[0], list[1]) > 1<<20 {
				err = fmt.Errorf("%s is %v, want two numbers from %d on", name, list, least)
				return [2]int{def, def}
			}
			return [2]int(list)
		}
		c.strides, c.dilations, c.begin, c.end = pair("strides", 1, 1), pair("dilations", 1, 1), pair("pads_begin", 0, 0), pair("pads_end", 0, 0)
		if d.Err() != nil {
			err = d.Err()
		}
		return c, err
	})
}

type col2Im struct{ strides, dilations, begin, end [2]int } // of height and width

func (c *col2Im) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 3, 3); err != nil {
		return nil, err
	}
	if err := wantRank(in, 0, 2, 3); err != nil {
		return nil, err
	}
	if err := wantNumeric(in, 0); err != nil {
		return nil, err
	}
	size, kernel, err := c.sizes(in)
	if err != nil || size == nil || kernel == nil || in[0].Shape == nil {
		return []Spec{{Type: in[0].Type}}, err
	}
	s := in[0].Shape
	rank := len(s)
	rows, columns := c.windows(0, size[0], kernel[0]), c.windows(1, size[1], kernel[1])
	if places := kernel[0] * kernel[1]; s[rank-2]%places != 0 || s[rank-1] != rows*columns {
		return nil, fmt.Errorf("input 0 has shape %v, want a multiple of %d values of %d windows", s, places, rows*columns)
	}
	shape := slices.Concat(s[:rank-2], []int{s[rank-2] / (kernel[0] * kernel[1])}, size)
	_, err = tensor.Elements(shape)
	return []Spec{{in[0].Type, shape}}, err
}

// sizes are the sizes of the images and of the windows; nil while they are not known.
func (c *col2Im) sizes(in []Arg) (size, kernel []int, err error) {
	if size, err = vector(in, 1, "output_size"); err != nil {
		return nil, nil, err
	}
	if kernel, err = vector(in, 2, "kernel_size"); err != nil {
		return nil, nil, err
	}
	for i, list := range [][]int{size, kernel} {
		if list != nil && (len(list) != 2 || !positive(list)) {
			return nil, nil, fmt.Errorf("input %d is %v, want two positive sizes", i+1, list)
		}
	}
	return size, kernel, nil
}

// windows is the number of windows along an axis.
func (c *col2Im) windows(i, size, kernel int) int {
	room := size + c.begin[i] + c.end[i] - (kernel-1)*c.dilations[i] - 1
	if room < 0 {
		return 0
	}
	return room/c.strides[i] + 1
}

func (c *col2Im) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if out[0].Len() == 0 {
		return nil
	}
	size, kernel, err := c.sizes(argsOf(in))
	if err != nil {
		return err
	}
	fill(w, out[0], tensor.New(out[0].Type))
	if in[0].Len() == 0 { // no windows
		return nil
	}
	add := byNumber(out[0], addWindows[float32], addWindows[float64], addWindows[int64], addWindows[int32], addWindows[int16], addWindows[int8],
		addWindows[uint64], addWindows[uint32], addWindows[uint16], addWindows[uint8])
	planes := out[0].Len() / (size[0] * size[1])
	w.For(planes, 1+cheapGrain/(1+in[0].Len()/planes), func(lo, hi int) { add(c, size, kernel, out[0], in[0].Tensor, lo, hi) })
	return nil
}

// addWindows fills the planes lo to hi.
func addWindows[E number](c *col2Im, size, kernel []int, out, in *tensor.Tensor, lo, hi int) {
	rows, columns := c.windows(0, size[0], kernel[0]), c.windows(1, size[1], kernel[1])
	plane := size[0] * size[1]
	src := tensor.Data[E](in)[lo*kernel[0]*kernel[1]*rows*columns:]
	for ; lo < hi; lo++ {
		dst := tensor.Data[E](out)[lo*plane:][:plane]
		for place := range kernel[0] * kernel[1] {
			y0, x0 := place/kernel[1]*c.dilations[0]-c.begin[0], place%kernel[1]*c.dilations[1]-c.begin[1]
			top, height := inside(rows, c.strides[0], y0, size[0])
			left, width := inside(columns, c.strides[1], x0, size[1])
			for r := top; r < top+height; r++ {
				line := dst[(y0+r*c.strides[0])*size[1]:][:size[1]]
				x := x0 + left*c.strides[1]
				for _, v := range src[r*columns+left:][:width] {
					line[x] += v
					x += c.strides[1]
				}
			}
			src = src[rows*columns:]
		}
		roundTo(out.Type, dst)
	}
}
