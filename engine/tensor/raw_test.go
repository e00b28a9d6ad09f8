package tensor_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"halfway/engine/tensor"
)

// TestDecode: the values are those of the types' specifications (IEEE 754, OCP FP8 and MX, QLoRA's NormalFloat4), written out here.
func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name  string
		t     tensor.DType
		bytes []byte
		n     int
		want  string
	}{
		{"f16: one, the largest, the smallest subnormal, infinity", tensor.F16, []byte{0, 0x3c, 0xff, 0x7b, 1, 0, 0, 0x7c}, 4, "[1 65504 5.9604645e-08 +Inf]"},
		{"bf16: one, minus two, 256", tensor.BF16, []byte{0x80, 0x3f, 0, 0xc0, 0x80, 0x43}, 3, "[1 -2 256]"},
		{"e4m3: one, the largest, the smallest, NaN", tensor.F8E4M3, []byte{0x38, 0x7e, 0x01, 0x7f}, 4, "[1 448 0.001953125 NaN]"},
		{"e5m2: one, the largest, infinity", tensor.F8E5M2, []byte{0x3c, 0x7b, 0x7c}, 3, "[1 57344 +Inf]"},
		{"e8m0: one, two, the smallest scale", tensor.F8E8M0, []byte{127, 128, 0}, 3, "[1 2 5.877472e-39]"},
		{"e2m1: low nibble first", tensor.F4E2M1, []byte{0x72, 0x0f}, 3, "[1 6 -6]"},
		{"nf4: the ends and zero", tensor.NF4, []byte{0xf0, 0x07}, 3, "[-1 1 0]"},
		{"i4: low nibble first, signed", tensor.I4, []byte{0x8f, 0x07}, 3, "[-1 -8 7]"},
		{"u4", tensor.U4, []byte{0x8f}, 2, "[15 8]"},
		{"u2: low bits first", tensor.U2, []byte{0b11_10_01_00}, 4, "[0 1 2 3]"},
		{"u1: high bit first", tensor.U1, []byte{0b1010_0001}, 8, "[1 0 1 0 0 0 0 1]"},
		{"i16", tensor.I16, []byte{0xfe, 0xff, 1, 0}, 2, "[-2 1]"},
		{"booleans of any bits are valid ones", tensor.Bool, []byte{0, 1, 2}, 3, "[false true true]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := tensor.Raw{Type: c.t, Shape: []int{c.n}, Bytes: c.bytes}.Decode()
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(v.Any()); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, r := range map[string]tensor.Raw{
		"too few bytes":   {Type: tensor.F32, Shape: []int{2}, Bytes: make([]byte, 7)},
		"too many bytes":  {Type: tensor.U4, Shape: []int{2}, Bytes: make([]byte, 2)},
		"an unknown type": {Shape: []int{0}},
		"an overflow":     {Type: tensor.F32, Shape: []int{1 << 40, 1 << 40}, Bytes: nil},
	} {
		if v, err := r.Decode(); err == nil {
			t.Errorf("%s: got %v, want an error", name, v)
		}
	}
}

// TestRound holds rounding to bf16 against its definition: the nearest of the two neighbours, the even one of a tie.
func TestRound(t *testing.T) {
	for _, c := range []struct{ v, want float32 }{
		{1, 1}, {257, 256}, {258, 258}, {259, 260}, {-257, -256}, {1.00390625, 1}, {1.01171875, 1.015625}, {3.3961776e38, float32(math.Inf(1))},
		{1e-40, 1.0101e-40}, {float32(math.Copysign(0, -1)), float32(math.Copysign(0, -1))},
	} {
		got := tensor.Round(tensor.BF16, c.v)
		low, high := math.Float32frombits(math.Float32bits(c.v)&^0xffff), math.Float32frombits(math.Float32bits(c.v)&^0xffff+0x10000)
		if c.v == 1e-40 { // a subnormal: one of its neighbours, the nearer
			if got != low && got != high || math.Abs(float64(got-c.v)) > math.Abs(float64(high-low))/2 {
				t.Errorf("%g rounds to %g, its neighbours are %g and %g", c.v, got, low, high)
			}
			continue
		}
		if got != c.want || math.Signbit(float64(got)) != math.Signbit(float64(c.want)) {
			t.Errorf("%g rounds to %g, want %g", c.v, got, c.want)
		}
	}
	if v := tensor.Round(tensor.F16, 65520); !math.IsInf(float64(v), 1) {
		t.Errorf("65520 rounds to %g in f16, want infinity", v)
	}
	if v := tensor.Round(tensor.BF16, float32(math.NaN())); v == v {
		t.Errorf("NaN rounds to %g", v)
	}
}

func TestElements(t *testing.T) {
	for _, c := range []struct {
		shape []int
		want  int
		err   string
	}{
		{nil, 1, ""}, {[]int{2, 3}, 6, ""}, {[]int{0, 1 << 50}, 0, ""}, {[]int{-1}, 0, "negative"}, {[]int{1 << 32, 1 << 32}, 0, "overflow"},
		{[]int{1 << 39}, 0, "limit"},
	} {
		n, err := tensor.Elements(c.shape)
		if c.err == "" && (err != nil || n != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%v: %d %v, want %d %q", c.shape, n, err, c.want, c.err)
		}
	}
}

// TestAFileThatShrinksWhileMapped becomes an error that names it, not a crash.
func TestAFileThatShrinksWhileMapped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weights.bin")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := tensor.OpenMapping(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	var sum byte
	err = tensor.Guard(func() error {
		for _, b := range m.Bytes() {
			sum += b
		}
		return nil
	})
	if err == nil {
		t.Skip("this system does not fault on it")
	}
	if !strings.Contains(err.Error(), path) {
		t.Errorf("%v does not name the file", err)
	}
}

