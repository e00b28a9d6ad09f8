package ops

import (
	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// foldLimit is the number of elements up to which a value that depends on constants and shapes alone is computed before running: enough for
// shapes, axes and indices, which decide other shapes.
const foldLimit = 1 << 12

// MaxFoldScratch bounds what computing a value before running may take.
const MaxFoldScratch = 64 << 20

var serial = kernel.NewWorkers(1)

// Known returns what is known of the outputs of op before running: types, shapes as far as they follow from what is known of the inputs, and
// the values of small outputs.
func Known(op Op, in []Arg) ([]Arg, error) {
	specs, err := op.Infer(in)
	if err != nil {
		return nil, err
	}
	out := make([]Arg, len(specs))
	for o, spec := range specs {
		out[o] = Arg{Type: spec.Type, Shape: spec.Shape}
	}
	return out, fold(op, in, out)
}

// KnownConstant is what is known of a Constant: its type, its shape, and when it is small, and so is what it is computed from, its value.
func KnownConstant(n *graph.Node) (Arg, error) {
	a := Arg{Type: n.Value.Type, Shape: n.Value.Shape}
	if n.Value.Footprint(map[*tensor.Raw]bool{}) > MaxFoldScratch {
		return a, nil
	}
	if elements, err := tensor.Elements(a.Shape); err != nil || elements > foldLimit {
		return a, err
	}
	var err error
	a.Value, err = n.Value.Decode()
	return a, err
}

// fold sets the values of out where they are small and follow from values that are known.
func fold(op Op, in, out []Arg) error {
	if f, ok := op.(Folder); ok {
		out[0].Value = f.Fold(in)
		return nil
	}
	operands := make([]Operand, len(in))
	for i, a := range in {
		if a.Value == nil {
			return nil
		}
		operands[i] = Operand{Tensor: a.Value, Round: tensor.F32}
	}
	specs, results := make([]Spec, len(out)), make([]*tensor.Tensor, len(out))
	for o, a := range out {
		specs[o] = Spec{Type: a.Type, Shape: a.Shape}
		if a.Shape == nil {
			return nil
		}
		if n, err := tensor.Elements(a.Shape); err != nil || n > foldLimit {
			return err
		}
		results[o] = tensor.New(a.Type, a.Shape...)
	}
	if ScratchOf(op, in, specs, 1) > MaxFoldScratch {
		return nil
	}
	if _, ok := op.(Viewer); ok {
		results[0] = in[0].Value.Reshape(out[0].Shape...)
	} else if err := op.Eval(serial, operands, results); err != nil {
		return err
	}
	for o := range out {
		out[o].Value = results[o]
	}
	return nil
}
