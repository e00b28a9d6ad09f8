package builtin_test

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"halfway/engine"
	"halfway/engine/builtin"
	"halfway/engine/enginetest"
	"halfway/engine/tensor"
)

// TestDynamicViewComputesTheSame compares what models of dynamic shapes compute in f32 in the views with and without the sample's shapes: the same
// bits, but where a scale of attention is folded in one of them only.
func TestDynamicViewComputesTheSame(t *testing.T) {
	for name, limit := range map[string]float64{"llama-stateful-f16": 0, "llama-optimum-f16": 0, "bert": 0, "digits-vit": 1e-6} {
		for _, view := range []string{"plugin", "snippets"} {
			t.Run(name+"/"+view, func(t *testing.T) {
				path, s, shapes := dynamicCase(t, name)
				fixed, open := open(t, path, builtin.Options{View: view, Shapes: shapes}), open(t, path, builtin.Options{View: view, Expected: shapes})
				want, got := run(t, fixed, engine.Set{}, s), run(t, open, engine.Set{}, s)
				for i, o := range want.Outputs {
					if d := largest(difference(o.Tensor, got.Outputs[i].Tensor)); !(d <= limit) {
						t.Errorf("%s differs by %g, want at most %g", o.Name, d, limit)
					}
				}
			})
		}
	}
}

// TestDecodingContinuesTheState feeds the last tokens one by one, each with the state that those before left: their logits must be those that
// OpenVINO gives when it reads all tokens at once.
func TestDecodingContinuesTheState(t *testing.T) {
	const name, first = "llama-stateful-f16", 60
	path, s, _ := dynamicCase(t, name)
	golden := readNPZ(t, enginetest.Shared(t, "corpus", name, "openvino-f32.npz"))[0].Tensor
	tokens, vocabulary := golden.Shape[1], golden.Shape[2]
	part := func(from, to int) map[string]*tensor.Tensor {
		in := map[string]*tensor.Tensor{"beam_idx": s.Inputs["beam_idx"]}
		for key, from := range map[string]int{"input_ids": from, "position_ids": from, "attention_mask": 0} {
			in[key] = tensor.Of(tensor.I64, slices.Clone(tensor.Data[int64](s.Inputs[key])[from:to]), 1, to-from)
		}
		return in
	}
	steps := engine.Sample{Source: name, Inputs: part(0, first)}
	for at := first; at < tokens; at++ {
		steps.Then = append(steps.Then, part(at, at+1))
	}
	for _, view := range []string{"plugin", "plain"} {
		o := run(t, open(t, path, builtin.Options{View: view}), engine.Set{}, steps)
		if len(o.Outputs) != 1+tokens-first {
			t.Fatalf("view %s: %d outputs of %d inferences", view, len(o.Outputs), 1+tokens-first)
		}
		for i, out := range o.Outputs[1:] {
			want := tensor.Of(tensor.F32, golden.F32s()[(first+i)*vocabulary:][:vocabulary], 1, 1, vocabulary)
			if d := largest(difference(want, out.Tensor)); d > 1e-4 {
				t.Errorf("view %s: token %d: logits differ by %g", view, first+i, d)
			}
		}
	}
}

// dynamicCase is the model of a case, its input and the shapes of it.
func dynamicCase(t *testing.T, name string) (path string, s engine.Sample, shapes map[string][]int) {
	dir := enginetest.Shared(t, "corpus", name)
	var c corpusCase
	readJSON(t, filepath.Join(dir, "case.json"), &c)
	s, shapes = engine.Sample{Source: name, Inputs: map[string]*tensor.Tensor{}}, map[string][]int{}
	for i, in := range readNPZ(t, filepath.Join(dir, "input.npz")) {
		s.Inputs[c.Inputs[i].Name], shapes[c.Inputs[i].Name] = in.Tensor, in.Tensor.Shape
	}
	return enginetest.Shared(t, c.Model), s, shapes
}

// largest is the largest absolute value.
func largest(d []float64) float64 {
	var m float64
	for _, v := range d {
		m = max(m, math.Abs(v))
	}
	return m
}
