package tensor

import (
	"fmt"
	"math"

	"github.com/x448/float16"
)

// nf4 are the values of NormalFloat4: QLoRA (Dettmers et al., 2023), appendix E.
var nf4 = [16]float32{-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
	-0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434,
	0.5626170039176941, 0.7229568362236023, 1}

// f4e2m1 are the values of the OCP Microscaling specification's FP4.
var f4e2m1 = [16]float32{0, 0.5, 1, 1.5, 2, 3, 4, 6, negativeZero, -0.5, -1, -1.5, -2, -3, -4, -6}

var negativeZero = float32(math.Copysign(0, -1))

// f8e8m0 are the values of the OCP Microscaling specification's scale type: powers of two, all ones is NaN.
var f8e8m0 = func() (t [256]float32) {
	for i := range t {
		t[i] = float32(math.Ldexp(1, i-127))
	}
	t[255] = float32(math.NaN())
	return t
}()

// f8e4m3 are the values of the OCP FP8 specification's E4M3: bias 7, no infinities, NaN where all exponent and mantissa bits are ones.
var f8e4m3 = func() (t [256]float32) {
	for i := range t {
		exponent, mantissa := i>>3&15, float64(i&7)
		v := math.Ldexp(8+mantissa, exponent-10)
		if exponent == 0 {
			v = math.Ldexp(mantissa, -9)
		}
		if i&0x7f == 0x7f {
			v = math.NaN()
		}
		if i >= 128 {
			v = math.Copysign(v, -1)
		}
		t[i] = float32(v)
	}
	return t
}()

// Round returns v on the grid of t, which is F32, F16 or BF16: nearest, ties to even, subnormals kept, overflow to infinity. It is for
// single values; hot loops have kernels of their own.
func Round(t DType, v float32) float32 {
	switch t {
	case F32:
		return v
	case F16:
		return float16.Fromfloat32(v).Float32()
	case BF16:
		b := math.Float32bits(v)
		if v != v {
			return math.Float32frombits(b | 1<<22)
		}
		return math.Float32frombits((b + 0x7fff + b>>16&1) &^ 0xffff)
	}
	panic(fmt.Sprintf("tensor.Round: no grid of %s", t))
}
