package ops

import (
	"fmt"
	"slices"
	"strings"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// Einsum (opset7): sums of products over labelled axes. Operands are contracted from the left, two at a time.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/matrix/einsum-7.html
func init() {
	register("Einsum", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		d.Required("equation")
		if d.Err() != nil {
			return nil, d.Err()
		}
		return parseEquation(n.Attrs["equation"])
	})
}

// An einsum is a parsed equation: labels are letters, ellipsis stands for axes without one.
type einsum struct {
	operands [][]rune
	output   []rune
}

const ellipsis = '.'

// parseEquation reads "ij,jk->ik". Without an output the labels that occur once make it, in the order of their letters, after an ellipsis.
func parseEquation(equation string) (*einsum, error) {
	left, right, explicit := strings.Cut(strings.ReplaceAll(equation, " ", ""), "->")
	e := &einsum{}
	count := map[rune]int{}
	for _, term := range strings.Split(left, ",") {
		labels, err := parseLabels(term)
		if err != nil {
			return nil, fmt.Errorf("equation %q: %w", equation, err)
		}
		e.operands = append(e.operands, labels)
		for _, l := range labels {
			count[l]++
		}
	}
	if !explicit {
		for l, n := range count {
			if n == 1 || l == ellipsis {
				e.output = append(e.output, l)
			}
		}
		slices.Sort(e.output) // the ellipsis is before all letters
		return e, nil
	}
	var err error
	if e.output, err = parseLabels(right); err != nil {
		return nil, fmt.Errorf("equation %q: %w", equation, err)
	}
	for i, l := range e.output {
		if count[l] == 0 || slices.Contains(e.output[:i], l) {
			return nil, fmt.Errorf("equation %q: output label %q is in no operand or occurs twice", equation, l)
		}
	}
	return e, nil
}

// parseLabels reads letters and at most one "...".
func parseLabels(term string) ([]rune, error) {
	before, after, hasEllipsis := strings.Cut(term, "...")
	for _, l := range before + after {
		if (l < 'a' || l > 'z') && (l < 'A' || l > 'Z') {
			return nil, fmt.Errorf("term %q has %q, want letters and at most one ellipsis", term, l)
		}
	}
	labels := []rune(before)
	if hasEllipsis {
		labels = append(labels, ellipsis)
	}
	return append(labels, []rune(after)...), nil
}

// An axisLabel is a letter, or minus the place of an axis that an ellipsis stands for, counted from the end.
type axisLabel = int

// axisLabels names every axis of a shape.
func axisLabels(labels []rune, rank int) ([]axisLabel, error) {
	hidden := rank - len(labels)
	if slices.Contains(labels, ellipsis) {
		hidden++
	} else if hidden != 0 {
		return nil, fmt.Errorf("%q does not label %d axes", string(labels), rank)
	}
	if hidden < 0 {
		return nil, fmt.Errorf("%q labels more than %d axes", string(labels), rank)
	}
	var r []axisLabel
	for _, l := range labels {
		if l != ellipsis {
			r = append(r, int(l))
			continue
		}
		for i := hidden; i > 0; i-- {
			r = append(r, -i)
		}
	}
	return r, nil
}

// A factor is an array with labelled axes, none twice.
type factor struct {
	labels []axisLabel
	shape  []int
	data   *tensor.Tensor
	layout layout
}

// bind labels the axes of the inputs' shapes. It returns the factors without data, the size of every label and the labels of the output.
func (e *einsum) bind(shapes [][]int) (factors []factor, sizes map[axisLabel]int, output []axisLabel, err error) {
	sizes, hidden := map[axisLabel]int{}, 0
	for i, shape := range shapes {
		labels, err := axisLabels(e.operands[i], len(shape))
		if err != nil {
			return nil, nil, nil, fmt.Errorf("input %d of shape %v: %w", i, shape, err)
		}
		for a, l := range labels {
			hidden = max(hidden, -l)
			known, ok := sizes[l]
			if ok && known != shape[a] && (l > 0 || known != 1 && shape[a] != 1) {
				return nil, nil, nil, fmt.Errorf("input %d of shape %v: axis %d has size %d, elsewhere %d", i, shape, a, shape[a], known)
			}
			if !ok || known == 1 {
				sizes[l] = shape[a]
			}
		}
		factors = append(factors, newFactor(labels, shape))
	}
	if slices.Contains(e.output, ellipsis) {
		output, err = axisLabels(e.output, len(e.output)-1+hidden)
	} else {
		output, err = axisLabels(e.output, len(e.output))
	}
	return factors, sizes, output, err
}

// newFactor joins axes of one label to their diagonal.
func newFactor(labels []axisLabel, shape []int) factor {
	var f factor
	for a, stride := range dense(shape).strides {
		i := slices.Index(f.labels, labels[a])
		if i < 0 {
			i = len(f.labels)
			f.labels, f.shape, f.layout.strides = append(f.labels, labels[a]), append(f.shape, shape[a]), append(f.layout.strides, 0)
		}
		f.layout.strides[i] += stride
	}
	return f
}

