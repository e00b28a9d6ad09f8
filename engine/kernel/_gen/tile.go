package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	rows   = 6
	vector = 32 // bytes

	rowPanels = 4
)

// tile writes the tile of products: 12 sums of 8 elements stay in registers.
func tile(g *generator) {
	g.function("tileAVX2", "func(depth int, left, right, c *float32, stride int, load bool)",
		"tileAVX2 is tileGeneric with fused multiply-adds; depth is positive and stride in bytes.")
	depth, left, right, c := g.pointer("depth"), g.pointer("left"), g.pointer("right"), g.pointer("c")
	stride := g.pointer("stride")
	load := g.Load(g.Param("load"), g.GP8())
	var sums [rows][2]reg.VecVirtual
	for i := range sums {
		sums[i] = [2]reg.VecVirtual{g.YMM(), g.YMM()}
	}
	g.TESTB(load, load)
	g.JZ(operand.LabelRef("zero"))
	g.eachRow(c, stride, func(i int, row reg.Register) {
		g.VMOVUPS(at(row, 0), sums[i][0])
		g.VMOVUPS(at(row, vector), sums[i][1])
	})
	g.JMP(operand.LabelRef("sum"))
	g.Label("zero")
	for i := range sums {
		g.VXORPS(sums[i][0], sums[i][0], sums[i][0])
		g.VXORPS(sums[i][1], sums[i][1], sums[i][1])
	}
	g.Label("sum")
	g.unrolled(depth, 4, func(step int) { g.tileStep(left, right, sums, step) }, func(n int) {
		g.ADDQ(operand.I32(int32(n*rows*4)), left)
		g.ADDQ(operand.I32(int32(n*2*vector)), right)
	})
	g.eachRow(c, stride, func(i int, row reg.Register) {
		g.VMOVUPS(sums[i][0], at(row, 0))
		g.VMOVUPS(sums[i][1], at(row, vector))
	})
	g.VZEROUPPER()
	g.RET()
	tileWide(g)
	tileRow(g)
}

// tileWide writes the tiles of two panels of the right operand at once: 12 sums of 16 elements.
func tileWide(g *generator) {
	g.function("tileWideAVX512", "func(depth int, left, right *float32, apart int, c *float32, stride int, load bool)",
		"tileWideAVX512 is tileAVX2 for two panels of the right operand that lie apart bytes from each other, to the same bits.")
	depth, left, right, apart, c := g.pointer("depth"), g.pointer("left"), g.pointer("right"), g.pointer("apart"), g.pointer("c")
	stride := g.pointer("stride")
	load := g.Load(g.Param("load"), g.GP8())
	var sums [rows][2]reg.VecVirtual
	for i := range sums {
		sums[i] = [2]reg.VecVirtual{g.ZMM(), g.ZMM()}
		g.VPXORD(sums[i][0], sums[i][0], sums[i][0])
		g.VPXORD(sums[i][1], sums[i][1], sums[i][1])
	}
	start := g.label("sum")
	g.TESTB(load, load)
	g.JZ(operand.LabelRef(start))
	g.eachRow(c, stride, func(i int, row reg.Register) {
		g.VMOVUPS(at(row, 0), sums[i][0])
		g.VMOVUPS(at(row, 2*vector), sums[i][1])
	})
	g.Label(start)
	g.unrolled(depth, 4, func(step int) {
		b0, b1 := g.ZMM(), g.ZMM()
		g.VMOVUPS(at(right, step*2*vector), b0)
		g.VMOVUPS(operand.Mem{Base: right, Index: apart, Scale: 1, Disp: step * 2 * vector}, b1)
		for i := range rows {
			a := g.ZMM()
			g.VBROADCASTSS(at(left, (step*rows+i)*4), a)
			g.VFMADD231PS(b0, a, sums[i][0])
			g.VFMADD231PS(b1, a, sums[i][1])
		}
	}, func(n int) {
		g.move(n*rows*4, left)
		g.move(n*2*vector, right)
	})
	g.eachRow(c, stride, func(i int, row reg.Register) {
		g.VMOVUPS(sums[i][0], at(row, 0))
		g.VMOVUPS(sums[i][1], at(row, 2*vector))
	})
	g.VZEROUPPER()
	g.RET()
}

