package kernel

import "math"

// RoundOddUp writes src to dst, which may be src, on the grid of bf16 as the plugin's Convert from other types than f32 does it: half a step is
// added only where the step below is odd, then the rest is cut off. Source: bfloat16.hpp of OpenVINO's CPU plugin; measured on Converts of f16.
func (w *Workers) RoundOddUp(dst, src []float32) {
	w.For(len(src), 1<<14, func(lo, hi int) {
		for i, v := range src[lo:hi] {
			b := math.Float32bits(v)
			dst[lo+i] = math.Float32frombits((b + b&0x10000>>1) &^ 0xffff)
		}
	})
}
