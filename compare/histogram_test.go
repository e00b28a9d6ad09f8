package compare_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"halfway/compare"
	"halfway/engine"
	"halfway/engine/tensor"
)

// TestHistograms has errors that are easy to place: decades below the scale.
func TestHistograms(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		name     string
		ref, got []float32
		want     compare.Histogram
	}{
		{"nothing differs", []float32{1, -2, inf}, []float32{1, -2, inf}, compare.Histogram{Equal: 3, Scale: 2}},
		{"errors of 1, 0.2 and 0.02 of the largest value, which is 10", []float32{10, -5, 0, 1}, []float32{0, -3, 0.2, 1},
			compare.Histogram{Equal: 1, Scale: 10, First: -4, Counts: []int64{1, 0, 1, 0, 1}}},
		{"what is not finite", []float32{1, inf, nan, 1}, []float32{nan, 1, nan, 1}, compare.Histogram{Equal: 1, NonFinite: 3, Scale: 1}},
		{"a reference of zeros", []float32{0, 0}, []float32{0.5, 0}, compare.Histogram{Equal: 1, Scale: 1, First: -1, Counts: []int64{1}}},
		{"beyond all bins", []float32{1e-30, 1}, []float32{0, 1e30}, compare.Histogram{Scale: 1, First: -24, Counts: append(append([]int64{1}, make([]int64, 31)...), 1)}},
		{"no elements", nil, nil, compare.Histogram{Scale: 1}},
	} {
		output := func(values []float32) []engine.Output {
			x := tensor.New(tensor.F32, len(values))
			copy(x.F32s(), values)
			return []engine.Output{{Name: "y", Tensor: x}}
		}
		c.want.Output, c.want.Elements = "y", int64(len(c.ref))
		if c.want.Counts == nil {
			c.want.Counts = []int64{}
		}
		if diff := cmp.Diff([]compare.Histogram{c.want}, compare.Histograms(output(c.ref), output(c.got))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	if h := compare.Histograms([]engine.Output{{Name: "y", Tensor: tensor.New(tensor.F32, 2)}}, []engine.Output{{Name: "y", Tensor: tensor.New(tensor.F32, 2, 1)}}); h != nil {
		t.Errorf("outputs of other shapes: %v", h)
	}
}
