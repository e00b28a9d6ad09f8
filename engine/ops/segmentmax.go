package ops

import (
	"fmt"
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// SegmentMax (opset16): the largest elements of the rows of each segment. A segment without rows is zeros or the lowest value; rows of segments
// beyond num_segments are left out.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/arithmetic/segment-max-16.html
func init() {
	register("SegmentMax", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		return segmentMax{d.Enum("fill_mode", "ZERO", "ZERO", "LOWEST") == "LOWEST"}, d.Err()
	})
}

type segmentMax struct{ lowest bool }

func (s segmentMax) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 3); err != nil {
		return nil, err
	}
	if err := wantNumeric(in, 0); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 1); err != nil {
		return nil, err
	}
	if in[0].Shape != nil {
		if len(in[0].Shape) == 0 {
			return nil, fmt.Errorf("input 0 is a scalar, want rows")
		}
		if err := wantShape(in, 1, in[0].Shape[0]); err != nil {
			return nil, err
		}
	}
	n, ok, err := segmentCount(in, 1)
	if len(in) == 3 {
		n, ok, err = scalar(in, 2, "num_segments")
	}
	if err != nil || !ok || in[0].Shape == nil {
		return []Spec{{Type: in[0].Type}}, err
	}
	shape := slices.Concat([]int{n}, in[0].Shape[1:])
	_, err = tensor.Elements(shape)
	return []Spec{{in[0].Type, shape}}, err
}

func (s segmentMax) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if out[0].Len() == 0 {
		return nil
	}
	ids := intValues(in[1].Tensor)
	if i := slices.IndexFunc(ids, func(v int) bool { return v < 0 }); i >= 0 {
		return fmt.Errorf("segment %d of row %d is negative", ids[i], i)
	}
	empty := tensor.New(in[0].Type)
	if s.lowest {
		setLowest(empty)
	}
	fill(w, out[0], empty)
	byNumber(out[0], maxRows[float32], maxRows[float64], maxRows[int64], maxRows[int32], maxRows[int16], maxRows[int8], maxRows[uint64],
		maxRows[uint32], maxRows[uint16], maxRows[uint8])(ids, in[0].Tensor, out[0])
	return nil
}

// setLowest stores the lowest finite value of t's type as its only element.
func setLowest(t *tensor.Tensor) {
	switch d := t.Any().(type) {
	case []float32:
		d[0] = -math.MaxFloat32
		if t.Type == tensor.F16 {
			d[0] = -65504
		} else if t.Type == tensor.BF16 {
			d[0] = math.Float32frombits(0xff7f0000)
		}
	case []float64:
		d[0] = -math.MaxFloat64
	default:
		if t.Type.IsSigned() {
			putInts(t, func(int) int { return -1 << (t.Type.Bits() - 1) })
		}
	}
}

func maxRows[E number](ids []int, in, out *tensor.Tensor) {
	src, dst := tensor.Data[E](in), tensor.Data[E](out)
	segments := out.Shape[0]
	width := len(dst) / segments
	seen := make([]bool, segments)
	for i, id := range ids {
		if id >= segments {
			continue
		}
		row, best := src[i*width:][:width], dst[id*width:][:width]
		if !seen[id] {
			seen[id] = true
			copy(best, row)
			continue
		}
		for j, v := range row {
			best[j] = max(best[j], v)
		}
	}
}
