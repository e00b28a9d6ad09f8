package onnxruntime_test

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"halfway/engine"
	"halfway/engine/builtin"
	"halfway/engine/enginetest"
	"halfway/engine/onnxruntime"
	"halfway/engine/tensor"
)

// A subject is a model in both engines.
type subject struct {
	own, runtime engine.Engine
	sample       engine.Sample
	unplaced     []int
}

func open(t *testing.T, model, input, view string, precision tensor.DType, limit time.Duration) subject {
	t.Helper()
	interpreter := enginetest.PythonWith(t, "onnxruntime")
	m, err := builtin.Open(model)
	if err != nil {
		t.Fatal(err)
	}
	s := enginetest.Sample(t, input, m.Inputs())
	shapes := map[string][]int{}
	for name, v := range s.Inputs {
		shapes[name] = v.Shape
	}
	own, err := m.Engine(builtin.Options{View: view, Precision: precision, Shapes: shapes, Memory: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(own.Close)
	temp := t.TempDir()
	e, err := onnxruntime.New(context.Background(), model, m, own, precision, onnxruntime.Options{Python: interpreter, Timeout: limit, Temp: temp})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("%v, %d files are left", err, len(left))
		}
	})
	return subject{own, e, s, m.ONNX().Place(own.Roundings()).Unplaced}
}

func TestConforms(t *testing.T) {
	input, model := enginetest.Shared(t, "corpus/mnist/input.npz"), enginetest.Shared(t, "models/onnx/mnist/mnist.onnx")
	enginetest.Conform(t, func(t *testing.T) enginetest.Subject {
		s := open(t, model, input, "plugin", tensor.F16, 0)
		hurried := open(t, model, input, "plugin", tensor.F16, time.Microsecond)
		return enginetest.Subject{Engine: s.runtime, Sample: s.sample, Hurried: hurried.runtime}
	})
}

// TestErrorsAgree holds the error that rounding makes in ONNX Runtime against that of the built-in engine: the correlation of the two is 1 where both
// round at the same ports, up to values near a tie that their own order of summation moves to the other side.
func TestErrorsAgree(t *testing.T) {
	for _, c := range []struct {
		name, model, input, view string
		precision                tensor.DType
		least                    float64
	}{
		{"nodes with two outer values", "models/onnx/basic-pitch/nmp.onnx", "corpus/basic-pitch", "plugin", tensor.BF16, 0.99},
		{"nodes that the file does not have", "models/onnx/basic-pitch/nmp.onnx", "corpus/basic-pitch", "plain", tensor.BF16, 0.99},
		{"f16", "models/onnx/mnist/mnist.onnx", "corpus/mnist", "plain", tensor.F16, 0.99},
		{"bf16 in opset 7", "models/onnx/mnist/mnist.onnx", "corpus/mnist", "plugin", tensor.BF16, 0.999},
		{"bf16 in opset 11", "models/onnx/mlsd/mlsd_320x320_tiny.onnx", "corpus/mlsd", "plugin", tensor.BF16, 0.99},
		{"normalisations folded into weights", "models/onnx/ultraface/version-RFB-320.onnx", "corpus/ultraface", "plugin", tensor.BF16, 0.99},
		{"the variance chain of a normalisation", "models/onnx/magika/model.onnx", "corpus/magika", "plugin", tensor.BF16, 0.99},
		{"a scale that moves through data movement", "corpus/models/llama/llama.onnx", "corpus/llama-onnx", "plugin", tensor.BF16, 0.9}, // the plugin agrees with itself to 0.93
		{"branches", "models/onnx/silero/silero_vad.onnx", "corpus/silero", "plugin", tensor.F16, 0.99},
		{"two nodes of one name", "cases/l1-duplicate-tag/model.onnx", "cases/l1-duplicate-tag", "plugin", tensor.BF16, 0.99},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, enginetest.Shared(t, c.model), enginetest.Shared(t, c.input, "input.npz"), c.view, c.precision, 0)
			ctx := context.Background()
			list, err := s.own.Candidates(ctx)
			if err != nil {
				t.Fatal(err)
			}
			half, random := engine.NewSet(len(list)), rand.New(rand.NewPCG(1, 2))
			for p := range list {
				if random.IntN(2) == 0 {
					half.Add(p)
				}
			}
			unplaced := engine.SetOf(s.unplaced...)
			for name, set := range map[string]engine.Set{"all": engine.All(len(list)), "half": half, "prefix": engine.Prefix(list, len(list)/2)} {
				set = set.Minus(unplaced)
				own, there := errorOf(t, s.own, set, s.sample), errorOf(t, s.runtime, set, s.sample)
				if r := correlation(own, there); !(r >= c.least) {
					t.Errorf("%s enforced: the errors of the engines have the correlation %.4f, want %v (norms %.4g, %.4g)", name, r, c.least,
						math.Sqrt(dot(own, own)), math.Sqrt(dot(there, there)))
				} else {
					t.Logf("%s: %.5f", name, r)
				}
			}
		})
	}
}

// errorOf is what enforcing set changes in all float outputs.
func errorOf(t *testing.T, e engine.Engine, set engine.Set, s engine.Sample) []float64 {
	t.Helper()
	var all [2][]float64
	for i, enforced := range []engine.Set{{}, set} {
		o, err := e.Run(context.Background(), enforced, s)
		if err != nil {
			t.Fatal(err)
		}
		for _, out := range o.Outputs {
			if out.Tensor.Type != tensor.F32 {
				continue
			}
			for _, v := range out.Tensor.F32s() {
				all[i] = append(all[i], float64(v))
			}
		}
	}
	for i := range all[0] {
		all[1][i] -= all[0][i]
	}
	return all[1]
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func correlation(a, b []float64) float64 { return dot(a, b) / math.Sqrt(dot(a, a)*dot(b, b)) }

// TestWhatIsRefused has errors that say what to do.
func TestWhatIsRefused(t *testing.T) {
	for _, c := range []struct{ name, model, want string }{
		{"an IR", "../../testdata/tiny-lm/model.xml", "--engine openvino runs this one"},
		{"weights in f16", enginetest.Shared(t, "models/onnx/squeezenet/SqueezeNet_fp16.onnx"), "only a model in f32 has an f32 reference"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := builtin.Open(c.model)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			own, err := m.Engine(builtin.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer own.Close()
			_, err = onnxruntime.New(context.Background(), c.model, m, own, tensor.BF16, onnxruntime.Options{Python: "none"})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
