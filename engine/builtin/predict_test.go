package builtin_test

import (
	"slices"
	"strings"
	"testing"

	"halfway/engine"
	"halfway/engine/builtin"
	"halfway/engine/enginetest"
	"halfway/engine/tensor"
)

// tinyEngine runs the model of the README, with so many bytes of memo.
func tinyEngine(t *testing.T, memory int64) (*builtin.Engine, engine.Sample) {
	t.Helper()
	m, err := builtin.Open("../../testdata/tiny-lm/model.xml")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	e, err := m.Engine(builtin.Options{Precision: tensor.BF16, Memory: memory})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e, enginetest.Sample(t, "../../testdata/tiny-lm/input.npz", m.Inputs())
}

func equally(string) float64 { return 1 }

// TestPredictCostsNothing: the two runs that a forecast makes need not be made again, and give the bits that they give without it.
func TestPredictCostsNothing(t *testing.T) {
	plain, sample := tinyEngine(t, -1)
	e, _ := tinyEngine(t, -1)
	list, err := e.Candidates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f, err := e.Predict(t.Context(), engine.All(len(list)), sample)
	if err != nil {
		t.Fatal(err)
	}
	if f.Work < 1 || f.Work > 2 {
		t.Errorf("a forecast takes %v passes", f.Work)
	}
	for _, set := range []engine.Set{{}, engine.All(len(list))} {
		want, err := plain.Run(t.Context(), set, sample)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Run(t.Context(), set, sample)
		if err != nil {
			t.Fatal(err)
		}
		if got.Key != want.Key || got.Work > 0.001 {
			t.Errorf("after a forecast a run with %d nodes enforced takes %v passes; the same bits: %v", set.Len(), got.Work, got.Key == want.Key)
		}
	}
	if none, _ := tinyEngine(t, 0); true {
		if f, err := none.Predict(t.Context(), engine.All(len(list)), sample); err != nil || f.Shares != nil || f.Work != 0 {
			t.Errorf("without a memo: %v passes, %v", f.Work, err)
		}
	}
}

// TestSharesOfCases holds forecasts against models in which one node is known to break the network: it has the largest share in the error. Only
// what is enforced has one, and shares add up to the weight of the outputs at most.
func TestSharesOfCases(t *testing.T) {
	single := 0
	eachCase(t, func(t *testing.T, dir string, c knownCase, e *builtin.Engine) {
		list, err := e.Candidates(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sample := c.samples(t, dir)[0]
		half := engine.Prefix(list, len(list)/2)
		for _, set := range []engine.Set{half, engine.All(len(list))} {
			f, err := e.Predict(t.Context(), set, sample)
			if err != nil {
				t.Fatal(err)
			}
			checkShares(t, f.Shares(equally), set, float64(len(e.Outputs())))
		}
		f, err := e.Predict(t.Context(), engine.All(len(list)), sample)
		if err != nil {
			t.Fatal(err)
		}
		shares := f.Shares(equally)
		keep := c.Expected.MinKeep
		if !c.SameInAll || c.Expected.MinKeepCount != 1 || len(keep[0]) != 1 || len(c.Inputs) > 1 {
			return
		}
		single++
		if most := slices.Index(shares, slices.Max(shares)); most != keep[0][0] {
			t.Errorf("%s has the largest share (%v), the culprit %s has %v", list[most].Tag, shares[most], list[keep[0][0]].Tag, shares[keep[0][0]])
		}
	})
	if single < 5 {
		t.Errorf("only %d cases have one culprit", single)
	}
}

func checkShares(t *testing.T, shares []float64, set engine.Set, most float64) {
	t.Helper()
	sum := 0.0
	for p, s := range shares {
		if s < 0 || s > 0 && !set.Has(p) {
			t.Errorf("candidate %d, enforced: %v, has the share %v", p, set.Has(p), s)
		}
		sum += s
	}
	if sum > most*1.000001 {
		t.Errorf("the shares of %d candidates sum up to %v of %v", set.Len(), sum, most)
	}
}

// TestSharesOfCancelledErrors forecasts for models whose planted modules compute with large numbers that cancel at their ends. Errors from before
// cancel too, although they are as large beside those numbers as the module's own: nearly all of the error is the modules'.
func TestSharesOfCancelledErrors(t *testing.T) {
	for name, modules := range map[string][][2]string{
		"llama-outlier-f32":  {{"layers.2.input_layernorm", "layers.2.self_attn.o_proj"}},
		"llama-outlier2-f32": {{"layers.1.post_attention_layernorm", "layers.1.mlp.down_proj"}, {"layers.3.post_attention_layernorm", "layers.3.mlp.down_proj"}},
	} {
		e, sample, _ := openCorpus(t, name, builtin.Options{Precision: tensor.BF16, Memory: -1})
		list, err := e.Candidates(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f, err := e.Predict(t.Context(), engine.All(len(list)), sample)
		if err != nil {
			t.Fatal(err)
		}
		place := func(part string) int {
			return slices.IndexFunc(list, func(c engine.Candidate) bool { return strings.Contains(c.Name, part) })
		}
		within, all := 0.0, 0.0
		for p, s := range f.Shares(equally) {
			all += s
			for _, m := range modules {
				if p >= place(m[0]) && p <= place(m[1]) {
					within += s
				}
			}
		}
		if !(within >= 0.99*all) {
			t.Errorf("%s: %v of the error is forecast for %v", name, within/all, modules)
		}
	}
}