func (e *einsum) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, len(e.operands), len(e.operands)); err != nil {
		return nil, err
	}
	for i := range in {
		if err := wantOneType(in, 0, i); err != nil {
			return nil, err
		}
	}
	if err := wantNumeric(in, 0); err != nil || !shapesKnown(in) {
		return []Spec{{Type: in[0].Type}}, err
	}
	_, sizes, output, err := e.bind(argShapes(in))
	if err != nil {
		return nil, err
	}
	shape := sizesOf(output, sizes)
	_, err = tensor.Elements(shape)
	return []Spec{{in[0].Type, shape}}, err
}

func sizesOf(labels []axisLabel, sizes map[axisLabel]int) []int {
	shape := make([]int, len(labels))
	for i, l := range labels {
		shape[i] = sizes[l]
	}
	return shape
}

// MACs counts the products of each contraction.
func (e *einsum) MACs(in []Arg, out []Spec) int64 {
	factors, sizes, output, err := e.bind(argShapes(in))
	if err != nil {
		return 0
	}
	n, have := int64(0), factors[0].labels
	for i, f := range factors[1:] {
		n += macs(sizesOf(union(have, f.labels), sizes), 1)
		have = keep(union(have, f.labels), laterLabels(factors[i+2:], output))
	}
	return max(n, macs(sizesOf(have, sizes), 1))
}

// Scratch is that of the contractions one after the other: the copies of two factors and their product, and the product before it.
func (e *einsum) Scratch(in []Arg, _ []Spec, _ int) int64 {
	factors, sizes, output, err := e.bind(argShapes(in))
	if err != nil {
		return 0
	}
	bytes := in[0].Type.KeptBytes()
	most, have := int64(0), factors[0].labels
	last := MemoryOf(bytes, sizesOf(have, sizes)...)
	for i, f := range factors[1:] {
		later := laterLabels(factors[i+2:], output)
		product := MemoryOf(bytes, sizesOf(keep(union(have, f.labels), later), sizes)...)
		most = max(most, Together(last, last, last, MemoryOf(3*bytes, sizesOf(f.labels, sizes)...), product))
		last, have = product, keep(union(have, f.labels), later)
	}
	return max(most, Together(last, last))
}

func (e *einsum) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	if out[0].Len() == 0 {
		return nil
	}
	factors, sizes, output, err := e.bind(argShapes(argsOf(in)))
	if err != nil {
		return err
	}
	for i := range factors {
		factors[i].data = in[i].Tensor
	}
	c := contraction{w, sizes}
	result := factors[0]
	for i, f := range factors[1:] {
		if result, err = c.contract(result, f, laterLabels(factors[i+2:], output)); err != nil {
			return err
		}
	}
	if result, err = c.sum(result, output); err != nil {
		return err
	}
	move(w, out[0].Shape, out[0], dense(out[0].Shape), result.data, result.view(output, sizes))
	if d, ok := out[0].Any().([]float32); ok {
		roundTo(out[0].Type, d)
	}
	return nil
}

// laterLabels are the labels that the factors to come or the output need.
func laterLabels(factors []factor, output []axisLabel) []axisLabel {
	r := slices.Clone(output)
	for _, f := range factors {
		r = union(r, f.labels)
	}
	return r
}

// union is a and what b adds to it.
func union(a, b []axisLabel) []axisLabel {
	return slices.Concat(a, slices.DeleteFunc(slices.Clone(b), func(l axisLabel) bool { return slices.Contains(a, l) }))
}

// keep is what of labels is in wanted, in order.
func keep(labels, wanted []axisLabel) []axisLabel {
	return slices.DeleteFunc(slices.Clone(labels), func(l axisLabel) bool { return !slices.Contains(wanted, l) })
}

// drop is what of labels is not in unwanted.
func drop(labels, unwanted []axisLabel) []axisLabel {
	return slices.DeleteFunc(slices.Clone(labels), func(l axisLabel) bool { return slices.Contains(unwanted, l) })
}

// EinsumLabels names the axes of operands of the given shapes, and those of the result, by the labels of the equation: one number for each letter,
// and another for each axis that an ellipsis stands for.
func EinsumLabels(equation string, shapes [][]int) (operands [][]int, output []int, err error) {
	e, err := parseEquation(equation)
	if err != nil {
		return nil, nil, err
	}
	if len(shapes) != len(e.operands) {
		return nil, nil, fmt.Errorf("equation %q has %d operands, want %d", equation, len(e.operands), len(shapes))
	}
	for i, shape := range shapes {
		labels, err := axisLabels(e.operands[i], len(shape))
		if err != nil {
			return nil, nil, fmt.Errorf("input %d of shape %v: %w", i, shape, err)
		}
		operands = append(operands, labels)
	}
	_, _, output, err = e.bind(shapes)
	return operands, output, err
}
