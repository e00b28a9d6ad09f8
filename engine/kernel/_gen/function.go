package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Polynomials in x, or in x^2 where x is odd. The coefficients are least-squares fits at Chebyshev nodes, reweighted towards the least largest
// relative error of the function, which is given.
var (
	// (exp(x)-1-x)/x^2, |x| <= ln(2)/2: 3.3e-9
	expFit = []float64{0.49999993, 0.16666515, 0.041668457, 0.0083694188, 0.0013813145}
	// (tanh(x)/x-1)/x^2 in x^2, |x| <= 0.63: 5.0e-9
	tanhFit = []float64{-0.33333276, 0.13331274, -0.053725126, 0.020589825, -0.0056483155}
	// erf(x)/x-1 in x^2, |x| <= 0.938: 5.1e-10
	erfFit = []float64{0.12837917, -0.37612633, 0.11283678, -0.026858462, 0.0051987446, -0.00081171382, 8.2636236e-05}
	// log(erfc(x)), 0.93 <= x <= 4: 3.7e-11
	erfcFit = []float64{0.00017845139, -1.1295331, -0.63330989, -0.10832106, 0.025146071, -0.0041812379, 0.00043657428, -2.1278698e-05}
	// (log(1+x)-x+x^2/2)/x^3, |x| <= 1/3: 4.7e-9
	logFit = []float64{0.33333214, -0.24999794, 0.20010541, -0.16680669, 0.14003379, -0.12181428, 0.13997876, -0.12905376}
)

const (
	log2e = 1.4426950408889634
	ln2hi = 0.693359375 // few bits, so that its product with an exponent is exact
	ln2lo = math.Ln2 - ln2hi
	sign  = 1 << 31
	inf   = 0x7f800000
)

// functions writes the functions of one argument.
func functions(g *generator) {
	for _, f := range []struct {
		name string
		of   func(x reg.VecVirtual) reg.VecVirtual
	}{
		{"exp", g.exp}, {"log", g.log}, {"tanh", g.tanh},
		{"sigmoid", g.sigmoid}, {"erf", g.erf},
	} {
		g.function(f.name+"AVX2", "func(dst, src *float32, vectors int)",
			f.name+"AVX2 writes "+f.name+" of vectors times 8 elements of src to dst; vectors is positive.")
		dst, src, n := g.pointer("dst"), g.pointer("src"), g.pointer("vectors")
		next := g.label("next")
		g.Label(next)
		x := g.YMM()
		g.VMOVUPS(at(src, 0), x)
		g.VMOVUPS(f.of(x), at(dst, 0))
		g.move(vector, dst, src)
		g.DECQ(n)
		g.JNZ(operand.LabelRef(next))
		g.VZEROUPPER()
		g.RET()
	}
}

// exp is 2^n (1 + r + r^2 p(r)) with x = n ln(2) + r. The power is applied in two steps: it alone may be beyond f32.
func (g *generator) exp(x reg.VecVirtual) reg.VecVirtual {
	x = g.min(g.of(89), g.max(g.of(-104), x)) // infinity and 0 from there on; NaN stays
	n, r := g.YMM(), g.YMM()
	g.VMULPS(g.of(log2e), x, n)
	g.VROUNDPS(operand.Imm(8), n, n)
	g.VMOVAPS(x, r)
	g.VFNMADD231PS(g.of(ln2hi), n, r)
	g.VFNMADD231PS(g.of(ln2lo), n, r)
	y, square := g.polynomial(r, expFit), g.YMM()
	g.VMULPS(r, r, square)
	g.VFMADD213PS(r, square, y)
	g.VADDPS(g.of(1), y, y)
	first, second := g.YMM(), g.YMM()
	g.VCVTPS2DQ(n, n)
	g.VPSRAD(operand.Imm(1), n, first)
	g.VPSUBD(first, n, second)
	for _, half := range []reg.VecVirtual{first, second} {
		g.VPADDD(g.repeated(127), half, half)
		g.VPSLLD(operand.Imm(23), half, half)
		g.VMULPS(half, y, y)
	}
	return y
}

// log is e ln(2) + log(1+f) with x = 2^e (1+f) and 1+f in [2/3, 4/3).
func (g *generator) log(x reg.VecVirtual) reg.VecVirtual {
	small, m, e := g.YMM(), g.YMM(), g.YMM()
	g.VCMPPS(operand.Imm(17), g.repeated(0x00800000), x, small) // below the least normal number
	g.VMULPS(g.of(1<<23), x, m)
	g.VBLENDVPS(small, m, x, m)
	g.VPSUBD(g.repeated(0x3f2aaaab), m, e) // bits of 2/3
	g.VPAND(g.repeated(0xff800000), e, e)
	g.VPSUBD(e, m, m)
	g.VPSRAD(operand.Imm(23), e, e)
	g.VCVTDQ2PS(e, e)
	g.VANDPS(g.of(23), small, small)
	g.VSUBPS(small, e, e)

	f, square := m, g.YMM()
	g.VSUBPS(g.of(1), m, f)
	y := g.polynomial(f, logFit)
	g.VMULPS(f, f, square)
	g.VMULPS(f, y, y)
	g.VMULPS(square, y, y)
	g.VFMADD231PS(g.of(ln2lo), e, y)
	g.VFNMADD231PS(g.of(0.5), square, y)
	g.VADDPS(f, y, y)
	g.VFMADD231PS(g.of(ln2hi), e, y)
	return g.logSpecial(x, y)
}

