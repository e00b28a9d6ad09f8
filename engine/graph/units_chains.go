package graph

import "halfway/engine/tensor"

// neverChained are the Eltwise operations that fuse with nothing.
var neverChained = setOf("Log", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "BitwiseLeftShift", "BitwiseRightShift")

// ordered are the Eltwise operations that fuse only through their input 0.
var ordered = setOf("Subtract", "Divide", "FloorMod", "Mod", "Power", "Greater", "GreaterEqual", "Less", "LessEqual", "MulAdd", "Select")

// maxEltwiseInputs bounds the inputs of a chain.
const maxEltwiseInputs = 7

// chains is the rule of FuseEltwiseAndSimple.
func (f *fuser) chains(u, child *unit) bool {
	for _, p := range f.inputs(child) {
		if CPUType(p.Node.Op) == "Split" {
			return false
		}
	}
	return !f.sharesInput(u, child) && (len(child.members) == 1 || child.algorithm == "MulAdd" && len(child.members) == 2) && f.eltwise(u, child)
}

// eltwise is Eltwise::canFuse.
func (f *fuser) eltwise(u, child *unit) bool {
	if neverChained[u.algorithm] || neverChained[child.algorithm] {
		return false
	}
	integer := f.integerOnly(u.members[0])
	if child.kind == "FakeQuantize" {
		return !integer && port(u, child) == 0
	}
	if child.kind != "Eltwise" || len(f.inputs(u))+len(f.inputs(child))-1 > maxEltwiseInputs || integer != f.integerOnly(child.members[0]) {
		return false
	}
	if port(u, child) != 0 {
		if ordered[child.algorithm] {
			return false
		}
		inputs := f.inputs(u)
		for _, p := range inputs {
			if q := inputs[0]; keptAs(p) != keptAs(q) || p.Type().IsFloat() && isInput(p) != isInput(q) {
				return false
			}
		}
	}
	return true
}

// keptAs is the type in which the plugin holds the value at p, which has kernels for 32-bit integers and bytes.
func keptAs(p Port) tensor.DType {
	switch t := p.Type(); t {
	case tensor.I64, tensor.U64, tensor.I16, tensor.U16, tensor.U32:
		return tensor.I32
	case tensor.Bool:
		return tensor.U8
	default:
		return t
	}
}

// isInput reports whether p is a constant or parameter, whose precision Eltwise nodes keep when they are enforced.
func isInput(p Port) bool { return CPUType(p.Node.Op) == "Input" }

// integerOnly reports whether n computes in integers, which are not mixed with floats in one chain.
func (f *fuser) integerOnly(n *Node) bool {
	switch n.Op {
	case "Add", "Multiply", "Subtract", "Divide", "SquaredDifference", "Abs", "Clamp":
	default:
		return false
	}
	for _, p := range n.In {
		if !p.Type().IsInteger() {
			return false
		}
	}
	return true
}
