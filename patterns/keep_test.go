package patterns

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"halfway/engine/enginetest"
)

// proveRepair proves the patterns of a repair that are within the limits, and that it also keeps no more than duplicates where it says so.
func proveRepair(t testing.TB, tags []string, keep []bool) Repair {
	t.Helper()
	r, err := ForKeep(tags, keep)
	if err != nil {
		t.Fatalf("keeping some of %d tags, %.300q: %v", len(tags), tags, err)
	}
	wanted := make([]bool, len(tags))
	for i, tag := range tags {
		wanted[i] = !keep[i] && !slices.Contains(r.AlsoKept, tag)
	}
	for name, s := range map[string]Settings{"pos": {Pos: &r.Pos}, "neg": {Neg: &r.Neg}} {
		pattern := map[string]string{"pos": r.Pos, "neg": r.Neg}[name]
		if name != r.Chosen && !limitsOf(tags).admit(pattern) {
			continue
		}
		if d, err := Prove(s, tags, wanted); err != nil || !d.None() {
			t.Fatalf("%s %.300q of %.2000q: missing %v, extra %v, %v", name, pattern, tags, d.Missing, d.Extra, err)
		}
	}
	if r.Exact != (len(r.AlsoKept) == 0) {
		t.Fatalf("exact is %t and %d more are kept", r.Exact, len(r.AlsoKept))
	}
	return r
}

// TestForKeep has the patterns that a person would write.
func TestForKeep(t *testing.T) {
	decoder := func(layers int) (tags []string) {
		for i := range layers {
			for _, m := range []string{"Eltwise@%d.input_layernorm/aten::pow/Power", "Reduce@%d.input_layernorm/aten::mean/ReduceMean", "Softmax@%d.self_attn/aten::softmax/Softmax",
				"FullyConnected@%d.self_attn.q_proj/aten::linear/MatMul", "FullyConnected@%d.self_attn.k_proj/aten::linear/MatMul", "FullyConnected@%d.mlp/aten::linear/MatMul"} {
				typ, rest, _ := strings.Cut(fmt.Sprintf(m, i), "@")
				tags = append(tags, typ+"@__module.model.layers."+rest)
			}
		}
		return append(tags, "Eltwise@__module.scale/aten::mul/Multiply", "Reduce@__module.pool/aten::max/ReduceMax", "FullyConnected@__module.lm_head/aten::linear/MatMul")
	}
	for _, c := range []struct {
		name     string
		tags     []string
		keep     string // part of the tags to keep, alternatives separated by spaces
		chosen   string
		neg, pos string
		alsoKept []string
	}{
		{"nothing", decoder(2), "none", "pos", `(?!)`, `.*`, nil},
		{"everything", decoder(2), "@", "neg", `.*`, `(?!)`, nil},
		{"a module of every layer is its role", decoder(12), "input_layernorm", "neg",
			`__module\.model\.layers\.(\d+)\.input_layernorm/`, `^(FullyConnected|Softmax)@|__module\.(pool|scale)/`, nil},
		{"layer 1 is not layer 11", decoder(12), "layers.1.", "neg", `__module\.model\.layers\.1\.`, `^(?!.*__module\.model\.layers\.1\.)`, nil},
		{"layers by their numbers", decoder(12), "layers.3.self layers.7.self", "neg",
			`__module\.model\.layers\.(3|7)\.self_attn(\.|/)`, ``, nil},
		{"modules that share words", decoder(12), "q_proj k_proj", "neg", `__module\.model\.layers\.(\d+)\.self_attn\.`, ``, nil},
		{"operations that share a namespace", append(decoder(3), "Eltwise@__module.model.layers.0.input_layernorm/aten::add/Add"), "Power ReduceMean", "neg",
			`__module\.model\.layers\.(\d+)\.input_layernorm/aten::(mean|pow)/`, ``, nil},
		{"a whole type", decoder(12), "Softmax@", "neg", `^Softmax@`, `^(?!.*^Softmax@)`, nil},
		{"a name inside another", []string{"X@conv", "X@conv/bias", "X@my/conv", "X@head"}, "=X@conv", "neg", `[@,]conv(,|$)`, ``, nil},
		{"characters of the dialect", []string{"X@a.b*c?", "X@aXbbc", "X@a.b*c? up"}, "=X@a.b*c?", "neg", `a\.b\*c\?(,|$)`, ``, nil},
		{"quotes, backslashes and bytes that exports would mangle", []string{"X@it's \"so\" \\d `id`\n\xff", "X@it", "X@its", "X@this", "X@that"}, "so", "pos", `it\x27s \x22so\x22 \x5cd \x60id\x60\x0a\xff`, ``, nil},
		{"the type tells them apart", []string{"Eltwise@op", "Convolution@op", "Eltwise@other"}, "Convolution", "pos", `^Convolution@`, `^Eltwise@`, nil},
		{"duplicates can't be told apart", []string{"X@shared", "Y@mine", "X@shared"}, "#2", "pos", `shared`, `mine`, []string{"X@shared"}},
		{"operations with digits in their word", []string{"X@conv2d_3/a", "X@conv2d_4/a", "X@conv1d_3/a", "X@conv2d_3/b"}, "conv2d_3/a conv2d_4/a", "neg", `conv2d_(\d+)/a`, ``, nil},
	} {
		keep := make([]bool, len(c.tags))
		for i, tag := range c.tags {
			for _, part := range strings.Fields(c.keep) {
				exact, isExact := strings.CutPrefix(part, "=")
				keep[i] = keep[i] || strings.Contains(tag, part) || isExact && tag == exact || part == fmt.Sprintf("#%d", i)
			}
		}
		r := proveRepair(t, c.tags, keep)
		if r.Chosen != c.chosen || r.Neg != c.neg || c.pos != "" && r.Pos != c.pos {
			t.Errorf("%s: %s\nneg %s\nwant %s\npos %s\nwant %s", c.name, r.Chosen, r.Neg, c.neg, r.Pos, c.pos)
		}
		if diff := cmp.Diff(append([]string{}, c.alsoKept...), r.AlsoKept); diff != "" {
			t.Errorf("%s: also kept (-want +got):\n%s", c.name, diff)
		}
	}
}

