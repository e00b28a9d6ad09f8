package compare

import (
	"strings"
	"testing"

	"halfway/engine/tensor"
)

func archive(names ...string) []tensor.Named {
	var r []tensor.Named
	for i, name := range names {
		r = append(r, tensor.Named{Name: name, Tensor: f32(float32(i))})
	}
	return r
}

func TestPair(t *testing.T) {
	for _, tt := range []struct {
		name     string
		ref, got []tensor.Named
		want     string // name:ref,got of each output, by the place in its archive
		note     string
		err      string
	}{
		{"by name in another order", archive("a", "b"), archive("b", "a"), "a:0,1 b:1,0", "", ""},
		{"positions on both sides are names", archive("output_0", "output_1"), archive("output_1", "output_0"), "output_0:0,1 output_1:1,0", "", ""},
		{"positions on one side", archive("a", "b"), archive("output_1", "output_0"), "a:0,1 b:1,0", "matched by position", ""},
		{"positions in the reference", archive("arr_1", "arr_0"), archive("a", "b"), "a:1,0 b:0,1", "matched by position", ""},
		{"one array too many", archive("a"), archive("a", "b"), "a:0,0", `"b" has no counterpart`, ""},
		{"one array too few", archive("a", "b"), archive("a"), "", "", `no array "b"`},
		{"other positions are no positions", archive("a", "b"), archive("output_1", "output_2"), "", "", `no array "a"`},
		{"a typing error", archive("logits"), archive("logit"), "", "", `did you mean "logit"?`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, g, notes, err := Pair(tt.ref, tt.got)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("%v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var parts []string
			for i := range r {
				place := func(x *tensor.Tensor) string { return Value(x.F32s()[0]).String() }
				if r[i].Name != g[i].Name {
					t.Errorf("%q is compared with %q", g[i].Name, r[i].Name)
				}
				parts = append(parts, r[i].Name+":"+place(r[i].Tensor)+","+place(g[i].Tensor))
			}
			if got := strings.Join(parts, " "); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			if all := strings.Join(notes, "\n"); (all == "") != (tt.note == "") || !strings.Contains(all, tt.note) {
				t.Errorf("notes %q, want %q", all, tt.note)
			}
		})
	}
}
