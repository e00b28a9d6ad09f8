package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// arithmetic writes the functions of two vectors, and the limits of one.
func arithmetic(g *generator) {
	g.binary("addAVX2", "a + b", func(a, b, y reg.VecVirtual) { g.VADDPS(b, a, y) })
	g.binary("subtractAVX2", "a - b", func(a, b, y reg.VecVirtual) { g.VSUBPS(b, a, y) })
	g.binary("multiplyAVX2", "a * b", func(a, b, y reg.VecVirtual) { g.VMULPS(b, a, y) })
	g.binary("divideAVX2", "a / b", func(a, b, y reg.VecVirtual) { g.VDIVPS(b, a, y) })
	g.binary("maxAVX2", "a where a > b, else b,", func(a, b, y reg.VecVirtual) { g.VMAXPS(b, a, y) })
	g.binary("minAVX2", "a where a < b, else b,", func(a, b, y reg.VecVirtual) { g.VMINPS(b, a, y) })

	g.relu()
	g.function("clampAVX2", "func(dst, src *float32, least, most float32, vectors int)",
		"clampAVX2 writes least where src is less or NaN, most where it is more, else src, to dst for vectors times 8 elements; vectors is positive.")
	dst, src, n := g.pointer("dst"), g.pointer("src"), g.pointer("vectors")
	least, most := g.broadcast("least"), g.broadcast("most")
	g.unrolled(n, 4, func(i int) {
		x := g.YMM()
		g.VMOVUPS(at(src, i*vector), x)
		g.VMAXPS(least, x, x)
		g.VMINPS(most, x, x)
		g.VMOVUPS(x, at(dst, i*vector))
	}, func(n int) { g.move(n*vector, dst, src) })
	g.VZEROUPPER()
	g.RET()

	g.function("scaleShiftAVX2", "func(dst, src *float32, scale, shift float32, vectors int)",
		"scaleShiftAVX2 writes scale*src, rounded, plus shift to dst for vectors times 8 elements; vectors is positive.")
	dst, src, n = g.pointer("dst"), g.pointer("src"), g.pointer("vectors")
	scale, shift := g.broadcast("scale"), g.broadcast("shift")
	g.unrolled(n, 4, func(i int) {
		x := g.YMM()
		g.VMULPS(at(src, i*vector), scale, x)
		g.VADDPS(x, shift, x)
		g.VMOVUPS(x, at(dst, i*vector))
	}, func(n int) { g.move(n*vector, dst, src) })
	g.VZEROUPPER()
	g.RET()

	g.hSwish()
	g.maxByTwo()
	g.largest()
}

// hSwish writes x min(max(x/6 + 0.5, 0), 1).
func (g *generator) hSwish() {
	g.function("hSwishAVX2", "func(dst, src *float32, vectors int)", "hSwishAVX2 is HSwish for vectors times 8 elements; vectors is positive.")
	dst, src, n := g.pointer("dst"), g.pointer("src"), g.pointer("vectors")
	sixth, half, one, zero := g.value(1.0/6), g.value(0.5), g.value(1), g.YMM()
	g.VXORPS(zero, zero, zero)
	g.unrolled(n, 4, func(i int) {
		x, y := g.YMM(), g.YMM()
		g.VMOVUPS(at(src, i*vector), x)
		g.VMULPS(x, sixth, y)
		g.VADDPS(half, y, y)
		g.VMAXPS(zero, y, y)
		g.VMINPS(one, y, y)
		g.VMULPS(x, y, y)
		g.VMOVUPS(y, at(dst, i*vector))
	}, func(n int) { g.move(n*vector, dst, src) })
	g.VZEROUPPER()
	g.RET()
}

