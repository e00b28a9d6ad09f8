package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// row writes the loops over rows of images and results.
func row(g *generator) {
	g.rowGather()
	g.rowTaps("rowTapsAVX2", 1, func(src operand.Mem) reg.VecVirtual {
		x := g.YMM()
		g.VMOVUPS(src, x)
		return x
	})
	g.rowTaps("rowTapsByTwoAVX2", 2, g.everySecond)
	g.function("addScalarAVX2", "func(x *float32, v float32, vectors int)", "addScalarAVX2 adds v to vectors times 8 elements; vectors is positive.")
	x, n, v := g.pointer("x"), g.pointer("vectors"), g.broadcast("v")
	g.unrolled(n, 4, func(i int) {
		y := g.YMM()
		g.VADDPS(at(x, i*vector), v, y)
		g.VMOVUPS(y, at(x, i*vector))
	}, func(n int) { g.move(n*vector, x) })
	g.VZEROUPPER()
	g.RET()
}

// rowGather writes the packing of image columns that are not neighbours.
func (g *generator) rowGather() {
	g.function("gatherAVX2", "func(dst, image *float32, taps *int, n int, places *[16]int32)",
		"gatherAVX2 writes image[taps[k]+places[j]] to dst[16*k+j] for k < n; n is positive.")
	dst, image, taps, n, places := g.pointer("dst"), g.pointer("image"), g.pointer("taps"), g.pointer("n"), g.pointer("places")
	index := [2]reg.VecVirtual{g.YMM(), g.YMM()}
	for i := range index {
		g.VMOVDQU(at(places, i*vector), index[i])
	}
	next := g.label("next")
	g.Label(next)
	address := g.GP64()
	g.MOVQ(at(taps, 0), address)
	g.LEAQ(operand.Mem{Base: image, Index: address, Scale: 4}, address)
	for i := range index {
		all, x := g.YMM(), g.YMM()
		g.VPCMPEQD(all, all, all)
		g.VXORPS(x, x, x)
		g.VGATHERDPS(all, operand.Mem{Base: address, Index: index[i], Scale: 4}, x)
		g.VMOVUPS(x, at(dst, i*vector))
	}
	g.move(8, taps)
	g.move(2*vector, dst)
	g.DECQ(n)
	g.JNZ(operand.LabelRef(next))
	g.VZEROUPPER()
	g.RET()
}

// rowTaps writes the sums of a depthwise convolution along a row; load returns every stride-th of the elements at an address.
func (g *generator) rowTaps(name string, stride int, load func(operand.Mem) reg.VecVirtual) {
	elements := map[int]string{1: "x", 2: "2*x"}[stride]
	g.function(name, "func(dst, src *float32, taps *int, weights *float32, n, vectors int)",
		name+" writes the sum of weights[k]*src[taps[k]+"+elements+"] over k < n to dst[x] for x < 8*vectors; n and vectors are positive.")
	dst, src, taps, weights := g.pointer("dst"), g.pointer("src"), g.pointer("taps"), g.pointer("weights")
	n, left := g.pointer("n"), g.pointer("vectors")
	block := func(wide int) {
		sums := make([]reg.VecVirtual, wide)
		for i := range sums {
			sums[i] = g.YMM()
			g.VXORPS(sums[i], sums[i], sums[i])
		}
		k, next := g.GP64(), g.label("tap")
		g.XORQ(k, k)
		g.Label(next)
		tap, w := g.GP64(), g.YMM()
		g.MOVQ(operand.Mem{Base: taps, Index: k, Scale: 8}, tap)
		g.VBROADCASTSS(operand.Mem{Base: weights, Index: k, Scale: 4}, w)
		for i := range sums {
			g.VFMADD231PS(load(operand.Mem{Base: src, Index: tap, Scale: 4, Disp: i * stride * vector}), w, sums[i])
		}
		g.INCQ(k)
		g.CMPQ(k, n)
		g.JL(operand.LabelRef(next))
		for i := range sums {
			g.VMOVUPS(sums[i], at(dst, i*vector))
		}
	}
	const wide = 4
	many, rest, done := g.label("many"), g.label("rest"), g.label("done")
	g.SUBQ(operand.Imm(wide), left)
	g.JL(operand.LabelRef(rest))
	g.Label(many)
	block(wide)
	g.move(wide*vector, dst)
	g.move(wide*stride*vector, src)
	g.SUBQ(operand.Imm(wide), left)
	g.JGE(operand.LabelRef(many))
	g.Label(rest)
	g.ADDQ(operand.Imm(wide), left)
	for n := wide - 1; n > 0; n-- { // what is left has its own loop for each number of vectors, with that many sums in flight
		next := g.label("fewer")
		g.CMPQ(left, operand.Imm(uint64(n)))
		g.JNE(operand.LabelRef(next))
		block(n)
		g.JMP(operand.LabelRef(done))
		g.Label(next)
	}
	g.Label(done)
	g.VZEROUPPER()
	g.RET()
}
