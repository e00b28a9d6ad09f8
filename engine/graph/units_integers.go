package graph

import "halfway/engine/tensor"

// zeroPoints sets the subtractions of zero points apart that the convolution behind them does with its sums (FuseConvolutionAndZeroPoints).
func (f *fuser) zeroPoints() {
	for _, n := range f.order {
		u := f.unit[n.ID]
		if child := f.child(u); n.Op == "Subtract" && child != nil && child.kind == "Convolution" && integer8(n.In[0]) && n.In[1].Node.Op == "Constant" {
			u.kind, u.algorithm = "ZeroPoint", "ZeroPoint"
		}
	}
}

// scales makes the scale of its integers a part of what computes with them (FuseConvMatmulFCDeconvAndDQScales).
func (f *fuser) scales() {
	for _, n := range f.order {
		u := f.unit[n.ID]
		if !scalesIntegers[u.kind] || len(n.In) < 2 || !f.computesIntegers(u) {
			continue
		}
		child := f.child(u)
		if child == nil || child.algorithm != "Multiply" || len(child.members[0].In) != 2 || port(u, child) != 0 {
			continue
		}
		if c := child.members[0].In[1]; c.Node.Op == "Constant" && perChannel(shapeAt(c), n.Out[0].Shape, fusingAxis(u), true) {
			f.merge(u, child)
		}
	}
}

var scalesIntegers = setOf("Convolution", "MatMul", "FullyConnected", "Deconvolution")

func integer8(p Port) bool { return p.Type() == tensor.U8 || p.Type() == tensor.I8 }

// computesIntegers reports whether the head of u multiplies integers of 8 bits, behind a zero point or not (canBeExecutedInInt8).
func (f *fuser) computesIntegers(u *unit) bool {
	n := u.members[0]
	return integer8(f.behindZeroPoint(n.In[0])) && n.In[1].Type() == tensor.I8
}

// behindZeroPoint is what a zero point is subtracted from, where p is that.
func (f *fuser) behindZeroPoint(p Port) Port {
	if f.unit[p.Node.ID].kind == "ZeroPoint" {
		return p.Node.In[0]
	}
	return p
}

// quantizedAverage allows a FakeQuantize behind an average of integers (FusePoolingAndFakeQuantize).
func (f *fuser) quantizedAverage(u, child *unit) bool {
	n := u.members[0]
	return n.Op == "AvgPool" && len(u.members) == 1 && integer8(n.In[0]) && child.kind == "FakeQuantize" && f.simple(u, child)
}
