package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"halfway/engine/tensor"
)

// elementTypes are the codes of TensorProto.DataType.
var elementTypes = map[int64]tensor.DType{1: tensor.F32, 2: tensor.U8, 3: tensor.I8, 4: tensor.U16, 5: tensor.I16, 6: tensor.I32, 7: tensor.I64,
	9: tensor.Bool, 10: tensor.F16, 11: tensor.F64, 12: tensor.U32, 13: tensor.U64, 16: tensor.BF16, 17: tensor.F8E4M3, 19: tensor.F8E5M2,
	21: tensor.U4, 22: tensor.I4, 23: tensor.F4E2M1, 24: tensor.F8E8M0, 25: tensor.U2}

// otherTypes are the codes of types that no OpenVINO operation has.
var otherTypes = map[int64]string{8: "string", 14: "complex64", 15: "complex128", 18: "float8e4m3fnuz", 20: "float8e5m2fnuz", 26: "int2"}

func dtypeOf(code int64) (tensor.DType, error) {
	if t, ok := elementTypes[code]; ok {
		return t, nil
	}
	if name, ok := otherTypes[code]; ok {
		return tensor.Invalid, fmt.Errorf("the element type %s is not supported", name)
	}
	return tensor.Invalid, fmt.Errorf("the element type %d is not known", code)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// raw is the tensor as graphs hold constants. Bytes stored raw are not copied.
func (m *Model) raw(t *tensorProto) (*tensor.Raw, error) {
	dtype, err := dtypeOf(t.dtype)
	if err != nil {
		return nil, err
	}
	elements, err := tensor.Elements(t.dims)
	if err != nil {
		return nil, err
	}
	r := &tensor.Raw{Type: dtype, Shape: append([]int{}, t.dims...)}
	want := tensor.StoredBytes(dtype, elements)
	switch {
	case t.external != nil:
		r.Bytes, err = m.external.bytes(t.external, want)
	case t.hasRaw:
		r.Bytes = t.raw
	default:
		r.Bytes, err = t.typed(dtype, elements)
	}
	if err != nil {
		return nil, err
	}
	if int64(len(r.Bytes)) != want {
		return nil, fmt.Errorf("%s%v needs %d bytes, found %d", dtype, t.dims, want, len(r.Bytes))
	}
	tensor.Passed(r.Bytes)
	return r, nil
}

// typed encodes the data of the typed fields, of which there must be as many as the tensor needs, as it would be stored raw.
func (t *tensorProto) typed(dtype tensor.DType, elements int) ([]byte, error) {
	width := max(dtype.Bits()/8, 1)
	want := int(tensor.StoredBytes(dtype, elements))
	if want/width > len(t.message) { // each takes a byte or more
		return nil, fmt.Errorf("%s%v needs %d elements, found fewer", dtype, t.dims, elements)
	}
	b := make([]byte, 0, want)
	err := eachField(t.message, func(f field) error {
		switch f.number {
		case 4, 10: // float_data, double_data
			if f.kind != protowire.BytesType {
				b = appendLow(b, f.value, width)
			} else {
				b = append(b, f.bytes...)
			}
		case 5, 7, 11: // int32_data, int64_data, uint64_data
			return eachVarint(f, func(v uint64) error {
				if b = appendLow(b, v, width); len(b) > want {
					return errTooMany
				}
				return nil
			})
		}
		if len(b) > want {
			return errTooMany
		}
		return nil
	})
	if err == nil && len(b) != want {
		err = fmt.Errorf("%s%v needs %d elements, found %d", dtype, t.dims, want/width, len(b)/width)
	}
	return b, err
}

var errTooMany = errors.New("more elements than its dimensions say")

// appendLow appends the low bytes of a number.
func appendLow(b []byte, v uint64, width int) []byte {
	for range width {
		b, v = append(b, byte(v)), v>>8
	}
	return b
}

// dense is a sparse tensor with its zeros.
func (m *Model) dense(s *sparseProto) (*tensor.Raw, error) {
	if s.values == nil || s.indices == nil {
		return nil, errors.New("a sparse tensor lacks values or indices")
	}
	values, err := m.raw(s.values)
	if err != nil {
		return nil, err
	}
	indices, err := m.raw(s.indices)
	if err != nil {
		return nil, err
	}
	elements, err := tensor.Elements(s.dims)
	if err != nil {
		return nil, err
	}
	const limit = 1 << 28
	width := values.Type.Bits() / 8
	if indices.Type != tensor.I64 || width == 0 || elements > limit {
		return nil, fmt.Errorf("a sparse tensor %s%v with %s indices is not supported", values.Type, s.dims, indices.Type)
	}
	r := &tensor.Raw{Type: values.Type, Shape: append([]int{}, s.dims...), Bytes: make([]byte, elements*width)}
	count := len(values.Bytes) / width
	coordinates := len(indices.Bytes) / 8
	rank := len(s.dims)
	if coordinates != count && coordinates != count*rank {
		return nil, fmt.Errorf("a sparse tensor has %d values and %d indices", count, coordinates)
	}
	index := func(i int) int64 { return int64(binary.LittleEndian.Uint64(indices.Bytes[8*i:])) }
	for i := range count {
		at := int64(0)
		if coordinates == count && len(indices.Shape) < 2 {
			at = index(i)
		} else {
			for d := range rank {
				at = at*int64(s.dims[d]) + index(i*rank+d)
			}
		}
		if at < 0 || at >= int64(elements) {
			return nil, fmt.Errorf("a sparse tensor has an index outside of %v", s.dims)
		}
		copy(r.Bytes[int(at)*width:], values.Bytes[i*width:(i+1)*width])
	}
	return r, nil
}

// externalFiles are the files beside a model that hold its larger tensors, mapped when they are first asked for.
type externalFiles struct {
	folder string
	open   map[string]*tensor.Mapping
}

func newExternalFiles(folder string) *externalFiles {
	return &externalFiles{folder: folder, open: map[string]*tensor.Mapping{}}
}

// Close unmaps the files.
func (e *externalFiles) Close() error {
	var errs []error
	for _, name := range sortedKeys(e.open) {
		errs = append(errs, e.open[name].Close())
	}
	return errors.Join(errs...)
}

// bytes returns what the entries location, offset and length of external_data name; want is the size that the tensor needs.
func (e *externalFiles) bytes(entries map[string]string, want int64) ([]byte, error) {
	location := entries["location"]
	m, err := e.file(location)
	if err != nil {
		return nil, err
	}
	offset, err := entryNumber(entries, "offset", 0)
	if err != nil {
		return nil, err
	}
	length, err := entryNumber(entries, "length", want)
	if err != nil {
		return nil, err
	}
	all := m.Bytes()
	if n := int64(len(all)); offset > n || length > n-offset {
		return nil, fmt.Errorf("its %d bytes from offset %d are beyond the end of %s, which has %d", length, offset, location, n)
	}
	return all[offset : offset+length : offset+length], nil
}

func entryNumber(entries map[string]string, name string, otherwise int64) (int64, error) {
	s, ok := entries[name]
	if !ok {
		return otherwise, nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v < 0 {
		return 0, fmt.Errorf("external data: %s=%q: expected a number of bytes", name, s)
	}
	return v, nil
}

// file maps a file of the model's folder. Paths that lead out of it, also by a link, are refused.
func (e *externalFiles) file(location string) (*tensor.Mapping, error) {
	if m, ok := e.open[location]; ok {
		return m, nil
	}
	if !filepath.IsLocal(location) {
		return nil, fmt.Errorf("external data %q does not lie in the model's folder", location)
	}
	root, err := os.OpenRoot(e.folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(location)
	if err != nil {
		return nil, fmt.Errorf("external data: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("external data %q is no regular file", location)
	}
	m, err := tensor.OpenMapping(filepath.Join(e.folder, location))
	if err != nil {
		return nil, err
	}
	e.open[location] = m
	return m, nil
}

// list returns the paths of all external files of a model, sorted.
func (e *externalFiles) list(p *modelProto) []string {
	found := map[string]bool{}
	note := func(t *tensorProto) {
		if t != nil && t.external != nil && filepath.IsLocal(t.external["location"]) {
			found[filepath.Join(e.folder, t.external["location"])] = true
		}
	}
	for _, t := range p.graph.initializers {
		note(t)
	}
	p.eachNode(func(n *nodeProto) {
		for _, a := range n.attrs {
			note(a.t)
			if a.g != nil {
				for _, t := range a.g.initializers {
					note(t)
				}
			}
		}
	})
	return sortedKeys(found)
}

// ReadTensor reads a file that holds one TensorProto, as the conformance tests of ONNX store inputs and outputs.
func ReadTensor(path string) (*tensor.Tensor, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p, err := (&parser{}).parseTensor(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	raw, err := (&Model{external: newExternalFiles(filepath.Dir(path))}).raw(p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return raw.Decode()
}