// maxByTwo writes the greater of elements and every second one of others.
func (g *generator) maxByTwo() {
	g.function("maxByTwoAVX2", "func(dst, src *float32, vectors int)",
		"maxByTwoAVX2 writes src[2*x], where it is greater, to dst[x] for x < 8*vectors; vectors is positive.")
	dst, src, n := g.pointer("dst"), g.pointer("src"), g.pointer("vectors")
	g.unrolled(n, 2, func(i int) {
		x := g.everySecond(at(src, 2*i*vector))
		g.VMAXPS(at(dst, i*vector), x, x)
		g.VMOVUPS(x, at(dst, i*vector))
	}, func(n int) {
		g.move(n*vector, dst)
		g.move(2*n*vector, src)
	})
	g.VZEROUPPER()
	g.RET()
}

// everySecond loads the first, third, ... of 16 elements.
func (g *generator) everySecond(src operand.Mem) reg.VecVirtual {
	x, y := g.YMM(), g.YMM()
	g.VMOVUPS(src, x)
	g.VMOVUPS(src.Offset(vector), y)
	g.VSHUFPS(operand.Imm(0x88), y, x, x) // even elements of both, by halves
	g.VPERMPD(operand.Imm(0xd8), x, x)
	return x
}

// largest writes the maximum of a slice.
func (g *generator) largest() {
	g.function("largestAVX2", "func(src *float32, vectors int) float32",
		"largestAVX2 is the greatest of vectors times 8 elements; where a NaN is among them it is any of them. vectors is positive.")
	src, n, top := g.pointer("src"), g.pointer("vectors"), g.YMM()
	g.VMOVUPS(at(src, 0), top)
	g.unrolled(n, 4, func(i int) { g.VMAXPS(at(src, i*vector), top, top) }, func(n int) { g.move(n*vector, src) })
	half := g.XMM()
	g.VEXTRACTF128(operand.Imm(1), top, half)
	g.VMAXPS(top.AsX(), half, half)
	other := g.XMM()
	g.VPERMILPS(operand.Imm(0x4e), half, other)
	g.VMAXPS(other, half, half)
	g.VPERMILPS(operand.Imm(0xb1), half, other)
	g.VMAXPS(other, half, half)
	g.Store(half, g.ReturnIndex(0))
	g.VZEROUPPER()
	g.RET()
}

// relu writes the positive part of vectors.
func (g *generator) relu() {
	g.function("reluAVX2", "func(dst, src *float32, vectors int)",
		"reluAVX2 writes src where it is positive, else 0, to dst for vectors times 8 elements; vectors is positive.")
	dst, src, n, zero := g.pointer("dst"), g.pointer("src"), g.pointer("vectors"), g.YMM()
	g.VXORPS(zero, zero, zero)
	g.unrolled(n, 4, func(i int) {
		x := g.YMM()
		g.VMOVUPS(at(src, i*vector), x)
		g.VMAXPS(zero, x, x)
		g.VMOVUPS(x, at(dst, i*vector))
	}, func(n int) { g.move(n*vector, dst, src) })
	g.VZEROUPPER()
	g.RET()
}

// binary writes a function of two vectors.
func (g *generator) binary(name, what string, of func(a, b, y reg.VecVirtual)) {
	g.function(name, "func(dst, a, b *float32, vectors int)", name+" writes "+what+" to dst for vectors times 8 elements; vectors is positive.")
	dst, a, b, n := g.pointer("dst"), g.pointer("a"), g.pointer("b"), g.pointer("vectors")
	g.unrolled(n, 4, func(i int) {
		x, y := g.YMM(), g.YMM()
		g.VMOVUPS(at(a, i*vector), x)
		g.VMOVUPS(at(b, i*vector), y)
		of(x, y, y)
		g.VMOVUPS(y, at(dst, i*vector))
	}, func(n int) { g.move(n*vector, dst, a, b) })
	g.VZEROUPPER()
	g.RET()
}

// broadcast returns a vector of 8 times the parameter.
func (g *generator) broadcast(name string) reg.VecVirtual {
	address, err := g.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	v := g.YMM()
	g.VBROADCASTSS(operand.Mem(address.Addr), v)
	return v
}
