package engine

import (
	"fmt"
	"slices"
	"strings"

	"halfway/engine/tensor"
)

// match puts arrays into the order of the inputs and gives them the inputs' names.
func (l *loader) match(source string, arrays []tensor.Named) ([]tensor.Named, error) {
	matched, problems := l.byName(arrays)
	if len(problems) == 0 {
		return matched, nil
	}
	for _, prefix := range []string{"input_", "arr_"} {
		if matched := l.byPosition(prefix, arrays); matched != nil {
			l.warn("%s: the arrays %s0... were taken as the model's inputs by position: %s", source, prefix, l.list())
			return matched, nil
		}
	}
	return nil, fmt.Errorf("read sample %s: %s; the model has the inputs %s", source, strings.Join(problems, "; "), l.list())
}

// byName matches arrays by any name of an input.
func (l *loader) byName(arrays []tensor.Named) (matched []tensor.Named, problems []string) {
	matched = make([]tensor.Named, len(l.inputs))
	for _, a := range arrays {
		i := slices.IndexFunc(l.inputs, func(in Input) bool { return in.called(a.Name) })
		switch {
		case i < 0:
			problems = append(problems, fmt.Sprintf("no input is called %q%s", a.Name, l.suggest(a.Name)))
		case matched[i].Tensor != nil:
			problems = append(problems, fmt.Sprintf("input %q is given twice", l.inputs[i].Name))
		default:
			matched[i] = tensor.Named{Name: l.inputs[i].Name, Tensor: a.Tensor}
		}
	}
	for i, m := range matched {
		if m.Tensor == nil {
			problems = append(problems, fmt.Sprintf("input %q is missing", l.inputs[i].Name))
		}
	}
	return matched, problems
}

// byPosition matches arrays that are called prefix0, prefix1, ..., one for each input; nil when they are not.
func (l *loader) byPosition(prefix string, arrays []tensor.Named) []tensor.Named {
	if len(arrays) != len(l.inputs) {
		return nil
	}
	var matched []tensor.Named
	for i, in := range l.inputs {
		at := slices.IndexFunc(arrays, func(a tensor.Named) bool { return a.Name == fmt.Sprint(prefix, i) })
		if at < 0 {
			return nil
		}
		matched = append(matched, tensor.Named{Name: in.Name, Tensor: arrays[at].Tensor})
	}
	return matched
}

func (in Input) called(name string) bool { return in.Name == name || slices.Contains(in.Names, name) }

// list names the inputs with types and shapes.
func (l *loader) list() string {
	var parts []string
	for _, in := range l.inputs {
		parts = append(parts, fmt.Sprintf("%q %s%s", in.Name, in.Type, shapeText(in.Shape)))
	}
	return strings.Join(parts, ", ")
}

// suggest returns a question about the input whose name is nearest, "" when none is near.
func (l *loader) suggest(name string) string {
	var names []string
	for _, in := range l.inputs {
		names = append(append(names, in.Name), in.Names...)
	}
	near, ok := Nearest(name, names)
	if !ok {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", near)
}
