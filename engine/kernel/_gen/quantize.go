package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// quantize writes FakeQuantize and the conversions between bytes and floats.
func quantize(g *generator) {
	g.function("quantizeAVX2", "func(dst, src *float32, of *[6]float32, vectors int)",
		"quantizeAVX2 is Quantize for vectors times 8 elements, with fused multiply-adds; vectors is positive.")
	dst, src, of, n := g.pointer("dst"), g.pointer("src"), g.pointer("of"), g.pointer("vectors")
	var p [6]reg.VecVirtual // in the order of the fields
	for i := range p {
		p[i] = g.YMM()
		g.VBROADCASTSS(at(of, 4*i), p[i])
	}
	g.unrolled(n, 4, func(i int) {
		x, y := g.YMM(), g.YMM()
		g.VMOVUPS(at(src, i*vector), x)
		g.VMAXPS(p[0], x, x)
		g.VMINPS(p[1], x, x)
		g.VFMADD213PS(p[3], p[2], x)
		g.VROUNDPS(operand.Imm(8), x, y)
		g.VFMADD213PS(p[5], p[4], y)
		g.VMOVUPS(y, at(dst, i*vector))
	}, func(n int) { g.move(n*vector, dst, src) })
	g.VZEROUPPER()
	g.RET()

	for _, c := range []struct {
		name, what string
		widen      func(ops ...operand.Op)
	}{
		{"floatsOfUnsignedAVX2", "uint8", func(ops ...operand.Op) { g.VPMOVZXBD(ops[0], ops[1]) }},
		{"floatsOfSignedAVX2", "int8", func(ops ...operand.Op) { g.VPMOVSXBD(ops[0], ops[1]) }},
	} {
		g.function(c.name, "func(dst *float32, src *"+c.what+", vectors int)", c.name+" converts vectors times 8 elements; vectors is positive.")
		dst, src, n := g.pointer("dst"), g.pointer("src"), g.pointer("vectors")
		g.unrolled(n, 4, func(i int) {
			x := g.YMM()
			c.widen(at(src, i*8), x)
			g.VCVTDQ2PS(x, x)
			g.VMOVUPS(x, at(dst, i*vector))
		}, func(n int) {
			g.move(n*vector, dst)
			g.move(n*8, src)
		})
		g.VZEROUPPER()
		g.RET()
	}

	g.function("roundToBytesAVX2", "func(dst *uint8, src *float32, least, most float32, vectors int)",
		"roundToBytesAVX2 writes vectors times 8 elements, limited to least and most and rounded to the nearest (ties to even), as bytes; vectors is positive.",
		"NaN is 0.")
	dst, src, n = g.pointer("dst"), g.pointer("src"), g.pointer("vectors")
	least, most := g.broadcast("least"), g.broadcast("most")
	low := g.YMM()
	g.VBROADCASTSS(g.word(0x0c080400), low) // the low byte of each element
	g.unrolled(n, 2, func(i int) {
		x, number, high := g.YMM(), g.YMM(), g.XMM()
		g.VMOVUPS(at(src, i*vector), x)
		g.VCMPPS(operand.Imm(7), x, x, number) // ordered
		g.VANDPS(number, x, x)
		g.VMAXPS(x, least, x)
		g.VMINPS(x, most, x)
		g.VCVTPS2DQ(x, x)
		g.VPSHUFB(low, x, x)
		g.VEXTRACTI128(operand.Imm(1), x, high)
		g.VPUNPCKLDQ(high, x.AsX(), high)
		g.VMOVQ(high, at(dst, i*8))
	}, func(n int) {
		g.move(n*vector, src)
		g.move(n*8, dst)
	})
	g.VZEROUPPER()
	g.RET()
}
