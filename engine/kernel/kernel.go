// Package kernel holds the few loops in which a network spends its time: products of matrices, convolutions and their transposes, maximum
// pooling, rounding to bf16 and f16, elementary functions, arithmetic of slices, hashing, and the threads that run them.
//
// Results have the same bits for any number of threads and any division of the work: every element of a product or convolution is one chain
// of multiply-adds in f32 in an order that its function documents, and an element of an elementwise function depends on its operands alone.
//
// There are two levels (Level). "avx2" is assembly for amd64 with AVX2, FMA and F16C, and with AVX-512 where that gives the same bits faster, written by the generator in _gen (`go generate`); its
// multiply-adds are fused, and the tests compare it bit for bit with chains of exact fused multiply-adds. "generic" is the same in Go, for other
// processors and with -tags noasm. There the compiler decides whether a multiply-add is fused (on amd64 it is not, on arm64 it is), so a sum
// of n products may differ between levels by n*2^-24 times the sum of their magnitudes, and elementary functions by the bounds that they
// state. Rounding, maximum and hashing are the same on both.
package kernel

//go:generate go run -C _gen .
