package keep_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"halfway/engine"
	"halfway/engine/builtin"
	"halfway/engine/enginetest"
	"halfway/engine/ir/keep"
	"halfway/engine/tensor"
)

// rewritten writes the model at path with all its nodes kept, as graph g of the built-in engine has them, and returns its path.
func rewritten(t *testing.T, path string, groups []keep.Group) string {
	t.Helper()
	xml, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	constants, err := os.ReadFile(strings.TrimSuffix(path, ".xml") + ".bin")
	if err != nil {
		t.Fatal(err)
	}
	m, err := keep.Read(bytes.NewReader(xml), int64(len(constants)))
	if err != nil {
		t.Fatal(err)
	}
	m.Keep(groups)
	to := filepath.Join(t.TempDir(), "kept.xml")
	if err := tensor.WriteWhole(to, m.WriteXML); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(strings.TrimSuffix(to, ".xml")+".bin", append(constants, m.Constants()...), 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

// results runs a model in f32 on random inputs, and returns its outputs, and how many candidates bf16 has in it.
func results(t *testing.T, path string, precision tensor.DType, set func(int) engine.Set) ([]engine.Output, int) {
	t.Helper()
	m, err := builtin.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	samples, _, err := engine.LoadSamples("random:1", m.Inputs())
	if err != nil {
		t.Fatal(err)
	}
	e, err := m.Engine(builtin.Options{View: "plain", Precision: precision})
	if err != nil {
		t.Fatal(err)
	}
	list, err := e.Candidates(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	o, err := e.Run(context.Background(), set(len(list)), samples[0])
	if err != nil {
		t.Fatal(err)
	}
	return o.Outputs, len(list)
}

func none(int) engine.Set { return engine.Set{} }

// names are the names of all layers of a model, each a group by itself, and all together one that is to stay apart.
func names(t *testing.T, path string) []keep.Group {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := keep.Group{Apart: true}
	for part := range strings.SplitSeq(string(b), "<layer ") {
		if _, rest, ok := strings.Cut(part, `name="`); ok {
			name, _, _ := strings.Cut(rest, `"`)
			all.Layers = append(all.Layers, name)
		}
	}
	return []keep.Group{all}
}

// TestKeep: a model that is kept as a whole, with barriers at every edge, computes what it did, in f32 and where bf16 is enforced.
func TestKeep(t *testing.T) {
	models := []string{filepath.Join("..", "..", "..", "testdata", "tiny-lm", "model.xml")}
	if _, err := os.Stat(filepath.Join("..", "..", "..", "..", "shared")); err == nil || os.Getenv("HALFWAY_SHARED") != "" {
		models = append(models, enginetest.Shared(t, "corpus", "models", "llama", "llama-f32.xml"))
	}
	for _, path := range models {
		t.Run(filepath.Base(path), func(t *testing.T) {
			kept := rewritten(t, path, names(t, path))
			want, _ := results(t, path, tensor.F32, none)
			got, _ := results(t, kept, tensor.F32, none)
			near(t, got, want)
			_, all := results(t, path, tensor.BF16, none)
			enforced, left := results(t, kept, tensor.BF16, func(n int) engine.Set {
				s := engine.NewSet(n)
				for i := range n {
					s.Add(i)
				}
				return s
			})
			if all == 0 || left*4 > all { // what only moves data, or makes shapes and masks
				t.Errorf("%d of %d candidates are left", left, all)
			}
			near(t, enforced, want)
		})
	}
}

// TestLowerRoPE: a rotary embedding in public operations computes what the plugin's own does, kept or not.
func TestLowerRoPE(t *testing.T) {
	for _, c := range []struct {
		name, transposed, rotary, rt string
		x                            [4]int
	}{
		{"all of the last axis", "false", "8", "", [4]int{1, 3, 5, 8}},
		{"positions before heads", "true", "8", "", [4]int{1, 5, 3, 8}},
		{"a part of the last axis", "false", "4", "", [4]int{1, 3, 5, 8}},
		{"kept", "true", "6", `<rt_info><attribute name="precise" version="0"/></rt_info>`, [4]int{1, 5, 3, 8}},
	} {
		t.Run(c.name, func(t *testing.T) {
			port := func(id string, dims ...string) string {
				return `<port id="` + id + `" precision="FP32"><dim>` + strings.Join(dims, "</dim><dim>") + "</dim></port>"
			}
			x := port("0", strconv.Itoa(c.x[0]), strconv.Itoa(c.x[1]), strconv.Itoa(c.x[2]), strconv.Itoa(c.x[3]))
			table := []string{"1", "1", "5", c.rotary}
			parameter := func(id, name, port string) string {
				shape := strings.NewReplacer("</dim><dim>", ",", `<port id="0" precision="FP32"><dim>`, "", "</dim></port>", "").Replace(port)
				return `<layer id="` + id + `" name="` + name + `" type="Parameter" version="opset1"><data shape="` + shape + `" element_type="f32"/><output>` + port +
					`</output></layer>`
			}
			model := `<net name="m" version="11"><layers>` + parameter("0", "x", x) + parameter("1", "c", port("0", table...)) + parameter("2", "s", port("0", table...)) +
				`<layer id="3" name="r" type="RoPE" version="ie_internal_opset"><data config.input_trans0213="` + c.transposed + `" config.rotary_ndims="` + c.rotary + `"/>` +
				c.rt + `<input>` + x + port("1", table...) + port("2", table...) + `</input><output>` + port("3", "1", "3", "5", "8") + `</output></layer>
<layer id="4" name="y" type="Result" version="opset1"><input>` + port("0", "1", "3", "5", "8") + `</input></layer></layers><edges>
<edge from-layer="0" from-port="0" to-layer="3" to-port="0"/><edge from-layer="1" from-port="0" to-layer="3" to-port="1"/>
<edge from-layer="2" from-port="0" to-layer="3" to-port="2"/><edge from-layer="3" from-port="3" to-layer="4" to-port="0"/></edges></net>`
			dir := t.TempDir()
			own, lowered := filepath.Join(dir, "own.xml"), filepath.Join(dir, "lowered.xml")
			m, err := keep.Read(strings.NewReader(model), 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Lower(); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.WriteFile(own, []byte(model), 0o600), os.WriteFile(filepath.Join(dir, "own.bin"), nil, 0o600),
				tensor.WriteWhole(lowered, m.WriteXML), os.WriteFile(filepath.Join(dir, "lowered.bin"), m.Constants(), 0o600)); err != nil {
				t.Fatal(err)
			}
			want, _ := results(t, own, tensor.F32, none)
			got, _ := results(t, lowered, tensor.F32, none)
			near(t, got, want)
		})
	}
}

func near(t *testing.T, got, want []engine.Output) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d outputs, want %d", len(got), len(want))
	}
	for i := range got {
		a, b := got[i].Tensor.F32s(), want[i].Tensor.F32s()
		most, largest := 0.0, 0.0
		for j := range b {
			most, largest = math.Max(most, math.Abs(float64(a[j]-b[j]))), math.Max(largest, math.Abs(float64(b[j])))
		}
		if !(most <= 1e-5*largest) {
			t.Errorf("output %s differs by %g of %g", want[i].Name, most, largest)
		}
	}
}

// FuzzRead: what is no IR is an error, and what is one can be kept and lowered, or not, without a panic.
func FuzzRead(f *testing.F) {
	for _, op := range []string{"SoftMax", "RMS", "FullyConnected", "ScaledDotProductAttention", "RoPE", "Swish", "PowerStatic", "Squeeze", "Interpolate"} {
		f.Add([]byte(strings.ReplaceAll(`<net version="11"><layers><layer id="0" name="x" type="Parameter"><output><port id="0" precision="FP32"><dim>2</dim>
<dim>3</dim></port></output></layer><layer id="1" name="a" type="OP" version="ie_internal_opset"><data axis="1" epsilon="1"/><input><port id="0"><dim>2</dim>
<dim>3</dim></port><port id="1"><dim>2</dim></port></input><output><port id="2" precision="FP32"><dim>2</dim><dim>3</dim></port></output></layer></layers><edges>
<edge from-layer="0" from-port="0" to-layer="1" to-port="0"/><edge from-layer="0" from-port="0" to-layer="1" to-port="1"/></edges></net>`, "OP", op)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := keep.Read(bytes.NewReader(b), 0)
		if err != nil {
			return
		}
		m.Keep([]keep.Group{{Layers: []string{"a", ""}, Apart: true}})
		if err := m.Lower(); err == nil {
			_ = m.WriteXML(io.Discard)
		}
	})
}
