package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// BatchToSpace and SpaceToBatch (opset2): the batch holds the places of a block of pixels, the block's axes before the images.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/movement/batch-to-space-2.html
func init() {
	register("BatchToSpace", func(*graph.Node) (Op, error) { return batchSpace{}, nil })
	register("SpaceToBatch", func(*graph.Node) (Op, error) { return batchSpace{toBatch: true}, nil })
}

type batchSpace struct{ toBatch bool }

// batchBlock holds the inputs beside the data.
type batchBlock struct {
	block      []int
	begin, end []int // crops or pads
	volume     int   // of the block
}

func (b batchSpace) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 4, 4); err != nil {
		return nil, err
	}
	p, err := b.read(in)
	if err != nil || p == nil {
		return []Spec{{Type: in[0].Type}}, err
	}
	shape := slices.Clone(in[0].Shape)
	for i := range shape {
		var ok bool
		if shape[i], ok = b.size(p, i, shape[i]); !ok {
			return nil, fmt.Errorf("block_shape %v with borders %v and %v does not suit dimension %d of %v", p.block, p.begin, p.end, i, in[0].Shape)
		}
	}
	_, err = tensor.Elements(shape)
	return []Spec{{in[0].Type, shape}}, err
}

// size is that of an output axis.
func (b batchSpace) size(p *batchBlock, axis, size int) (int, bool) {
	border := p.begin[axis] + p.end[axis]
	switch {
	case axis == 0 && b.toBatch:
		return size * p.volume, size < tensor.MaxElements && p.volume < 1<<24 && border == 0
	case axis == 0:
		return size / p.volume, size%p.volume == 0 && border == 0
	case b.toBatch:
		return (size + border) / p.block[axis], (size+border)%p.block[axis] == 0
	}
	return size*p.block[axis] - border, size < 1<<38 && border <= size*p.block[axis]
}

// read returns the inputs beside the data, nil while they are not known.
func (b batchSpace) read(in []Arg) (*batchBlock, error) {
	lists, known, err := vectors(in, "block_shape", "begin", "end")
	if err != nil || !known {
		return nil, err
	}
	p := &batchBlock{lists[0], lists[1], lists[2], 1}
	if rank := len(in[0].Shape); rank < 2 || len(p.block) != rank || len(p.begin) != rank || len(p.end) != rank {
		return nil, fmt.Errorf("block_shape %v, begin %v and end %v do not suit input 0 of shape %v", p.block, p.begin, p.end, in[0].Shape)
	}
	for i, n := range p.block {
		if border := min(p.begin[i], p.end[i]); n < 1 || i == 0 && n != 1 || border < 0 || max(p.begin[i], p.end[i]) > tensor.MaxElements {
			return nil, fmt.Errorf("block_shape %v, begin %v, end %v: want positive blocks (1 for the batch) and no negative borders",
				p.block, p.begin, p.end)
		}
		if p.volume *= min(n, 1<<25); p.volume > 1<<24 {
			return nil, fmt.Errorf("block_shape %v is too large", p.block)
		}
	}
	return p, nil
}

func (b batchSpace) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	p, err := b.read(argsOf(in))
	if err != nil || out[0].Len() == 0 {
		return err
	}
	if b.toBatch {
		fill(w, out[0], tensor.New(out[0].Type))
		p.move(w, in[0].Tensor, out[0], func(space, batch layout, shape []int) { move(w, shape, out[0], batch, in[0].Tensor, space) })
		return nil
	}
	p.move(w, out[0], in[0].Tensor, func(space, batch layout, shape []int) { move(w, shape, out[0], space, in[0].Tensor, batch) })
	return nil
}

// move calls f for every place of the block with the layouts of its pixels in the images and in the batch, and with their shape.
func (p *batchBlock) move(w *kernel.Workers, image, batch *tensor.Tensor, f func(space, batch layout, shape []int)) {
	images := image.Shape[0]
	spaceStrides, batchStrides := dense(image.Shape).strides, dense(batch.Shape).strides
	for place := range p.volume {
		shape := []int{images}
		space, inBatch := layout{strides: slices.Clone(spaceStrides)}, layout{place * images * batchStrides[0], batchStrides}
		rest := p.volume
		for i := 1; i < len(p.block); i++ {
			rest /= p.block[i]
			at := place / rest % p.block[i]
			// pixel at + k*block of the axis with its borders is pixel at + k*block - begin of the image
			first := max(0, (p.begin[i]-at+p.block[i]-1)/p.block[i])
			pixel := at + first*p.block[i] - p.begin[i]
			n := 0
			if pixel < image.Shape[i] {
				n = (image.Shape[i]-pixel-1)/p.block[i] + 1
			}
			n = max(0, min(n, batch.Shape[i]-first))
			shape = append(shape, n)
			space.offset += pixel * spaceStrides[i]
			space.strides[i] *= p.block[i]
			inBatch.offset += first * batchStrides[i]
		}
		f(space, inBatch, shape)
	}
}
