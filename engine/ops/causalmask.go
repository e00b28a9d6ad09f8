package ops

import (
	"fmt"
	"math"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// CausalMaskPreprocess is the plugin's fusion of what Hugging Face models compute their attention mask with
// (src/plugins/intel_cpu/src/nodes/causal_mask_preprocess.cpp).

func init() {
	register("CausalMaskPreprocess", func(*graph.Node) (Op, error) { return causalMask{}, nil })
}

// causalMask: inputs are which keys count [N, keys], the batch size [1], the positions of the queries [Q] and the number of keys [1]; the
// output is [batch, 1, Q, keys]: 0 where the query attends to the key, else the lowest f32.
type causalMask struct{}

// Infer needs the values of the batch size and the number of keys.
func (causalMask) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 4, 4); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 0, 1, 2, 3); err != nil {
		return nil, err
	}
	if err := wantRank(in, 0, 2); err != nil {
		return nil, err
	}
	if err := wantRank(in, 2, 1); err != nil {
		return nil, err
	}
	batch, known, err := scalar(in, 1, "batch size")
	if err != nil {
		return nil, err
	}
	keys, keysKnown, err := scalar(in, 3, "number of keys")
	if err != nil {
		return nil, err
	}
	mask, queries := in[0].Shape, in[2].Shape
	if !known || !keysKnown || mask == nil || queries == nil {
		return []Spec{{Type: tensor.F32}}, nil
	}
	if mask[0] < batch || mask[1] > keys {
		return nil, fmt.Errorf("input 0 has shape %v, want at least %d rows of at most %d keys", mask, batch, keys)
	}
	shape := []int{batch, 1, queries[0], keys}
	_, err = tensor.Elements(shape)
	return []Spec{{tensor.F32, shape}}, err
}

// Eval keeps keys at positions up to the query's that the mask does not exclude; the mask may be shorter than the keys.
func (causalMask) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	mask, positions, dst := intValues(in[0].Tensor), intValues(in[2].Tensor), out[0].F32s()
	width, keys := in[0].Shape[1], out[0].Shape[3]
	w.For(out[0].Shape[0]*len(positions), 1+4096/max(keys, 1), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row, counts := rowOf(dst, r, keys), rowOf(mask, r/len(positions), width)
			for key := range row {
				row[key] = 0
				if key > positions[r%len(positions)] || key < width && counts[key] == 0 {
					row[key] = -math.MaxFloat32
				}
			}
		}
	})
	return nil
}
