package kernel

import (
	"math/rand/v2"
	"testing"

	"halfway/engine/tensor"
)

func TestHashIsTheSameWithAssemblyAndThreads(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for _, n := range []int{0, 1, 31, 32, 33, 16383, 16384, 16385, 300000} {
		x := tensor.Of(tensor.F32, random(r, n), n)
		want := NewWorkers(1).Hash(x)
		bothLevels(t, func(t *testing.T) {
			if got := NewWorkers(3).Hash(x); got != want {
				t.Errorf("%d elements: %#x, want %#x", n, got, want)
			}
		})
	}
}

// TestHashTellsTensorsApart looks for equal hashes among tensors that differ by little: in one bit, in the order of parts, in the shape.
func TestHashTellsTensorsApart(t *testing.T) {
	w := NewWorkers(2)
	defer w.Close()
	seen := map[uint64]int{}
	n := 0
	add := func(x *tensor.Tensor) {
		h := w.Hash(x)
		if first, ok := seen[h]; ok {
			t.Errorf("tensors %d and %d have the hash %#x", first, n, h)
		}
		seen[h] = n
		n++
	}
	base := make([]uint8, 1000)
	for _, shape := range [][]int{{1000}, {10, 100}, {100, 10}, {1, 1000}, {1000, 1}} {
		add(tensor.Of(tensor.U8, base, shape...))
	}
	for bit := range 8 * len(base) {
		x := make([]uint8, len(base))
		x[bit/8] = 1 << (bit % 8)
		add(tensor.Of(tensor.U8, x, len(x)))
	}
	rising := make([]int32, 1<<14)
	for i := range rising {
		rising[i] = int32(i)
	}
	for i := 0; i+64 <= len(rising); i += 32 { // exchange neighbouring stripes
		x := append([]int32{}, rising...)
		copy(x[i:i+32], rising[i+32:])
		copy(x[i+32:i+64], rising[i:])
		add(tensor.Of(tensor.I32, x, len(x)))
	}
}

func BenchmarkHash(b *testing.B) {
	w := NewWorkers(1)
	defer w.Close()
	x := tensor.New(tensor.F32, 1<<14)
	b.SetBytes(x.Bytes())
	for b.Loop() {
		w.Hash(x)
	}
}