// TestGuardPassesOtherPanicsOn: only faults of mapped files are errors.
func TestGuardPassesOtherPanicsOn(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the panic was swallowed")
		}
	}()
	_ = tensor.Guard(func() error { panic("a mistake of ours") })
}

func TestMappingRefusesWhatIsNoFile(t *testing.T) {
	for _, path := range []string{t.TempDir(), "/dev/zero", filepath.Join(t.TempDir(), "missing")} {
		if m, err := tensor.OpenMapping(path); err == nil {
			t.Errorf("%s was mapped: %v", path, m)
		}
	}
}

func TestConvertExact(t *testing.T) {
	for _, c := range []struct {
		name string
		from *tensor.Tensor
		to   tensor.DType
		want string // "" is an error
	}{
		{"f64 to f32 without loss", tensor.Of(tensor.F64, []float64{0.5}, 1), tensor.F32, "[0.5]"},
		{"f64 to f32 with loss", tensor.Of(tensor.F64, []float64{0.1}, 1), tensor.F32, ""},
		{"f32 to bf16 on its grid", tensor.Of(tensor.F32, []float32{256}, 1), tensor.BF16, "[256]"},
		{"f32 to bf16 off its grid", tensor.Of(tensor.F32, []float32{257}, 1), tensor.BF16, ""},
		{"i32 to i64", tensor.Of(tensor.I32, []int32{-5}, 1), tensor.I64, "[-5]"},
		{"i64 to i32 too large", tensor.Of(tensor.I64, []int64{1 << 40}, 1), tensor.I32, ""},
		{"whole floats to integers", tensor.Of(tensor.F32, []float32{-3}, 1), tensor.I8, "[-3]"},
		{"fractions to integers", tensor.Of(tensor.F32, []float32{2.5}, 1), tensor.I64, ""},
		{"NaN to an integer", tensor.Of(tensor.F32, []float32{float32(math.NaN())}, 1), tensor.I64, ""},
		{"booleans to floats", tensor.Of(tensor.Bool, []bool{true, false}, 2), tensor.F32, "[1 0]"},
		{"integers to booleans", tensor.Of(tensor.I64, []int64{0, 1}, 2), tensor.Bool, "[false true]"},
		{"2 to boolean", tensor.Of(tensor.I64, []int64{2}, 1), tensor.Bool, ""},
		{"2^63 to u64 and not to i64", tensor.Of(tensor.U64, []uint64{1 << 63}, 1), tensor.I64, ""},
		{"2^53+1 to f64", tensor.Of(tensor.I64, []int64{1<<53 + 1}, 1), tensor.F64, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := tensor.ConvertExact(c.from, c.to)
			switch {
			case c.want == "" && err == nil:
				t.Errorf("got %v, want an error", got.Any())
			case c.want != "" && (err != nil || fmt.Sprint(got.Any()) != c.want):
				t.Errorf("got %v %v, want %s", got, err, c.want)
			}
		})
	}
}
