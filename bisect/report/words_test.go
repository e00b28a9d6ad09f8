package report

import (
	"testing"

	"halfway/engine"
)

func TestGather(t *testing.T) {
	names := []string{
		"__module.model.rotary_emb/aten::cos/Cos",
		"__module.model.layers.0.input_layernorm/aten::pow/Power",
		"__module.model.layers.0.input_layernorm/aten::mul/Multiply",
		"__module.model.layers.0.mlp.up_proj/aten::linear/MatMul",
		"__module.model.layers.1.input_layernorm/aten::pow/Power",
		"__module.model.layers.1.input_layernorm/aten::mul/Multiply",
		"__module.model.layers.1.mlp.up_proj/aten::linear/MatMul",
		"__module.model.layers.2.mlp.up_proj/aten::linear/MatMul",
		"__module.model.layers.10.mlp/aten::mul/Multiply_1",
		"__module.lm_head/aten::linear/MatMul",
	}
	var candidates []engine.Candidate
	for _, name := range names {
		candidates = append(candidates, engine.Candidate{Name: name})
	}
	for _, c := range []struct {
		why       string
		positions []int
		want      []string
	}{
		{"a module outside layers", []int{0}, []string{"model.rotary_emb: cos"}},
		{"every layer that has the module", []int{1, 2, 4, 5}, []string{"input_layernorm of every layer: pow, mul"}},
		{"one layer", []int{6}, []string{"mlp of layer 1: up_proj"}},
		{"some layers, in order of their numbers", []int{3, 6, 8}, []string{"mlp of layers 0-1, 10: up_proj, mul"}},
		{"several modules", []int{1, 9}, []string{"input_layernorm of layer 0: pow", "lm_head"}},
	} {
		got := gather(candidates, c.positions)
		if len(got) != len(c.want) {
			t.Fatalf("%s: %d modules, want %d", c.why, len(got), len(c.want))
		}
		for i, g := range got {
			if g.String() != c.want[i] {
				t.Errorf("%s: %q, want %q", c.why, g, c.want[i])
			}
		}
	}
}

func TestPlaceOfONNX(t *testing.T) {
	got := placeOf("/encoder/layer.0/adapter/delta/MatMul")
	if want := (place{"encoder/layer", 0, "adapter", "delta/MatMul"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := placeOf("/conv1/Conv"); got != (place{"", -1, "conv1", "Conv"}) {
		t.Errorf("without layers: %+v", got)
	}
	if got := placeOf("/blocks.3"); got != (place{"", -1, "blocks.3", ""}) {
		t.Errorf("a number at the end is part of the name: %+v", got)
	}
}

func TestPrintable(t *testing.T) {
	for _, c := range []struct{ why, text, want string }{
		{"letters of any script", "größe/中文", "größe/中文"},
		{"what moves the cursor", "a\nb\tc\rd\x1b[2J", `a\nb\tc\x0dd\x1b[2J`},
		{"bytes that are no UTF-8", "a\xff\xfeb", `a\xff\xfeb`},
		{"what is invisible, or turns the direction", "a\u200bb\u202ec", `a\u200bb\u202ec`},
		{"a real replacement character", "a\uFFFDb", "a\uFFFDb"},
	} {
		if got := Printable(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
	}
}

func TestQuote(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a/b-c_d.npz", "a/b-c_d.npz"},
		{"", "''"},
		{"two words", "'two words'"},
		{`it's $HOME`, `'it'\''s $HOME'`},
	} {
		if got := quote(c.text); got != c.want {
			t.Errorf("%q: %s, want %s", c.text, got, c.want)
		}
	}
}
