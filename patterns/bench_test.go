package patterns

import (
	"fmt"
	"testing"
)

// network makes n tags like those of a language model.
func network(n int) []string {
	modules := []string{"Eltwise@input_layernorm/aten::pow/Power", "Reduce@input_layernorm/aten::mean/ReduceMean", "FullyConnected@self_attn.q_proj/aten::linear/MatMul",
		"FullyConnected@self_attn.k_proj/aten::linear/MatMul", "Softmax@self_attn/aten::softmax/Softmax", "MatMul@self_attn/aten::matmul/MatMul",
		"Eltwise@post_attention_layernorm/aten::pow/Power", "FullyConnected@mlp.down_proj/aten::linear/MatMul", "Eltwise@mlp.act_fn/aten::silu/Swish", "Eltwise@aten::add/Add"}
	tags := make([]string, n)
	for i := range tags {
		m := modules[i%len(modules)]
		t := TypeOf(m)
		tags[i] = fmt.Sprintf("%s@__module.model.layers.%d.%s", t, i/len(modules), m[len(t)+1:])
	}
	return tags
}

func BenchmarkForKeep(b *testing.B) {
	tags := network(20000)
	for _, c := range []struct {
		name string
		keep func(i int) bool
	}{
		{"role", func(i int) bool { return i%10 == 0 }},
		{"one", func(i int) bool { return i == 12345 }},
		{"scattered", func(i int) bool { return i*2654435761>>7%100 == 0 }},
		{"half", func(i int) bool { return i*2654435761>>7%2 == 0 }},
	} {
		keep := make([]bool, len(tags))
		for i := range keep {
			keep[i] = c.keep(i)
		}
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				r, err := ForKeep(tags, keep)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(min(len(r.Pos), len(r.Neg))), "bytes")
				b.ReportMetric(float64(len(r.AlsoKept)), "also-kept")
			}
		})
	}
}

func BenchmarkSelect(b *testing.B) {
	tags := network(20000)
	for _, pattern := range []string{`layers\.(\d+)\.input_layernorm/`, `^(?!.*input_layernorm)`, `^Softmax@|[@,]__module\.model\.layers\.(3|7)\.mlp(,|$)`, `(layer).*\1norm`} {
		b.Run(pattern, func(b *testing.B) {
			for b.Loop() {
				if _, err := (Settings{Neg: &pattern}).Select(tags); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
