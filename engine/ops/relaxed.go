package ops

import (
	"fmt"
	"slices"
	"strings"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// relaxed is an operation in the form that the plugin gives it when its ports have other types than the operation allows: it computes as if
// its inputs had the types of input_data_types and writes those of output_data_types. Where the former are not given, arithmetic is done in
// f32 as soon as an input or the output is a float.
type relaxed struct {
	Op
	in, out []tensor.DType // Invalid where not given
}

// relaxedFolder is a relaxed Folder.
type relaxedFolder struct{ *relaxed }

// relaxedPrefix begins the opset of relaxed operations: "type_relaxed_opset1".
const relaxedPrefix = "type_relaxed_"

// relax returns the relaxed form of op, which n is.
func relax(n *graph.Node, op Op) (Op, error) {
	in, err := relaxedTypes(n, "input_data_types")
	if err != nil {
		return nil, err
	}
	out, err := relaxedTypes(n, "output_data_types")
	if err != nil {
		return nil, err
	}
	r := &relaxed{op, in, out}
	if _, ok := op.(Folder); ok {
		return relaxedFolder{r}, nil
	}
	return r, nil
}

func relaxedTypes(n *graph.Node, name string) ([]tensor.DType, error) {
	list := n.Attrs[name]
	if list == "" {
		return nil, nil
	}
	var r []tensor.DType
	for _, s := range strings.Split(list, ",") {
		t := tensor.Invalid
		if s = strings.TrimSpace(s); s != "" && s != "dynamic" && s != "undefined" {
			var err error
			if t, err = tensor.ParseDType(s); err != nil {
				return nil, fmt.Errorf("attribute %s=%q: %w", name, list, err)
			}
		}
		r = append(r, t)
	}
	return r, nil
}

// typeOf is the type that input i is computed in.
func (r *relaxed) typeOf(in []Arg, i int) tensor.DType {
	if i < len(r.in) && r.in[i] != tensor.Invalid {
		return r.in[i]
	}
	if t := in[i].Type; len(r.in) == 0 && (t.IsInteger() || t == tensor.Bool) && r.inFloats(in) {
		return tensor.F32
	}
	return in[i].Type
}

// inFloats reports whether the operation computes in f32.
func (r *relaxed) inFloats(in []Arg) bool {
	switch r.Op.(type) {
	case *arithmetic, *fakeQuantize:
	default:
		return false
	}
	float := len(r.out) > 0 && r.out[0].IsFloat()
	for _, a := range in {
		float = float || a.Type.IsFloat()
	}
	return float
}

// operands returns what the operation sees of its inputs.
func (r *relaxed) operands(w *kernel.Workers, in []Arg) ([]Arg, error) {
	args := make([]Arg, len(in))
	for i, a := range in {
		args[i] = a
		if t := r.typeOf(in, i); t != a.Type {
			args[i].Type = t
			if a.Value == nil {
				continue
			}
			v, err := converted(w, a.Value, t)
			if err != nil {
				return nil, fmt.Errorf("input %d: %w", i, err)
			}
			args[i].Value = v
		}
	}
	return args, nil
}

// outType is the type of output o, whose result has type t.
func (r *relaxed) outType(o int, t tensor.DType) tensor.DType {
	if o < len(r.out) && r.out[o] != tensor.Invalid {
		return r.out[o]
	}
	return t
}

// Infer converts values only for an operation whose shapes depend on them.
func (r *relaxed) Infer(in []Arg) ([]Spec, error) {
	specs, err := r.infer(r.unconverted(in))
	if err == nil && slices.ContainsFunc(specs, func(s Spec) bool { return s.Shape == nil }) {
		specs, err = r.infer(in)
	}
	return specs, err
}

// unconverted is in without the values that would be converted.
func (r *relaxed) unconverted(in []Arg) []Arg {
	unknown := slices.Clone(in)
	for i := range unknown {
		if r.typeOf(in, i) != in[i].Type {
			unknown[i].Value = nil
		}
	}
	return unknown
}

func (r *relaxed) infer(in []Arg) ([]Spec, error) {
	args, err := r.operands(serial, in)
	if err != nil {
		return nil, err
	}
	specs, err := r.Op.Infer(args)
	if err != nil {
		return nil, err
	}
	for o := range specs {
		specs[o].Type = r.outType(o, specs[o].Type)
	}
	return specs, nil
}

// MACs is that of the operation.
func (r *relaxed) MACs(in []Arg, out []Spec) int64 {
	if c, ok := r.Op.(Counter); ok {
		return c.MACs(in, out)
	}
	n := int64(0)
	for _, s := range out {
		n += int64(product(s.Shape))
	}
	return n
}

// Packed is that of the operation, whose operands have other types.
func (r *relaxed) Packed(i int, in []Operand) bool {
	p, ok := r.Op.(Packer)
	return ok && p.Packed(i, r.heads(in))
}

// heads are the operands that the operation sees, without elements.
func (r *relaxed) heads(in []Operand) []Operand {
	args := argsOf(in)
	heads := make([]Operand, len(in))
	for i, o := range in {
		heads[i] = Operand{&tensor.Tensor{Type: r.typeOf(args, i), Shape: o.Shape}, o.Round, o.Exact, o.Key}
	}
	return heads
}

// Scratch is that of the operation; the copies in other types are of the size of inputs and outputs.
func (r *relaxed) Scratch(in []Arg, out []Spec, threads int) int64 {
	args, err := r.operands(serial, r.unconverted(in))
	if err != nil {
		return 0
	}
	return ScratchOf(r.Op, args, out, threads)
}

func (r *relaxed) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	given, operands := argsOf(in), r.heads(in)
	packer, _ := r.Op.(Packer)
	for i := range given {
		if packer != nil && packer.Packed(i, operands) {
			given[i].Value = nil
		}
	}
	args, err := r.operands(w, given)
	if err != nil {
		return err
	}
	specs, err := r.Op.Infer(args)
	if err != nil {
		return err
	}
	results := make([]*tensor.Tensor, len(out))
	for i, a := range args {
		if a.Value != nil {
			operands[i].Tensor = a.Value
		}
	}
	for o, t := range out {
		results[o] = t
		if t != nil && specs[o].Type != t.Type {
			results[o] = tensor.New(specs[o].Type, specs[o].Shape...)
		}
	}
	if _, ok := r.Op.(Viewer); ok {
		results[0] = args[0].Value.Reshape(specs[0].Shape...)
	} else if err := r.Op.Eval(w, operands, results); err != nil {
		return err
	}
	for o, t := range out {
		if t == nil {
			out[o], err = converted(w, results[o], r.outType(o, results[o].Type))
		} else if results[o] != t {
			err = store(w, t, results[o])
		}
		if err != nil {
			return fmt.Errorf("output %d: %w", o, err)
		}
	}
	return nil
}

