package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"halfway/engine/tensor"
)

// maxRandomBytes bounds one generated input.
const maxRandomBytes = 4 << 30

// parseRandom reads "random" (seed 0) and "random:SEED".
func parseRandom(spec string) (seed uint64, ok bool, err error) {
	if spec == "random" {
		return 0, true, nil
	}
	text, ok := strings.CutPrefix(spec, "random:")
	if !ok {
		return 0, false, nil
	}
	seed, err = strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, false, fmt.Errorf("input %q: expected random:SEED with a seed from 0 to 2^64-1", spec)
	}
	return seed, true, nil
}

// randomSample generates a sample that is the same for a seed everywhere: one stream of numbers, PCG-DXSM of math/rand/v2 seeded with (seed,
// 0), fills the inputs in their order and row-major. Floats are N(0,1) rounded to the input's type, integers uniform in [0, Bound) or, where
// no bound is known, 0 or 1, as booleans are. Masks are ones and take nothing from the stream. An input whose shape is not static is an error.
func randomSample(seed uint64, inputs []Input) (Sample, error) {
	s := Sample{Source: fmt.Sprintf("random:%d", seed), Inputs: map[string]*tensor.Tensor{}}
	r := rand.New(rand.NewPCG(seed, 0))
	for _, in := range inputs {
		if in.Shape == nil || slices.Contains(in.Shape, -1) {
			return Sample{}, fmt.Errorf("random data for input %q: its shape %s is not fixed: give --shape %s=SHAPE", in.Name, shapeText(in.Shape),
				in.Name)
		}
		elements, err := tensor.Elements(in.Shape)
		if err != nil {
			return Sample{}, fmt.Errorf("random data for input %q: %w", in.Name, err)
		}
		if int64(elements)*int64(in.Type.KeptBytes()) > maxRandomBytes {
			return Sample{}, fmt.Errorf("random data for input %q: its shape %v needs more than %d bytes: give --shape %s=SHAPE", in.Name, in.Shape,
				int64(maxRandomBytes), in.Name)
		}
		t, err := in.random(r)
		if err != nil {
			return Sample{}, fmt.Errorf("random data for input %q: %w", in.Name, err)
		}
		s.Inputs[in.Name] = t
	}
	return s, nil
}

func (in Input) random(r *rand.Rand) (*tensor.Tensor, error) {
	switch in.Type {
	case tensor.F32, tensor.F16, tensor.BF16:
		return fill(in, func() float32 {
			if in.Mask {
				return 1
			}
			return tensor.Round(in.Type, float32(r.NormFloat64()))
		}), nil
	case tensor.F64:
		return fill(in, func() float64 {
			if in.Mask {
				return 1
			}
			return r.NormFloat64()
		}), nil
	case tensor.Bool:
		return fill(in, func() bool { return in.Mask || r.IntN(2) == 1 }), nil
	case tensor.I64, tensor.I32, tensor.I16, tensor.I8, tensor.U64, tensor.U32, tensor.U16, tensor.U8:
		return in.randomInts(r)
	}
	return nil, fmt.Errorf("no random values of type %s", in.Type)
}

// randomInts draws from [0, Bound) as far as the type reaches.
func (in Input) randomInts(r *rand.Rand) (*tensor.Tensor, error) {
	bound := in.Bound
	if bound <= 0 {
		bound = 2
	}
	bits := in.Type.Bits()
	if in.Type.IsSigned() {
		bits--
	}
	if bits < 63 {
		bound = min(bound, 1<<bits)
	}
	wide := in
	wide.Type = tensor.I64
	t := fill(wide, func() int64 {
		if in.Mask {
			return 1
		}
		return r.Int64N(bound)
	})
	return tensor.ConvertExact(t, in.Type)
}

func fill[E tensor.Element](in Input, next func() E) *tensor.Tensor {
	t := tensor.New(in.Type, in.Shape...)
	d := tensor.Data[E](t)
	for i := range d {
		d[i] = next()
	}
	return t
}
