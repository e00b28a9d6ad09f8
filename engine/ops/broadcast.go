package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// broadcasting is the rule by which operands of different shapes are brought to one: the attribute auto_broadcast of elementwise operations.
// Source: OpenVINO's documentation, "Broadcast Rules For Elementwise Operations".
type broadcasting struct {
	mode string // "none", "numpy" or "pdpd"
	axis int    // of pdpd: the axis of the first operand that the first axis of the others lies on; -1 aligns the last axes
}

var numpy = broadcasting{mode: "numpy"}

func decodeBroadcasting(d *graph.Decoder) broadcasting {
	b := broadcasting{mode: d.Enum("auto_broadcast", "numpy", "none", "explicit", "numpy", "pdpd")}
	if b.mode == "explicit" {
		b.mode = "none"
	}
	b.axis = d.Int("auto_broadcast.auto_broadcast_axis", 0)
	return b
}

// shape is the common shape of operands, nil when one of them is not known yet.
func (b broadcasting) shape(shapes ...[]int) ([]int, error) {
	for _, s := range shapes {
		if s == nil {
			return nil, nil
		}
	}
	out := slices.Clone(shapes[0])
	for _, s := range shapes[1:] {
		ok := slices.Equal(out, s)
		switch b.mode {
		case "numpy":
			merged, err := broadcastShapes(out, s)
			out, ok = merged, err == nil
		case "pdpd":
			ok = b.dims(out, s) != nil
		}
		if !ok {
			return nil, fmt.Errorf("inputs of shapes %v do not broadcast to one (%s rules)", shapes, b.mode)
		}
	}
	_, err := tensor.Elements(out)
	return out, err
}

// dims returns shape with dimensions of 1 put in so that it has the rank of out; nil where it does not broadcast to out.
func (b broadcasting) dims(out, shape []int) []int {
	at := len(out) - len(shape)
	if b.mode == "pdpd" && !slices.Equal(out, shape) {
		if b.axis >= 0 {
			at = b.axis
		}
		for len(shape) > 0 && shape[len(shape)-1] == 1 {
			shape = shape[:len(shape)-1]
		}
	}
	if at < 0 || at > len(out) || len(shape) > len(out)-at {
		return nil
	}
	dims := make([]int, len(out))
	for i := range dims {
		dims[i] = 1
	}
	copy(dims[at:], shape)
	for i, d := range dims {
		if d != 1 && d != out[i] {
			return nil
		}
	}
	return dims
}

// block is the number of elements that elementwise loops handle at a time: what all operands need of it stays in the fastest cache.
const block = 1024

// A spread gives the elements of an operand in the order of an output that it is broadcast to, block by block. It belongs to one goroutine.
type spread[E tensor.Element] struct {
	data          []E
	dims, strides []int // of the output, adjacent axes merged; the last stride is 0 or 1
	buf           []E
	filled        int // index in data of the element that all of buf holds, -1 for none
}

// newSpread reads t as broadcast to out. Infer has checked that it can be.
func newSpread[E tensor.Element](data []E, shape, out []int, b broadcasting) (*spread[E], error) {
	dims := b.dims(out, shape)
	if dims == nil {
		return nil, fmt.Errorf("shape %v does not broadcast to %v", shape, out)
	}
	s := &spread[E]{data: data, filled: -1}
	stride := 1
	strides := make([]int, len(out))
	for i := len(out) - 1; i >= 0; i-- {
		if dims[i] != 1 {
			strides[i] = stride
		}
		stride *= dims[i]
	}
	for i, d := range out {
		if d != 1 {
			s.push(d, strides[i])
		}
	}
	if len(s.dims) == 0 {
		s.push(1, 1)
	}
	return s, nil
}

// push adds an inner axis, merged with the one before where the elements go on in the same way.
func (s *spread[E]) push(dim, stride int) {
	if last := len(s.dims) - 1; last >= 0 && s.strides[last] == dim*stride {
		s.dims[last] *= dim
		s.strides[last] = stride
		return
	}
	s.dims, s.strides = append(s.dims, dim), append(s.strides, stride)
}

// fork returns a spread of the same operand for another goroutine.
func (s *spread[E]) fork() *spread[E] {
	f := *s
	f.buf, f.filled = nil, -1
	return &f
}

// span returns elements lo to hi, at most block of them; they are valid until the next call.
func (s *spread[E]) span(lo, hi int) []E {
	last := len(s.dims) - 1
	inner, stride := s.dims[last], s.strides[last]
	if last == 0 && stride == 1 {
		return s.data[lo:hi]
	}
	if s.buf == nil {
		s.buf = make([]E, block)
	}
	buf := s.buf[:hi-lo]
	for n := 0; n < len(buf); {
		row, col := (lo+n)/inner, (lo+n)%inner
		at := s.offset(row)
		run := buf[n:min(len(buf), n+inner-col)]
		if stride == 0 {
			s.repeat(run, at, n)
		} else {
			copy(run, s.data[at+col:])
			s.filled = -1
		}
		n += len(run)
	}
	return buf
}

// offset is the index in data of the first element of a row of the last axis.
func (s *spread[E]) offset(row int) int {
	at := 0
	for i := len(s.dims) - 2; i >= 0; i-- {
		at += row % s.dims[i] * s.strides[i]
		row /= s.dims[i]
	}
	return at
}

// repeat fills run, which starts at element n of buf, with element at of data; long runs of one element are filled once for many blocks.
func (s *spread[E]) repeat(run []E, at, n int) {
	if s.filled == at {
		return
	}
	v := s.data[at]
	if n == 0 && len(run) < block && s.dims[len(s.dims)-1] >= block {
		run = s.buf
	}
	for i := range run {
		run[i] = v
	}
	s.filled = -1
	if len(run) == block {
		s.filled = at
	}
}
