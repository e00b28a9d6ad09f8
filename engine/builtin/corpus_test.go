package builtin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"halfway/engine"
	"halfway/engine/builtin"
	"halfway/engine/enginetest"
	"halfway/engine/tensor"
)

// corpusCase is what the tests need of a case of the reference data.
type corpusCase struct {
	Model    string
	Inputs   []struct{ Key, Name string }
	OpenVINO struct {
		ReshapedTo [][]int `json:"reshaped_to"`
	}
}

// openCorpus returns an engine for a case of the corpus, with the shapes of its input where the plugin was told them, that input, and the outputs of OpenVINO in f32, or where it
// does not read the model of ONNX Runtime.
func openCorpus(t testing.TB, name string, o builtin.Options) (*builtin.Engine, engine.Sample, []tensor.Named) {
	t.Helper()
	dir := enginetest.Shared(t, "corpus", name)
	var c corpusCase
	readJSON(t, filepath.Join(dir, "case.json"), &c)
	s := engine.Sample{Source: name, Inputs: map[string]*tensor.Tensor{}}
	shapes := map[string][]int{}
	for i, in := range readNPZ(t, filepath.Join(dir, "input.npz")) {
		s.Inputs[c.Inputs[i].Name], shapes[c.Inputs[i].Name] = in.Tensor, in.Tensor.Shape
	}
	if o.Expected = shapes; c.OpenVINO.ReshapedTo != nil || filepath.Ext(c.Model) == ".onnx" {
		o.Shapes, o.Expected = shapes, nil
	}
	outputs := filepath.Join(dir, "openvino-f32.npz")
	if _, err := os.Stat(outputs); err != nil {
		outputs = filepath.Join(dir, "onnxruntime-f32.npz")
	}
	return open(t, enginetest.Shared(t, c.Model), o), s, readNPZ(t, outputs)
}

