package ir

import (
	"fmt"
	"strconv"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// declared reads the element type and shape of a Parameter or Constant.
func declared(a graph.Attrs, parse func(string) ([]int, error)) (t tensor.DType, shape []int, err error) {
	name, ok := a["element_type"]
	if !ok {
		return t, nil, fmt.Errorf("its data has no element_type")
	}
	if t, err = parseType(name); err != nil {
		return t, nil, err
	}
	text, ok := a["shape"]
	if !ok {
		return t, nil, fmt.Errorf("its data has no shape")
	}
	shape, err = parse(text)
	return t, shape, err
}

// constant finds a constant's bytes in the weights.
func (b *builder) constant(a graph.Attrs) (*tensor.Raw, error) {
	t, shape, err := declared(a, parseShape)
	if err != nil {
		return nil, err
	}
	elements, err := tensor.Elements(shape)
	if err != nil {
		return nil, err
	}
	if t == tensor.Invalid && elements > 0 {
		return nil, fmt.Errorf("a constant of element type %q with elements", a["element_type"])
	}
	if t == tensor.Invalid {
		t = tensor.F32 // "dynamic" in exported graphs: an operand that is left out
	}
	offset, err := byteCount(a, "offset")
	if err != nil {
		return nil, err
	}
	size, err := byteCount(a, "size")
	if err != nil {
		return nil, err
	}
	need := uint64(tensor.StoredBytes(t, elements))
	if size < need {
		return nil, fmt.Errorf("%s%v needs %d bytes, but its size is %d", t, shape, need, size)
	}
	all, err := b.weights.bytes()
	if err != nil {
		return nil, err
	}
	if n := uint64(len(all)); offset > n || size > n-offset {
		return nil, fmt.Errorf("its %d bytes from offset %d are beyond the end of %s, which has %d bytes: is that the file of this model, and whole?",
			size, offset, b.weights.path, n)
	}
	return &tensor.Raw{Type: t, Shape: shape, Bytes: all[offset : offset+need : offset+need]}, nil
}

func byteCount(a graph.Attrs, name string) (uint64, error) {
	v, err := strconv.ParseUint(a[name], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s=%q: expected a number of bytes", name, a[name])
	}
	return v, nil
}