// realTags returns the tags of every list of candidates in the reference data, by where they come from.
func realTags(t testing.TB) map[string][]string {
	t.Helper()
	lists := map[string][]string{}
	for _, path := range glob(t, enginetest.Shared(t, "corpus"), "*", "plugin-candidates*.tsv") {
		for _, line := range strings.Split(strings.TrimSpace(string(read(t, path))), "\n")[1:] {
			f := strings.Split(line, "\t")
			lists[path] = append(lists[path], f[1]+"@"+f[2])
		}
	}
	for _, path := range glob(t, enginetest.Shared(t, "cases"), "*", "enforced.json") {
		var tags []string
		if err := json.Unmarshal(read(t, path), &tags); err != nil {
			t.Fatal(err)
		}
		lists[path] = tags
	}
	return lists
}

func glob(t testing.TB, elem ...string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(elem...))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d files at %s: %v", len(paths), filepath.Join(elem...), err)
	}
	return paths
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestKnownSets keeps the smallest set of every case with known culprits, and asks the real std::regex as well.
func TestKnownSets(t *testing.T) {
	o := newOracle(t)
	for _, path := range glob(t, enginetest.Shared(t, "cases"), "*", "case.json") {
		var c struct {
			Expected struct {
				Sets [][]int `json:"min_keep_f32_sets"`
			}
		}
		var tags []string
		for name, v := range map[string]any{"case.json": &c, "enforced.json": &tags} {
			if err := json.Unmarshal(read(t, filepath.Join(filepath.Dir(path), name)), v); err != nil {
				t.Fatal(err)
			}
		}
		for _, set := range c.Expected.Sets {
			keep := make([]bool, len(tags))
			for _, i := range set {
				keep[i] = true
			}
			r := proveRepair(t, tags, keep)
			compareRepair(t, o, r, tags, keep)
			if len(r.Neg) > 1000 {
				t.Errorf("%s: %d bytes for %d nodes", path, len(r.Neg), len(set))
			}
		}
	}
}

// compareRepair asks the real std::regex what the patterns of a repair select.
func compareRepair(t testing.TB, o *oracle, r Repair, tags []string, keep []bool) {
	t.Helper()
	for _, p := range []struct {
		pattern string
		found   bool // what is found is kept
	}{{r.Pos, false}, {r.Neg, true}} {
		if !limitsOf(tags).admit(p.pattern) {
			continue
		}
		found, refused := o.verdicts(t, p.pattern, tags)
		if refused != "" {
			t.Fatalf("std::regex refuses %.300q", p.pattern)
		}
		for i, tag := range tags {
			kept := keep[i] || slices.Contains(r.AlsoKept, tag)
			if (found[i] == 1) != (kept == p.found) {
				t.Fatalf("std::regex: %.300q found in %q: %d", p.pattern, tag, found[i])
			}
		}
	}
}

