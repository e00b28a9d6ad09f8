// Package ops holds the operations of OpenVINO, one file an operation or a family that shares its evaluation: the rule for its output
// types and shapes and its evaluation in the element types that the model declares. Each file names its specification.
//
// An operation never rounds what it computes to a reduced precision: rounding belongs to ports, and engine/builtin does it between
// operations. The exceptions are the operations that say so by implementing Rounder: they take operands that are still to be rounded and
// do it while packing them.
package ops

import (
	"fmt"
	"strings"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// An Op is one operation bound to its attributes. It has no state that evaluation changes, so it may be used by several goroutines.
type Op interface {
	// Infer returns the type and shape of every output. Where a shape depends on an input's value that is not known (Arg.Value nil), the
	// output's Shape is nil and Infer is asked again when the value is there. It rejects inputs of the wrong number, type or shape.
	Infer(in []Arg) ([]Spec, error)

	// Eval computes out, whose tensors have the types and shapes of Infer and no defined content. It does not keep or change in.
	// The result has the same bits for any number of workers. Where the number of results is itself a result (NonMaxSuppression), Infer
	// returns a nil Shape although every value is known; out is nil there and Eval sets it.
	Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error
}

// Rounder marks operations whose operands may be handed over unrounded with Operand.Round set.
type Rounder interface{ RoundsOperands() }

// Packer is implemented by operations that keep operands packed from one evaluation to the next.
type Packer interface {
	// Packed reports whether the next Eval, if its operands have the keys and roundings of in, will not read the elements of input i. It reads
	// no elements.
	Packed(i int, in []Operand) bool
}

// Viewer is implemented by operations whose only output has the elements of input 0 in the same order under another shape: nothing is
// computed, the elements are shared.
type Viewer interface{ Views() }

// Counter is implemented by operations that multiply and add more than once an output element.
type Counter interface {
	// MACs is the number of multiply-adds, or of similar work, of one evaluation.
	MACs(in []Arg, out []Spec) int64
}

// Folder is implemented by operations whose value may be known from the shapes of their inputs alone, such as ShapeOf.
type Folder interface {
	// Fold returns the value of the only output, nil when it is not known yet.
	Fold(in []Arg) *tensor.Tensor
}

// Arg is what is known of an input before running.
type Arg struct {
	Type  tensor.DType
	Shape []int          // nil when not known yet
	Value *tensor.Tensor // nil when not known yet
}

// Spec is the type and shape of an output; Shape is nil when it is not known yet.
type Spec struct {
	Type  tensor.DType
	Shape []int
}

// Operand is an input at evaluation.
type Operand struct {
	*tensor.Tensor
	Round tensor.DType // F32, or the grid (BF16, F16) to which a Rounder must round the elements when it reads them
	Exact bool         // the elements lie on that grid already: reading them needs no rounding
	Key   uint64       // names the elements: equal keys of one input have equal bits in all evaluations; 0 where nothing is known
}

// reading is the grid to which elements have still to be rounded when they are read.
func (o Operand) reading() tensor.DType {
	if o.Exact {
		return tensor.F32
	}
	return o.Round
}

// A constructor binds an operation to a node's attributes and number of inputs and outputs; it fails on attributes it does not support.
type constructor func(n *graph.Node) (Op, error)

// operations are all constructors by OpenVINO's class name.
var operations = map[string]constructor{}

// register adds an operation; every file registers what it holds from its init function.
func register(op string, c constructor) {
	if operations[op] != nil {
		panic("ops: " + op + " is registered twice")
	}
	operations[op] = c
}

// Bind returns n's operation bound to its attributes. The error of an operation that is not supported, or not with these attributes, names
// the node and the operation.
func Bind(n *graph.Node) (Op, error) {
	c, ok := operations[n.Op]
	if !ok {
		return nil, fmt.Errorf("node %q: operation %s (%s) is not supported", n.Name, n.Op, n.Opset)
	}
	op, err := construct(n, c)
	if err != nil {
		return nil, fmt.Errorf("node %q: operation %s (%s): %w", n.Name, n.Op, n.Opset, err)
	}
	return op, nil
}

// construct binds an operation in its plain or in its relaxed form.
func construct(n *graph.Node, c constructor) (Op, error) {
	opset, isRelaxed := strings.CutPrefix(n.Opset, relaxedPrefix)
	if !isRelaxed {
		return c(n)
	}
	plain := *n
	plain.Opset = opset
	op, err := c(&plain)
	if err != nil {
		return nil, err
	}
	return relax(n, op)
}
