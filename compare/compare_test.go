package compare

import (
	"encoding/json"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"

	"halfway/engine"
	"halfway/engine/tensor"
)

// pairs reads the arrays of testdata by name: reference and result.
func pairs(t *testing.T) map[string][2]*tensor.Tensor {
	t.Helper()
	arrays, err := tensor.ReadNPZ("testdata/pairs.npz")
	if err != nil {
		t.Fatal(err)
	}
	m := map[string][2]*tensor.Tensor{}
	for _, a := range arrays {
		name, suffix, _ := strings.Cut(a.Name, ".")
		p := m[name]
		p[map[string]int{"ref": 0, "got": 1}[suffix]] = a.Tensor
		m[name] = p
	}
	return m
}

func outputs(name string, t *tensor.Tensor) []engine.Output {
	return []engine.Output{{Name: name, Tensor: t}}
}

func compareBy(t *testing.T, rule, name string, ref, got *tensor.Tensor) Comparison {
	t.Helper()
	r, err := ParseRule(rule)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Bind([]Rule{r}, outputs(name, ref))
	if err != nil {
		t.Fatal(err)
	}
	c, err := a.Compare(outputs(name, ref), outputs(name, got))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// anyBound is a bound that fits the metric.
func anyBound(metric string) string {
	d, _ := lookUp(strings.SplitN(metric, "(", 2)[0])
	switch {
	case d.alone:
		return ""
	case d.kind.largerIsBetter():
		return ">=0"
	}
	return "<=1"
}

// TestMetricsAgainstNumpy holds every metric, on types, slices and special values, against what numpy and scipy say.
func TestMetricsAgainstNumpy(t *testing.T) {
	b, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var expected map[string]map[string]Value
	if err := json.Unmarshal(b, &expected); err != nil {
		t.Fatal(err)
	}
	arrays := pairs(t)
	seen := map[string]bool{}
	for target, metrics := range expected {
		name, _, _ := strings.Cut(target, "[")
		for metric, want := range metrics {
			seen[strings.SplitN(metric, "(", 2)[0]] = true
			c := compareBy(t, target+":"+metric+anyBound(metric), name, arrays[name][0], arrays[name][1])
			got := float64(c.Readings[0].Value)
			if diff := math.Abs(got - float64(want)); got != float64(want) && !(diff <= 1e-12+1e-9*math.Abs(float64(want))) {
				t.Errorf("%s %s: %v, numpy has %v", target, metric, got, want)
			}
			if c.Readings[0].Output != target || c.Readings[0].Metric != metric {
				t.Errorf("%s %s reads as %+v", target, metric, c.Readings[0])
			}
		}
	}
	for _, name := range Metrics() {
		if !seen[name] {
			t.Errorf("no expected value of %s", name)
		}
	}
}

func f32(values ...float32) *tensor.Tensor { return tensor.Of(tensor.F32, values, len(values)) }

var (
	inf = float32(math.Inf(1))
	nan = float32(math.NaN())
)

func TestSpecialValues(t *testing.T) {
	tests := []struct {
		name      string
		ref, got  *tensor.Tensor
		pass      bool
		nonFinite bool
	}{
		{"equal infinities are equal", f32(1, inf, -inf), f32(1, inf, -inf), true, false},
		{"infinities of the other sign are not", f32(1, inf), f32(1, -inf), false, false},
		{"NaN in the reference fails, even when the result has it too", f32(1, nan), f32(1, nan), false, false},
		{"an infinity in the reference alone fails", f32(1, inf), f32(1, 2), false, false},
		{"NaN in the result", f32(1, 2), f32(1, nan), false, true},
		{"an infinity in the result", f32(1, 2), f32(1, inf), false, true},
		{"NaN in both places at once", f32(nan, 2), f32(1, nan), false, true},
		{"zeros against zeros", f32(0, 0), f32(0, float32(math.Copysign(0, -1))), true, false},
		{"zeros against a small number", f32(0, 0), f32(0, 1e-30), false, false},
		{"numbers against zeros", f32(1, 2), f32(0, 0), false, false},
		{"no elements", f32(), f32(), true, false},
		{"another shape", f32(1, 2), f32(1), false, false},
		{"constants have no range, and equal ones need none", f32(3, 3), f32(3, 3), true, false},
		{"squares below the smallest number", tensor.Of(tensor.F64, []float64{1e-200, 0}, 2), tensor.Of(tensor.F64, []float64{1e-200, 0}, 2), true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, rule := range []string{"max-abs<=1e-12", "mean-abs<=1e-12", "max-rel<=0.1", "rel-l2<=0.1", "rmse<=1e-12", "nrmse<=0.1", "cosine>=0.9",
				"sqnr>=20", "psnr>=20", "kl<=1e-12", "ulp<=1", "equal", "allclose(atol=1e-31,rtol=0.1)"} {
				c := compareBy(t, rule, "y", tt.ref, tt.got)
				if c.Pass != tt.pass || c.NonFinite != tt.nonFinite {
					t.Errorf("%s: pass %v, non-finite %v, value %v", rule, c.Pass, c.NonFinite, c.Readings[0].Value)
				}
				if c.Pass != (c.Ratio <= 1) {
					t.Errorf("%s: pass %v with the ratio %v", rule, c.Pass, c.Ratio)
				}
			}
		})
	}
}