// TestRandomSets keeps random sets of real nodes.
func TestRandomSets(t *testing.T) {
	o := newOracle(t)
	for path, tags := range realTags(t) {
		r := rand.New(rand.NewPCG(1, uint64(len(tags))))
		for _, share := range []float64{0.01, 0.3, 0.9} {
			keep := make([]bool, len(tags))
			for i := range keep {
				keep[i] = r.Float64() < share
			}
			repair := proveRepair(t, tags, keep)
			if compareRepair(t, o, repair, tags, keep); repair.Exact == hasSplit(tags, keep) {
				t.Errorf("%s: exact is %t", path, repair.Exact)
			}
		}
	}
}

// hasSplit reports whether two nodes of one tag are to be told apart.
func hasSplit(tags []string, keep []bool) bool {
	seen := map[string]bool{}
	for i, tag := range tags {
		if k, ok := seen[tag]; ok && k != keep[i] {
			return true
		}
		seen[tag] = keep[i]
	}
	return false
}

// hostileTags makes tags of few parts, so that they contain and repeat each other.
func hostileTags(r *rand.Rand, n int) []string {
	parts := []string{"a", "b", "1", "11", "01", "/", ".", ",", "@", "_", "a.b", "$", "\\", "\n", "\r", "'", "é", "\xff", "(", "\x00", "layers.", "conv2d", "X@", "a1"}
	types := []string{"X", "Y", "Softmax", "LogSoftmax", "", "a"}
	tags := make([]string, n)
	for i := range tags {
		var b strings.Builder
		for range r.IntN(7) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		if tags[i] = types[r.IntN(len(types))] + "@" + b.String(); r.IntN(50) == 0 {
			tags[i] = b.String()
		}
	}
	return tags
}

func TestHostileSets(t *testing.T) {
	o := newOracle(t)
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 7))
		tags := hostileTags(r, 1+r.IntN(60))
		keep, share := make([]bool, len(tags)), r.Float64()
		for i := range keep {
			keep[i] = r.Float64() < share
		}
		repair := proveRepair(t, tags, keep)
		if compareRepair(t, o, repair, tags, keep); repair.Exact == hasSplit(tags, keep) {
			t.Errorf("seed %d: exact is %t", seed, repair.Exact)
		}
	}
}

// TestLimits keeps sets that can't be written in full, or only without a repetition.
func TestLimits(t *testing.T) {
	o := newOracle(t)
	many := func(n, length int) []string {
		r := rand.New(rand.NewPCG(3, 3))
		tags := make([]string, n)
		for i := range tags {
			name := make([]byte, length)
			for k := range name {
				name[k] = "abcdefgh"[r.IntN(8)]
			}
			tags[i] = []string{"Eltwise", "Reduce"}[i%2] + fmt.Sprintf("@module%d.", i%7) + string(name)
		}
		return tags
	}
	long := strings.Repeat("m", 100<<10)
	for _, c := range []struct {
		name  string
		tags  []string
		keep  func(i int) bool
		exact bool
		least int // also kept
	}{
		{"long names that differ early", []string{"X@a" + long, "X@b" + long, "X@c"}, func(i int) bool { return i == 0 }, true, 0},
		{"long names and nothing to keep", []string{"X@a" + long, "X@b" + long}, func(i int) bool { return false }, true, 0},
		{"long names and all to keep", []string{"X@a" + long, "X@b" + long}, func(i int) bool { return true }, true, 0},
		{"long names that differ late", []string{"X@" + long + "a", "X@" + long + "b", "Y@c"}, func(i int) bool { return i == 0 }, false, 1},
		{"a quarter of many names", many(8000, 60), func(i int) bool { return i*2654435761>>9%4 == 0 }, false, 100},
		{"a hundredth of many names", many(8000, 60), func(i int) bool { return i*2654435761>>9%100 == 0 }, true, 0},
	} {
		keep := make([]bool, len(c.tags))
		for i := range keep {
			keep[i] = c.keep(i)
		}
		r := proveRepair(t, c.tags, keep)
		var sample []string // std::regex takes seconds for all
		var kept []bool
		for i := 0; i < len(c.tags); i += 1 + len(c.tags)/100 {
			sample, kept = append(sample, c.tags[i]), append(kept, keep[i])
		}
		compareRepair(t, o, r, sample, kept)
		if r.Exact != c.exact || len(r.AlsoKept) < c.least {
			t.Errorf("%s: exact %t, %d also kept; %s %.100q %.100q", c.name, r.Exact, len(r.AlsoKept), r.Chosen, r.Pos, r.Neg)
		}
		if chosen := map[string]string{"pos": r.Pos, "neg": r.Neg}[r.Chosen]; len(chosen) > maxPattern {
			t.Errorf("%s: the chosen pattern has %d bytes", c.name, len(chosen))
		}
	}
}
