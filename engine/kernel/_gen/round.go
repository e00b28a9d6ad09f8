package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// round writes the rounding of vectors to a grid, and the search for an element off the grid.
func round(g *generator) {
	for _, grid := range []struct {
		name    string
		prepare func() func(x reg.VecVirtual) reg.VecVirtual
	}{{"BF16", g.bf16}, {"F16", g.f16}} {
		g.function("round"+grid.name+"AVX2", "func(dst, src *float32, vectors int)",
			"round"+grid.name+"AVX2 writes vectors times 8 elements of src, rounded, to dst.")
		dst, src, n := g.pointer("dst"), g.pointer("src"), g.pointer("vectors")
		round := grid.prepare()
		g.unrolled(n, 4, func(i int) {
			x := g.YMM()
			g.VMOVUPS(at(src, i*vector), x)
			g.VMOVUPS(round(x), at(dst, i*vector))
		}, func(n int) { g.move(n*vector, dst, src) })
		g.VZEROUPPER()
		g.RET()

		g.function("offGrid"+grid.name+"AVX2", "func(src *float32, vectors int) bool",
			"offGrid"+grid.name+"AVX2 reports whether rounding changes the bits of one of vectors times 8 elements of src.")
		src, n = g.pointer("src"), g.pointer("vectors")
		round = grid.prepare()
		changed := g.YMM()
		g.VPXOR(changed, changed, changed)
		g.unrolled(n, 4, func(i int) {
			x, d := g.YMM(), g.YMM()
			g.VMOVUPS(at(src, i*vector), x)
			g.VPXOR(x, round(x), d)
			g.VPOR(d, changed, changed)
		}, func(n int) { g.move(n*vector, src) })
		result := g.GP8()
		g.VPTEST(changed, changed)
		g.SETNE(result)
		g.Store(result, g.ReturnIndex(0))
		g.VZEROUPPER()
		g.RET()
	}
}

// bf16 returns the rounding to bf16: to the nearest, ties to even, by an addition to the bits; NaN becomes quiet.
func (g *generator) bf16() func(reg.VecVirtual) reg.VecVirtual {
	half, unit, mask, quiet := g.bits(0x7fff), g.bits(1), g.bits(0xffff0000), g.bits(1<<22)
	return func(x reg.VecVirtual) reg.VecVirtual {
		r, nan, q := g.YMM(), g.YMM(), g.YMM()
		g.VPSRLD(operand.Imm(16), x, r)
		g.VPAND(unit, r, r)
		g.VPADDD(half, r, r)
		g.VPADDD(x, r, r)
		g.VPAND(mask, r, r)
		g.VCMPPS(operand.Imm(3), x, x, nan) // unordered
		g.VPOR(quiet, x, q)
		g.VBLENDVPS(nan, q, r, r)
		return r
	}
}

// f16 returns the rounding to f16, that of VCVTPS2PH with mode 0: to the nearest, ties to even.
func (g *generator) f16() func(reg.VecVirtual) reg.VecVirtual {
	return func(x reg.VecVirtual) reg.VecVirtual {
		h, r := g.XMM(), g.YMM()
		g.VCVTPS2PH(operand.Imm(0), x, h)
		g.VCVTPH2PS(h, r)
		return r
	}
}

// move adds bytes to pointers.
func (g *generator) move(bytes int, pointers ...reg.GPVirtual) {
	for _, p := range pointers {
		g.ADDQ(operand.I32(int32(bytes)), p)
	}
}

// bits returns a vector of 8 times the bits.
func (g *generator) bits(b uint32) reg.VecVirtual {
	v := g.YMM()
	g.VBROADCASTSS(g.word(b), v)
	return v
}

// value returns a vector of 8 times v.
func (g *generator) value(v float64) reg.VecVirtual { return g.bits(math.Float32bits(float32(v))) }
