//go:build !amd64 || noasm

package kernel

import "halfway/engine/tensor"

// Level names the instruction set that the kernels use on this machine: part of what determines a result's last bits.
func Level() string { return "generic" }

func tile(depth int, left, right, c []float32, stride int, load bool) {
	tileGeneric(depth, left, right, c, stride, load)
}

const wideTiles = false

func tileWide(depth int, left, right []float32, apart int, c []float32, stride int, load bool) {}

func tileRow(depth int, left, right []float32, apart int, c []float32, load bool) {
	tileRowGeneric(depth, left, right, apart, c, load)
}

func roundVectors(dst, src []float32, t tensor.DType) int { return 0 }

func onGridVectors(src []float32, t tensor.DType) (n int, on bool) { return 0, true }

func (f function) applyVectors(dst, src []float32) int { return 0 }

func (f pairwise) applyVectors(dst, a, b []float32) int { return 0 }

func clampVectors(dst, src []float32, least, most float32) int { return 0 }

func addScalarVectors(x []float32, v float32) int { return 0 }

func rowTaps(dst, src []float32, n int, taps []int, weights []float32, stride int) {
	rowTapsGeneric(dst[:n], src, taps, weights, stride)
}

func gather(dst, image []float32, taps []int, places *[tileCols]int32) bool { return false }

func interleave(dst []float32, m Matrix, row, n, k0, k1, width int) int { return k0 }

func hashStripes(sums, keys *[hashLanes]uint64, data []byte) { hashGeneric(sums, keys, data) }

func reluVectors(dst, src []float32) int { return 0 }

func scaleShiftVectors(dst, src []float32, scale, shift float32) int { return 0 }

func hSwishVectors(dst, src []float32) int { return 0 }

func quantizeVectors(dst, src []float32, q *Quantizer) int { return 0 }

func floatsOfUnsignedVectors(dst []float32, src []uint8) int { return 0 }

func floatsOfSignedVectors(dst []float32, src []int8) int { return 0 }

func roundToUnsignedVectors(dst []uint8, src []float32) int { return 0 }

func roundToSignedVectors(dst []int8, src []float32) int { return 0 }

func largestVectors(src []float32) (float32, int) { return 0, 0 }

func maxByTwoVectors(dst, src []float32) int { return 0 }