func TestRatio(t *testing.T) {
	ref, got := f32(10, 0), f32(10, 1)
	for _, tt := range []struct {
		rule  string
		ratio float64
		pass  bool
	}{
		{"max-abs<=0.5", 2, false},
		{"max-abs<=2", 0.5, true},
		{"max-abs<=1", 1, true},
		{"max-abs<1", math.Nextafter(1, 2), false},
		{"sqnr>=20", 1, true},
		{"sqnr>20", math.Nextafter(1, 2), false},
		{"sqnr>=40", 10, false},
		{"sqnr>=0", 0.1, true},
		{"equal>=0.75", 2, false},
		{"equal", math.Inf(1), false},
		{"top1", 0, true},
		{"max-abs<=0", math.Inf(1), false},
		{"allclose(atol=0.5,rtol=0)", 2, false},
	} {
		c := compareBy(t, tt.rule, "y", ref, got)
		if math.Abs(c.Ratio-tt.ratio) > 1e-12 && c.Ratio != tt.ratio || c.Pass != tt.pass {
			t.Errorf("%s: ratio %v, pass %v; want %v, %v", tt.rule, c.Ratio, c.Pass, tt.ratio, tt.pass)
		}
	}
}

func TestIdenticalIsPerfect(t *testing.T) {
	for name, p := range pairs(t) {
		for _, rule := range []string{"cosine>=1", "max-rel<=0", "ulp<=0", "equal", "top1", "topk(1)", "kl<=0", "nrmse<=0", "allclose(atol=0,rtol=0)", "sqnr>=1000"} {
			if c := compareBy(t, rule, "y", p[0], p[0]); !c.Pass || c.Ratio > 1 {
				t.Errorf("%s against itself: %s gives %v", name, rule, c.Readings[0].Value)
			}
		}
	}
}

func TestWorstRuleDecides(t *testing.T) {
	ref := []engine.Output{{Name: "a", Tensor: f32(1, 2)}, {Name: "b", Tensor: f32(4, 4)}}
	got := []engine.Output{{Name: "b", Tensor: f32(4, 5)}, {Name: "a", Tensor: f32(1, 2)}} // another order
	var rules []Rule
	for _, s := range []string{"max-abs<=2", "b:max-abs<=0.5", "a:equal"} {
		r, err := ParseRule(s)
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, r)
	}
	a, err := Bind(rules, ref)
	if err != nil {
		t.Fatal(err)
	}
	c, err := a.Compare(ref, got)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Readings) != 4 || c.Pass || c.Ratio != 2 {
		t.Errorf("%+v", c)
	}
	if _, err := a.Compare(ref, got[:1]); err == nil || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("a missing output: %v", err)
	}
}

// TestInferencesOfOneSample has outputs of several inferences under one name: each is compared with its own, and the worst is read.
func TestInferencesOfOneSample(t *testing.T) {
	step := func(y float32, label int64) []engine.Output {
		return []engine.Output{{Name: "y", Tensor: f32(y)}, {Name: "label", Tensor: tensor.Of(tensor.I64, []int64{label}, 1)}}
	}
	ref := append(append(step(1, 7), step(2, 8)...), step(3, 9)...)
	got := append(append(step(1, 7), step(2.5, 8)...), step(3.25, 9)...)
	rules := Default(ref)
	if len(rules) != 2 {
		t.Fatalf("rules %v", rules)
	}
	rules[0].Metric.Name, rules[0].Op, rules[0].Bound = "max-abs", "<=", 0.25
	a, err := Bind(rules, ref)
	if err != nil {
		t.Fatal(err)
	}
	c, err := a.Compare(ref, got)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Readings) != 2 || c.Readings[0].Value != 0.5 || c.Readings[1].Value != 1 || c.Ratio != 2 {
		t.Errorf("%+v", c)
	}
}

func TestValueJSON(t *testing.T) {
	for text, v := range map[string]float64{`"inf"`: math.Inf(1), `"-inf"`: math.Inf(-1), `"nan"`: math.NaN(), `1.5`: 1.5, `-0.1`: -0.1} {
		b, err := json.Marshal(Value(v))
		if err != nil || string(b) != text {
			t.Errorf("%v is written %s, %v", v, b, err)
		}
		var back Value
		if err := json.Unmarshal(b, &back); err != nil || math.Float64bits(float64(back)) != math.Float64bits(v) && v == v || v != v && back == back {
			t.Errorf("%s is read as %v, %v", b, back, err)
		}
	}
	for _, text := range []string{`"infinity"`, `null`, `{}`, `""`, `true`} {
		var v Value
		if err := json.Unmarshal([]byte(text), &v); err == nil {
			t.Errorf("%s is read as %v", text, v)
		}
	}
}

func TestLargeOutputsAreNotCopied(t *testing.T) {
	x := tensor.New(tensor.F32, 1000, 1000)
	a, err := Bind(Default(outputs("y", x)), outputs("y", x))
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := a.Compare(outputs("y", x), outputs("y", x)); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
		t.Errorf("a comparison of 4 MB allocates %d bytes", n)
	}
}

func BenchmarkCompare(b *testing.B) {
	x := tensor.New(tensor.F32, 1<<20)
	for i, d := 0, x.F32s(); i < len(d); i++ {
		d[i] = float32(i%97) - 48
	}
	for _, rule := range []string{"sqnr>=20", "top1", "kl<=1", "ulp<=1"} {
		b.Run(rule, func(b *testing.B) {
			r, _ := ParseRule(rule)
			a, err := Bind([]Rule{r}, outputs("y", x))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(2 * x.Bytes())
			for b.Loop() {
				if _, err := a.Compare(outputs("y", x), outputs("y", x)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
