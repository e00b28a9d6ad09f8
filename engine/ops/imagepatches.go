package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// ExtractImagePatches (opset3): the windows that slide over images, each laid out along the channels: places of the window first, then the
// image's channels. What lies outside an image is zero.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/extract-image-patches-3.html
func init() {
	register("ExtractImagePatches", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		d.Required("sizes", "strides", "rates", "auto_pad")
		p := &imagePatches{pad: d.Enum("auto_pad", "", "valid", "same_upper", "same_lower")}
		for _, a := range []struct {
			name string
			to   *[2]int
		}{{"sizes", &p.sizes}, {"strides", &p.strides}, {"rates", &p.rates}} {
			list := d.Ints(a.name)
			if d.Err() == nil && (len(list) != 2 || !positive(list)) {
				return nil, fmt.Errorf("%s is %v, want two positive numbers", a.name, list)
			}
			copy(a.to[:], list)
		}
		return p, d.Err()
	})
}

// positive reports whether all sizes of a window are positive and small enough to compute with.
func positive(list []int) bool {
	for _, v := range list {
		if v < 1 || v > 1<<20 {
			return false
		}
	}
	return true
}

type imagePatches struct {
	pad                   string
	sizes, strides, rates [2]int // of height and width
}

// axis is the number of windows along an axis and how far the first begins before the image.
func (p *imagePatches) axis(i, size int) (n, before int) {
	window := (p.sizes[i]-1)*p.rates[i] + 1
	if p.pad == "valid" {
		return max(0, (size-window)/p.strides[i]+1) * min(1, size/window), 0
	}
	n = (size + p.strides[i] - 1) / p.strides[i]
	padding := max(0, (n-1)*p.strides[i]+window-size)
	if p.pad == "same_upper" {
		return n, padding / 2
	}
	return n, padding - padding/2
}

func (p *imagePatches) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	if err := wantRank(in, 0, 4); err != nil {
		return nil, err
	}
	s := in[0].Shape
	if s == nil {
		return []Spec{{Type: in[0].Type}}, nil
	}
	if _, err := tensor.Elements([]int{s[1], p.sizes[0], p.sizes[1]}); err != nil {
		return nil, err
	}
	rows, _ := p.axis(0, s[2])
	columns, _ := p.axis(1, s[3])
	shape := []int{s[0], s[1] * p.sizes[0] * p.sizes[1], rows, columns}
	_, err := tensor.Elements(shape)
	return []Spec{{in[0].Type, shape}}, err
}

func (p *imagePatches) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if out[0].Len() == 0 {
		return nil
	}
	fill(w, out[0], tensor.New(out[0].Type))
	image := in[0].Shape
	from, to := dense(image).strides, dense(out[0].Shape).strides
	for place := range p.sizes[0] * p.sizes[1] {
		at := [2]int{place / p.sizes[1], place % p.sizes[1]}
		d, s := layout{place * image[1] * to[1], to}, layout{strides: []int{from[0], from[1], 0, 0}}
		shape := []int{image[0], image[1], 0, 0}
		for i := range 2 {
			n, before := p.axis(i, image[2+i])
			first, count := inside(n, p.strides[i], at[i]*p.rates[i]-before, image[2+i])
			shape[2+i] = count
			d.offset += first * to[2+i]
			s.offset += (first*p.strides[i] + at[i]*p.rates[i] - before) * from[2+i]
			s.strides[2+i] = p.strides[i] * from[2+i]
		}
		move(w, shape, out[0], d, in[0].Tensor, s)
	}
	return nil
}

// inside returns the first and the number of the n positions start, start+step, ... that lie in an axis of the given size.
func inside(n, step, start, size int) (first, count int) {
	if start < 0 {
		first = min((-start+step-1)/step, n)
	}
	if start >= size {
		return 0, 0
	}
	return first, max(0, min(n, (size-1-start)/step+1)-first)
}
