package ops

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// RandomUniform (opset8): numbers from min_val to max_val by Philox 4x32-10 (Salmon et al., 2011) or, with the alignment "pytorch", by the
// Mersenne twister MT19937. Every evaluation gives what the first inference of the plugin gives; later ones of the plugin go on in Philox's
// sequence.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/generation/random-uniform-8.html
func init() {
	register("RandomUniform", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		d.Required("output_type")
		r := randomUniform{output: d.DType("output_type", tensor.Invalid), seed: uint64(d.Int("global_seed", 0)), second: uint64(d.Int("op_seed", 0)),
			twister: d.Enum("alignment", "tensorflow", "tensorflow", "pytorch") == "pytorch"}
		if d.Err() == nil && r.seed == 0 && r.second == 0 {
			return nil, errors.New("without a seed every inference differs: set global_seed or op_seed, or make the values an input of the model")
		}
		return r, d.Err()
	})
	for op, reason := range map[string]string{
		"Multinomial":        "its sequence of random numbers is not specified: make the samples an input of the model",
		"StringTensorPack":   "strings are not supported: cut the model after its tokenizer",
		"StringTensorUnpack": "strings are not supported: cut the model after its tokenizer",
	} {
		register(op, func(*graph.Node) (Op, error) { return nil, errors.New(reason) })
	}
}

type randomUniform struct {
	output       tensor.DType
	seed, second uint64
	twister      bool
}

func (r randomUniform) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 3, 3); err != nil {
		return nil, err
	}
	switch r.output {
	case tensor.F32, tensor.I32, tensor.I64:
	default:
		return nil, fmt.Errorf("output_type is %s, want f32, i32 or i64", r.output)
	}
	for i, name := range []string{"min_val", "max_val"} {
		if in[1+i].Type != r.output {
			return nil, fmt.Errorf("input %d (%s) is %s, want %s", 1+i, name, in[1+i].Type, r.output)
		}
		if err := wantOneElement(in, 1+i, name); err != nil {
			return nil, err
		}
	}
	shape, err := vector(in, 0, "shape")
	if err != nil || shape == nil {
		return []Spec{{Type: r.output}}, err
	}
	_, err = tensor.Elements(shape)
	return []Spec{{r.output, shape}}, err
}

func (r randomUniform) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	n := out[0].Len()
	if r.output == tensor.F32 {
		low, high := in[1].F32s()[0], in[2].F32s()[0]
		unit, words := philoxUnit, r.words(w, n)
		if r.twister {
			unit = twisterUnit
		}
		d := out[0].F32s()
		for i, x := range words[:n] {
			d[i] = float32(unit(x)*(high-low)) + low
		}
		return nil
	}
	low, high := intValues(in[1].Tensor)[0], intValues(in[2].Tensor)[0]
	span := uint64(high) - uint64(low)
	if high <= low {
		return fmt.Errorf("min_val %d and max_val %d are no range", low, high)
	}
	if low >= math.MinInt32 && high <= math.MaxInt32 { // as i32, which the plugin makes of all i64; beyond it two words make a number
		words := r.words(w, n)
		putInts(out[0], func(i int) int { return int(uint64(words[i])%span) + low })
		return nil
	}
	words := r.words(w, 2*n)
	putInts(out[0], func(i int) int { return int((uint64(words[2*i])<<32+uint64(words[2*i+1]))%span) + low })
	return nil
}

// words returns at least n random words.
func (r randomUniform) words(w *kernel.Workers, n int) []uint32 {
	if r.twister {
		return twister(uint32(r.seed), n)
	}
	words := make([]uint32, (n+3)/4*4)
	w.For(len(words)/4, 1<<11, func(lo, hi int) {
		for ; lo < hi; lo++ {
			*(*[4]uint32)(words[4*lo:]) = philox(r.seed, uint64(lo), r.second)
		}
	})
	return words
}

// philoxUnit makes a number in [0, 1) of the low 23 bits.
func philoxUnit(x uint32) float32 { return math.Float32frombits(127<<23|x&(1<<23-1)) - 1 }

// twisterUnit makes a number in [0, 1) of the low 24 bits.
func twisterUnit(x uint32) float32 { return float32(x&(1<<24-1)) / (1 << 24) }

// philox returns the block of four words of Philox 4x32-10 at the counter (low, high).
func philox(key, low, high uint64) [4]uint32 {
	k0, k1 := uint32(key), uint32(key>>32)
	c := [4]uint32{uint32(low), uint32(low >> 32), uint32(high), uint32(high >> 32)}
	for range 10 {
		high0, low0 := bits.Mul32(0xd2511f53, c[0])
		high1, low1 := bits.Mul32(0xcd9e8d57, c[2])
		c = [4]uint32{high1 ^ c[1] ^ k0, low1, high0 ^ c[3] ^ k1, low0}
		k0, k1 = k0+0x9e3779b9, k1+0xbb67ae85
	}
	return c
}

// twister returns the first n words of MT19937 (Matsumoto and Nishimura, 1998).
func twister(seed uint32, n int) []uint32 {
	const size, shift = 624, 397
	s := make([]uint32, size, max(size+n, size))
	s[0] = seed
	for i := uint32(1); i < size; i++ {
		s[i] = 1812433253*(s[i-1]^s[i-1]>>30) + i
	}
	for i := range n {
		v := s[i]&(1<<31) | s[i+1]&(1<<31-1)
		s = append(s, s[i+shift]^v>>1^0x9908b0df*(v&1))
	}
	for i, x := range s[size:] {
		x ^= x >> 11
		x ^= x << 7 & 0x9d2c5680
		x ^= x << 15 & 0xefc60000
		s[size+i] = x ^ x>>18
	}
	return s[size:]
}