// tileStep adds the products of step number step after left and right.
func (g *generator) tileStep(left, right reg.Register, sums [rows][2]reg.VecVirtual, step int) {
	b0, b1 := g.YMM(), g.YMM()
	g.VMOVUPS(at(right, step*2*vector), b0)
	g.VMOVUPS(at(right, step*2*vector+vector), b1)
	for i := range rows {
		a := g.YMM()
		g.VBROADCASTSS(at(left, (step*rows+i)*4), a)
		g.VFMADD231PS(b0, a, sums[i][0])
		g.VFMADD231PS(b1, a, sums[i][1])
	}
}

// tileRow writes the tile of one row: rowPanels panels of the right operand at a time, so that enough sums are in flight.
func tileRow(g *generator) {
	g.function("tileRowAVX2", "func(depth int, left, right *float32, apart int, c *float32, load bool)",
		fmt.Sprintf("tileRowAVX2 is row 0 of the tiles of %d panels of the right operand that lie apart bytes from each other, with fused", rowPanels),
		"multiply-adds, see tileRowGeneric; depth is positive.")
	depth, left, right, apart, c := g.pointer("depth"), g.pointer("left"), g.pointer("right"), g.pointer("apart"), g.pointer("c")
	load := g.Load(g.Param("load"), g.GP8())
	var panels [rowPanels]reg.GPVirtual
	var sums [2 * rowPanels]reg.VecVirtual
	for i := range panels {
		panels[i] = g.GP64()
		if i == 0 {
			g.MOVQ(right, panels[i])
		} else {
			g.LEAQ(operand.Mem{Base: panels[i-1], Index: apart, Scale: 1}, panels[i])
		}
	}
	for i := range sums {
		sums[i] = g.YMM()
		g.VXORPS(sums[i], sums[i], sums[i])
	}
	start := g.label("sum")
	g.TESTB(load, load)
	g.JZ(operand.LabelRef(start))
	for i := range sums {
		g.VMOVUPS(at(c, i*vector), sums[i])
	}
	g.Label(start)
	g.unrolled(depth, 4, func(step int) {
		a := g.YMM()
		g.VBROADCASTSS(at(left, step*rows*4), a)
		for i := range sums {
			g.VFMADD231PS(at(panels[i/2], (2*step+i%2)*vector), a, sums[i])
		}
	}, func(n int) {
		g.move(n*rows*4, left)
		for _, p := range panels {
			g.move(n*2*vector, p)
		}
	})
	for i := range sums {
		g.VMOVUPS(sums[i], at(c, i*vector))
	}
	g.VZEROUPPER()
	g.RET()
}

// eachRow calls f with a register that holds the address of each row of c.
func (g *generator) eachRow(c, stride reg.Register, f func(i int, row reg.Register)) {
	row := g.GP64()
	g.MOVQ(c, row)
	for i := range rows {
		f(i, row)
		if i < rows-1 {
			g.ADDQ(stride, row)
		}
	}
}

// unrolled runs step count times, by times in one go of the loop, after which advance moves the pointers on by that many steps.
func (g *generator) unrolled(count reg.GPVirtual, by int, step func(i int), advance func(n int)) {
	many, single, done := g.label("many"), g.label("single"), g.label("done")
	g.SUBQ(operand.Imm(uint64(by)), count)
	g.JL(operand.LabelRef(single))
	g.Label(many)
	for i := range by {
		step(i)
	}
	advance(by)
	g.SUBQ(operand.Imm(uint64(by)), count)
	g.JGE(operand.LabelRef(many))
	g.Label(single)
	g.ADDQ(operand.Imm(uint64(by)), count)
	g.JZ(operand.LabelRef(done))
	one := g.label("one")
	g.Label(one)
	step(0)
	advance(1)
	g.DECQ(count)
	g.JNZ(operand.LabelRef(one))
	g.Label(done)
}

// label returns a name that the file has only once.
func (g *generator) label(name string) string {
	g.labels++
	return fmt.Sprintf("%s%d", name, g.labels)
}
