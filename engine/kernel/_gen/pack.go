package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pack writes the transposition that packs rows of a matrix.
func pack(g *generator) {
	g.function("interleaveAVX2", "func(dst *float32, stride int, rows *[8]*float32, vectors int)",
		"interleaveAVX2 writes the elements k of 8 rows, one after the other, stride bytes from those of k-1, for k < 8*vectors; vectors is positive.",
		"Where stride is less than 8 elements the next ones overwrite what is too much.")
	dst, stride, rows, n := g.pointer("dst"), g.pointer("stride"), g.pointer("rows"), g.pointer("vectors")
	var row [8]reg.GPVirtual
	for i := range row {
		row[i] = g.GP64()
		g.MOVQ(at(rows, 8*i), row[i])
	}
	next := g.label("next")
	g.Label(next)
	x := [8]reg.VecVirtual{}
	for i := range x {
		x[i] = g.YMM()
		g.VMOVUPS(at(row[i], 0), x[i])
	}
	for _, column := range g.transpose(x) {
		g.VMOVUPS(column, at(dst, 0))
		g.ADDQ(stride, dst)
	}
	g.move(vector, row[:]...)
	g.DECQ(n)
	g.JNZ(operand.LabelRef(next))
	g.VZEROUPPER()
	g.RET()
}

// transpose returns the columns of a matrix of 8 rows of 8: pairs, then quadruples of rows are joined within halves, then halves exchanged.
func (g *generator) transpose(x [8]reg.VecVirtual) (columns [8]reg.VecVirtual) {
	var pairs, quads [8]reg.VecVirtual
	for i := 0; i < 8; i += 2 {
		pairs[i], pairs[i+1] = g.YMM(), g.YMM()
		g.VUNPCKLPS(x[i+1], x[i], pairs[i])
		g.VUNPCKHPS(x[i+1], x[i], pairs[i+1])
	}
	for i := 0; i < 8; i += 4 {
		for j := range 4 {
			quads[i+j] = g.YMM()
			low, high := pairs[i+j/2], pairs[i+2+j/2]
			g.VSHUFPS(operand.Imm(uint64(0x44+0xaa*(j%2))), high, low, quads[i+j])
		}
	}
	for j := range 4 {
		columns[j], columns[4+j] = g.YMM(), g.YMM()
		g.VPERM2F128(operand.Imm(0x20), quads[4+j], quads[j], columns[j])
		g.VPERM2F128(operand.Imm(0x31), quads[4+j], quads[j], columns[4+j])
	}
	return columns
}