// Fold is that of the operation, in the output's type.
func (r relaxedFolder) Fold(in []Arg) *tensor.Tensor {
	v := r.Op.(Folder).Fold(in)
	if v == nil {
		return nil
	}
	if v, err := converted(serial, v, r.outType(0, v.Type)); err == nil {
		return v
	}
	return nil
}

// converted is t as type to, by the rules of Convert.
func converted(w *kernel.Workers, t *tensor.Tensor, to tensor.DType) (*tensor.Tensor, error) {
	c := convert{to: to}
	specs, err := c.Infer([]Arg{{Type: t.Type, Shape: t.Shape}})
	if err != nil {
		return nil, err
	}
	r := tensor.New(specs[0].Type, t.Shape...)
	return r, c.Eval(w, []Operand{{Tensor: t}}, []*tensor.Tensor{r})
}

// store writes a result to an output of another type. Floats become integers as quantized values do: rounded to the nearest and clamped.
func store(w *kernel.Workers, out, result *tensor.Tensor) error {
	src, ok := result.Any().([]float32)
	if !ok || !out.Type.IsInteger() {
		return (&convert{to: out.Type}).Eval(w, []Operand{{Tensor: result}}, []*tensor.Tensor{out})
	}
	storeRounded(out, src)
	return nil
}