func open(t testing.TB, path string, o builtin.Options) *builtin.Engine {
	t.Helper()
	m, err := builtin.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	e, err := m.Engine(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	if _, measured := t.(*testing.B); !measured {
		e.Poison()
	}
	return e
}

func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func readNPZ(t testing.TB, path string) []tensor.Named {
	t.Helper()
	a, err := tensor.ReadNPZ(path)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func run(t testing.TB, e *builtin.Engine, set engine.Set, s engine.Sample) engine.Observation {
	t.Helper()
	o, err := e.Run(context.Background(), set, s)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// looser are the limits of f32 outputs that are above 2e-6, with the cause.
var looser = map[string]struct {
	limit float64
	cause string
}{
	"mlsd":               {1e-4, "offsets divide by small numbers; OpenVINO and ONNX Runtime differ by 4e-5 and 2e-4 of the range"},
	"mlsd-ir-fp16":       {1e-4, "as mlsd"},
	"ppocr-det":          {1e-4, "OpenVINO and ONNX Runtime differ by 3e-5"},
	"ppocr-rec":          {1e-5, "OpenVINO and ONNX Runtime differ by 3e-6"},
	"llama-outlier-f32":  {1e-4, "2^12 times a value is added and taken out again: 12 of 24 bits are lost in any order of summation"},
	"llama-outlier2-f32": {1e-4, "as llama-outlier-f32"},
}

// unfused are those of the kernels that round a product before they add it, where that is more.
var unfused = map[string]struct {
	limit float64
	cause string
}{
	"basic-pitch":            {2e-4, "the logarithm of small powers; OpenVINO and ONNX Runtime differ by 2e-4 to 5e-4 of the range"},
	"head-pose-ir-fp16-int8": {0.1, "the last bits of its float convolutions move values to the next integer, which three angles hang on"},
}

// corpusNames are the cases of the corpus whose models are kept.
func corpusNames(t testing.TB) []string {
	t.Helper()
	corpus := enginetest.Shared(t, "corpus")
	entries, err := os.ReadDir(corpus)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, en := range entries {
		var c corpusCase
		if b, err := os.ReadFile(filepath.Join(corpus, en.Name(), "case.json")); err == nil && json.Unmarshal(b, &c) == nil && c.Model != "" {
			names = append(names, en.Name())
		}
	}
	return names
}

// byRootMeanSquare are the cases measured by the root of the mean square difference instead of the largest: OpenVINO's own kernels (AVX2 against
// AVX-512, snippets on or off) differ by up to 3e-4 of the range there.
var byRootMeanSquare = map[string]bool{"llama-outlier-f32": true, "llama-outlier2-f32": true}

// TestF32AgreesWithOpenVINO compares f32 outputs with those of the real plugin, whose kernels sum in another order. The measure is the largest
// difference over the range of the reference's values.
func TestF32AgreesWithOpenVINO(t *testing.T) {
	for _, name := range corpusNames(t) {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(name, "face-detection") {
				t.Skip("compared box by box in TestDetectionsAgreeWithOpenVINO")
			}
			e, s, want := openCorpus(t, name, builtin.Options{})
			got := run(t, e, engine.Set{}, s)
			limit := 2e-6
			if l, ok := looser[name]; ok {
				limit = l.limit
			}
			if l, ok := unfused[name]; ok && builtin.Level() == "generic" {
				limit = l.limit
			}
			for i, w := range want {
				if w.Tensor.Type.IsFloat() {
					checkRange(t, got.Outputs[i].Name, w.Tensor, got.Outputs[i].Tensor, limit, byRootMeanSquare[name])
				}
			}
		})
	}
}

func checkRange(t *testing.T, name string, want, got *tensor.Tensor, limit float64, rms bool) {
	t.Helper()
	d := rangeError(want, got)
	if rms {
		square := 0.0
		for _, e := range difference(got, want) {
			square += e * e
		}
		d = math.Sqrt(square/float64(want.Len())) / rangeOf(want)
	}
	t.Logf("%s: %.2g of the range (limit %.0e)", name, d, limit)
	if !(d <= limit) {
		t.Errorf("%s differs by %g of the range, limit %g", name, d, limit)
	}
}

// rangeOf is the distance of the largest and smallest values, or where there is one only, its size.
func rangeOf(t *tensor.Tensor) float64 {
	d := t.F32s()
	if lo, hi := slices.Min(d), slices.Max(d); lo < hi {
		return float64(hi) - float64(lo)
	}
	return math.Abs(float64(d[0]))
}

func rangeError(ref, got *tensor.Tensor) float64 {
	if ref.Len() != got.Len() {
		return math.Inf(1)
	}
	worst := 0.0
	for _, e := range difference(got, ref) {
		worst = math.Max(worst, math.Abs(e))
	}
	return worst / rangeOf(ref)
}

// TestDetectionsAgreeWithOpenVINO compares the boxes with a confidence above 0.5: the hundreds below are sorted by scores that are nearly
// zero, in an order that any rounding changes.
func TestDetectionsAgreeWithOpenVINO(t *testing.T) {
	for _, name := range []string{"face-detection-retail-ir-fp32", "face-detection-retail-ir-fp16", "face-detection-retail-ir-fp16-int8",
		"face-detection-adas-ir-fp16"} {
		t.Run(name, func(t *testing.T) {
			e, s, want := openCorpus(t, name, builtin.Options{})
			got := run(t, e, engine.Set{}, s)
			a, b := boxes(want[0].Tensor), boxes(got.Outputs[0].Tensor)
			if len(a) == 0 || len(a) != len(b) {
				t.Fatalf("%d boxes, OpenVINO has %d", len(b), len(a))
			}
			for i := range a {
				for j := range a[i] {
					if d := math.Abs(float64(a[i][j] - b[i][j])); !(d <= 1e-4) {
						t.Errorf("box %d, value %d: %v, OpenVINO has %v", i, j, b[i][j], a[i][j])
					}
				}
			}
		})
	}
}

// boxes returns the rows [image, label, confidence, x0, y0, x1, y1] with a confidence above 0.5.
func boxes(t *tensor.Tensor) [][]float32 {
	var r [][]float32
	for d := t.F32s(); len(d) >= 7 && d[0] >= 0; d = d[7:] {
		if d[2] > 0.5 {
			r = append(r, d[:7])
		}
	}
	return r
}

// TestThreadsAndMemoDoNotChangeBits runs prefixes and complements with several numbers of threads and budgets of the memo. The weights of the
// f16 models are decoded, so that a small budget drops them.
func TestThreadsAndMemoDoNotChangeBits(t *testing.T) {
	for _, name := range []string{"llama-outlier-f32", "llama-optimum-f16", "gaze-estimation-ir-fp16"} {
		t.Run(name, func(t *testing.T) {
			want := map[string]string{}
			for _, o := range []builtin.Options{{Threads: 1, Memory: 0}, {Threads: 2, Memory: -1}, {Threads: 3, Memory: 100 << 10}, {Threads: 2, Memory: 1}} {
				checkBits(t, name, o, want)
			}
		})
	}
}

// checkBits compares the keys of several sets with want, where it adds those of sets that are not there.
func checkBits(t *testing.T, name string, o builtin.Options, want map[string]string) {
	e, s, _ := openCorpus(t, name, o)
	list, err := e.Candidates(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	n := len(list)
	sets := []engine.Set{{}, engine.All(n), engine.Prefix(list, n/2), engine.Prefix(list, n/3), engine.All(n).Minus(engine.Prefix(list, n/2)),
		engine.SetOf(n/4, n/2, n-3), engine.Prefix(list, n/2-1), {}}
	for _, set := range sets {
		key := run(t, e, set, s).Key
		if first, ok := want[set.String()]; ok && first != key {
			t.Errorf("threads %d, memory %d: set of %d gives other bits", o.Threads, o.Memory, set.Len())
		}
		want[set.String()] = key
	}
}

// TestWithoutMemoConstantsAreComputedOnce: the weights of an f16 file are converted and packed by the first run, for all that follow.
func TestWithoutMemoConstantsAreComputedOnce(t *testing.T) {
	e, s, _ := openCorpus(t, "gaze-estimation-ir-fp16", builtin.Options{View: "plain", Threads: 1, Memory: 0})
	first := run(t, e, engine.Set{}, s)
	second, third := run(t, e, engine.Set{}, s), run(t, e, engine.Set{}, s)
	if second.Work >= first.Work || second.Work < 0.9 || third.Work != second.Work {
		t.Errorf("runs take %v, %v and %v passes, want less from the second on by what the constants take", first.Work, second.Work, third.Work)
	}
}

// BenchmarkPass measures one pass per model of the corpus, f32 and fully reduced, with nothing remembered but the weights. Beside the mean it reports the
// fastest and the processor time that a tenth of the passes stay below, which other load on the machine disturbs less. The least would be too
// good: single readings of the process's clock fall short by up to two thirds.
func BenchmarkPass(b *testing.B) {
	for _, name := range corpusNames(b) {
		for _, precision := range []tensor.DType{tensor.F32, tensor.BF16, tensor.F16} {
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("%s/%s/threads=%d", name, precision, threads), func(b *testing.B) {
					e, s, _ := openCorpus(b, name, builtin.Options{Precision: precision, Threads: threads, Memory: 0})
					list, err := e.Candidates(context.Background())
					if err != nil {
						b.Fatal(err)
					}
					run(b, e, engine.All(len(list)), s) // packs the weights
					fastest, processor := time.Duration(math.MaxInt64), []time.Duration{}
					for b.Loop() {
						start, before := time.Now(), enginetest.CPUTime(b)
						run(b, e, engine.All(len(list)), s)
						fastest, processor = min(fastest, time.Since(start)), append(processor, enginetest.CPUTime(b)-before)
					}
					b.ReportMetric(fastest.Seconds()*1e3, "fastest-ms")
					slices.Sort(processor)
					b.ReportMetric(processor[len(processor)/10].Seconds()*1e3, "cpu-ms")
				})
			}
		}
	}
}
