package kernel

import "runtime"

// genericMultiplyAdd is the step that Go compiles a*b + c to: fused on arm64, not on amd64.
func genericMultiplyAdd(a, b, c float32) float32 {
	if runtime.GOARCH == "amd64" {
		return float32(a*b) + c
	}
	return fma(a, b, c)
}
