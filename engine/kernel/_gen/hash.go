package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// hash writes the sum of a hash: 16 lanes of 8 bytes.
func hash(g *generator) {
	g.function("hashAVX2", "func(sums, keys *[16]uint64, data *byte, stripes int)",
		"hashAVX2 is hashGeneric; stripes, of 128 bytes, is positive.")
	sums, keys, data, n := g.pointer("sums"), g.pointer("keys"), g.pointer("data"), g.pointer("stripes")
	step := g.YMM()
	g.VPBROADCASTQ(g.quad(hashStep), step)
	var sum, key [4]reg.VecVirtual
	for i := range sum {
		sum[i], key[i] = g.YMM(), g.YMM()
		g.VMOVDQU(at(sums, i*vector), sum[i])
		g.VMOVDQU(at(keys, i*vector), key[i])
	}
	next := g.label("next")
	g.Label(next)
	for i := range sum {
		x, low, high := g.YMM(), g.YMM(), g.YMM()
		g.VMOVDQU(at(data, i*vector), x)
		g.VPXOR(x, key[i], low)
		g.VPSRLQ(operand.Imm(32), low, high)
		g.VPMULUDQ(low, high, low)
		g.VPSHUFD(operand.Imm(0x4e), x, x) // neighbours exchanged
		g.VPADDQ(x, sum[i], sum[i])
		g.VPADDQ(low, sum[i], sum[i])
		g.VPADDQ(step, key[i], key[i])
	}
	g.move(4*vector, data)
	g.DECQ(n)
	g.JNZ(operand.LabelRef(next))
	for i := range sum {
		g.VMOVDQU(sum[i], at(sums, i*vector))
		g.VMOVDQU(key[i], at(keys, i*vector))
	}
	g.VZEROUPPER()
	g.RET()
}

// hashStep is the odd number nearest to 2^64 divided by the golden ratio: what is added to the keys from stripe to stripe.
const hashStep = 0x9e3779b97f4a7c15
