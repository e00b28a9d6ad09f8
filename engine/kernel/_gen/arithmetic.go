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
	g.binary("maxAVX2", "a where a > b, else b,", func(a, b, y reg.VecVirtual) { g.VMAXPS(b, a, y) })
	g.binary("minAVX2", "a where a < b, else b,", func(a, b, y reg.VecVirtual) { g.VMINPS(b, a, y) })

	g.relu()
	g.function("clampAVX2", "func(dst, src *float32, least, most float32, vectors int)",
		"clampAVX2 writes least where src is less, most where it is more, else src, to dst for vectors times 8 elements; vectors is positive.")
	dst, src, n := g.pointer("dst"), g.pointer("src"), g.pointer("vectors")
	least, most := g.broadcast("least"), g.broadcast("most")
	g.unrolled(n, 4, func(i int) {
		x := g.YMM()
		g.VMOVUPS(at(src, i*vector), x)
		g.VMAXPS(x, least, x)
		g.VMINPS(x, most, x)
		g.VMOVUPS(x, at(dst, i*vector))
	}, func(n int) { g.move(n*vector, dst, src) })
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
