package tensor

import (
	"math/rand/v2"
	"testing"
	"unsafe"
)

// TestPoolLendsNothingTwice lends and takes back at random. Every tensor keeps the value that it was filled with, pieces of a chunk follow each other
// without gaps, idle neighbours are joined, and once all is back as much is idle as there is.
func TestPoolLendsNothingTwice(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	p := Pool{Size: 1 << 20}
	var lent []*Tensor
	check := func(x *Tensor) {
		for _, v := range x.F32s() {
			if v != x.F32s()[0] {
				t.Fatal("an element of a tensor was overwritten by another's")
			}
		}
	}
	for i := range 20000 {
		switch {
		case len(lent) > 0 && (random.IntN(5) < 2 || len(lent) > 100):
			k := random.IntN(len(lent))
			check(lent[k])
			p.Release(lent[k])
			lent = append(lent[:k], lent[k+1:]...)
		case len(lent) > 0 && random.IntN(5) == 0:
			x := lent[random.IntN(len(lent))]
			lent = append(lent, x.View(x.Len()))
		default:
			x := p.New(F32, 1+random.IntN(1<<random.IntN(17)))
			if uintptr(unsafe.Pointer(&x.F32s()[0]))%64 != 0 {
				t.Fatal("a tensor does not start at a line")
			}
			for j := range x.F32s() {
				x.F32s()[j] = float32(i)
			}
			lent = append(lent, x)
		}
	}
	for _, x := range lent {
		check(x)
		p.Release(x)
	}
	if p.idle != p.total || p.idle == 0 {
		t.Errorf("%d of %d lines are idle, want all", p.idle, p.total)
	}
	if 64*int64(p.total) > p.Size+64*minChunk {
		t.Errorf("%d bytes stay idle, want at most about %d", 64*p.total, p.Size)
	}
	for _, m := range p.lists {
		for ; m != nil; m = m.nextDn {
			if m.before != nil || m.after != nil {
				t.Error("neighbours are not joined")
			}
		}
	}
}

// TestPoolReuses: what a loop gives back serves its next round.
func TestPoolReuses(t *testing.T) {
	p := Pool{Size: 1 << 20}
	if n := testing.AllocsPerRun(100, func() {
		a, b := p.New(F32, 100), p.New(I64, 7, 9)
		p.Release(a)
		c := p.New(F32, 120)
		p.Release(b)
		p.Release(c)
	}); n > 12 { // four each: the tensor, its shape twice and the head of its elements
		t.Errorf("%v allocations a round, want those of three tensors", n)
	}
	if p.total != minChunk && 64*p.total != 1<<20 {
		t.Errorf("the pool has %d lines, want one chunk", p.total)
	}
}

func TestPieceClassesDivideTheSizes(t *testing.T) {
	last := 0
	for n := 1; n < 1<<16; n++ {
		class := pieceClass(n)
		if class < last || class > last+1 {
			t.Fatalf("%d lines are of class %d, %d lines of class %d", n, class, n-1, last)
		}
		last = class
	}
}