// logSpecial puts log's values of 0, negative numbers, infinity and NaN into y.
func (g *generator) logSpecial(x, y reg.VecVirtual) reg.VecVirtual {
	zero, mask := g.YMM(), g.YMM()
	g.VXORPS(zero, zero, zero)
	g.VCMPPS(operand.Imm(0), zero, x, mask)
	g.VBLENDVPS(mask, g.repeated(sign|inf), y, y)
	g.VCMPPS(operand.Imm(17), zero, x, mask)
	g.VBLENDVPS(mask, g.repeated(inf|1<<22), y, y)
	g.VCMPPS(operand.Imm(5), g.repeated(inf), x, mask) // not below infinity: infinity and NaN
	g.VBLENDVPS(mask, x, y, y)
	return y
}

// tanh is an odd polynomial up to 0.625, beyond it 1 - 2/(exp(2|x|)+1).
func (g *generator) tanh(x reg.VecVirtual) reg.VecVirtual {
	a, s, square, below := g.magnitude(x)
	near := g.polynomial(square, tanhFit)
	g.VMULPS(x, square, square)
	g.VFMADD213PS(x, square, near)
	g.VCMPPS(operand.Imm(17), g.of(0.625), a, below)
	g.VADDPS(a, a, a)
	far, two := g.exp(a), g.YMM()
	g.VADDPS(g.of(1), far, far)
	g.VMOVUPS(g.of(2), two)
	g.VDIVPS(far, two, far)
	g.VMOVUPS(g.of(1), two)
	g.VSUBPS(far, two, far)
	g.VORPS(s, far, far)
	g.VBLENDVPS(below, near, far, far)
	return far
}

// magnitude splits x in |x| and its sign bit, and returns its square and a scratch register.
func (g *generator) magnitude(x reg.VecVirtual) (a, s, square, scratch reg.VecVirtual) {
	a, s, square, scratch = g.YMM(), g.YMM(), g.YMM(), g.YMM()
	g.VANDPS(g.repeated(sign), x, s)
	g.VXORPS(s, x, a)
	g.VMULPS(x, x, square)
	return a, s, square, scratch
}

// sigmoid is e/(1+e) of x < 0 and else 1/(1+e) with e = exp(-|x|).
func (g *generator) sigmoid(x reg.VecVirtual) reg.VecVirtual {
	n, y, d := g.YMM(), g.YMM(), g.YMM()
	g.VORPS(g.repeated(sign), x, n)
	e := g.exp(n)
	g.VADDPS(g.of(1), e, d)
	g.VMOVUPS(g.of(1), y)
	g.VBLENDVPS(x, e, y, y)
	g.VDIVPS(d, y, y)
	return y
}

// erf is an odd polynomial up to 0.93, beyond it 1 - exp(p(|x|)).
func (g *generator) erf(x reg.VecVirtual) reg.VecVirtual {
	a, s, square, below := g.magnitude(x)
	near := g.polynomial(square, erfFit)
	g.VFMADD213PS(x, x, near)
	g.VCMPPS(operand.Imm(17), g.of(0.93), a, below)
	far, one := g.exp(g.polynomial(g.min(g.of(4), a), erfcFit)), g.YMM()
	g.VMOVUPS(g.of(1), one)
	g.VSUBPS(far, one, far)
	g.VORPS(s, far, far)
	g.VBLENDVPS(below, near, far, far)
	return far
}

// polynomial is the sum of c[i] x^i, by Horner's rule.
func (g *generator) polynomial(x reg.VecVirtual, c []float64) reg.VecVirtual {
	y := g.YMM()
	g.VMOVUPS(g.of(c[len(c)-1]), y)
	for i := len(c) - 2; i >= 0; i-- {
		g.VFMADD213PS(g.of(c[i]), x, y)
	}
	return y
}

// min is the lesser of limit and x; NaN stays.
func (g *generator) min(limit operand.Mem, x reg.VecVirtual) reg.VecVirtual {
	y := g.YMM()
	g.VMOVUPS(limit, y)
	g.VMINPS(x, y, y)
	return y
}

// max is the greater of limit and x; NaN stays.
func (g *generator) max(limit operand.Mem, x reg.VecVirtual) reg.VecVirtual {
	y := g.YMM()
	g.VMOVUPS(limit, y)
	g.VMAXPS(x, y, y)
	return y
}

// of is a constant of 8 times v.
func (g *generator) of(v float64) operand.Mem { return g.repeated(math.Float32bits(float32(v))) }
