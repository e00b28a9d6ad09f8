package compare

import (
	"strings"
	"testing"

	"halfway/engine"
	"halfway/engine/tensor"
)

// TestAliases has rules and arrays that call outputs by other names than their first. Two outputs share the value that both names belong to.
func TestAliases(t *testing.T) {
	number := func(v float32) *tensor.Tensor { return tensor.Of(tensor.F32, []float32{v}, 1) }
	described := []engine.Output{{Name: "first", Aliases: []string{"second"}}, {Name: "second", Aliases: []string{"first"}},
		{Name: "logits", Aliases: []string{"scores", "head/add[0]"}}}
	for _, c := range []struct{ rule, want, err string }{
		{"scores:max-abs<=0.5", "logits:max-abs<=0.5", ""},
		{"head/add[0]:max-abs<=0.5", "logits:max-abs<=0.5", ""},
		{"scores[0]:max-abs<=0.5", "logits[0]:max-abs<=0.5", ""},
		{"second:max-abs<=0.5", "second:max-abs<=0.5", ""},
		{"score:max-abs<=0.5", "", "logits"},
	} {
		r, err := ParseRule(c.rule)
		if err != nil {
			t.Fatal(err)
		}
		err = Fit([]Rule{r}, described)
		if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, want %q", c.rule, err, c.err)
		}
		if got, _, err := r.resolve(described); err == nil && got.String() != c.want {
			t.Errorf("%s is %s, want %s", c.rule, got, c.want)
		}
	}
	outputs, notes, err := Match(described, []tensor.Named{{Name: "scores", Tensor: number(3)}, {Name: "second", Tensor: number(2)}, {Name: "first", Tensor: number(1)}})
	if err != nil || len(notes) > 0 {
		t.Fatal(err, notes)
	}
	for i, o := range outputs {
		if o.Name != described[i].Name || o.Tensor.F32s()[0] != float32(i+1) {
			t.Errorf("output %d is %s %v", i, o.Name, o.Tensor.F32s())
		}
	}
	if _, _, err := Match(described, []tensor.Named{{Name: "scores", Tensor: number(3)}, {Name: "second", Tensor: number(2)}, {Name: "x", Tensor: number(1)}}); err == nil {
		t.Error("the name of another output was taken for an alias")
	}
}
