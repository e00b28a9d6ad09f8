//go:build !noasm

package kernel

import "golang.org/x/sys/cpu"

// vectors tells whether the assembly runs: where the processor has AVX2, FMA and F16C. Tests turn it off.
var vectors = cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasF16C

// Level names the instruction set that the kernels use on this machine: part of what determines a result's last bits.
func Level() string {
	if vectors {
		return "avx2"
	}
	return "generic"
}

// tile computes c += left x right for one tile of which left and right hold depth steps; without load c starts at 0.
func tile(depth int, left, right, c []float32, stride int, load bool) {
	if !vectors || depth == 0 {
		tileGeneric(depth, left, right, c, stride, load)
		return
	}
	_, _, _ = left[depth*tileRows-1], right[depth*tileCols-1], c[(tileRows-1)*stride+tileCols-1]
	tileAVX2(depth, &left[0], &right[0], &c[0], stride*4, load)
}
