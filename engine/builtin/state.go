package builtin

import (
	"fmt"

	"halfway/engine/tensor"
)

// read is what ReadValue gives: what was assigned to its variable by an earlier inference of the sample, else its input, else zeros of the
// variable's shape (dynamic dimensions are 0). Source: ReadValue-3 and ReadValue-6 of OpenVINO's specification.
func (r *run) read(s *step) ([]*value, error) {
	if v := r.state[s.node.Attrs["variable_id"]]; v != nil {
		return []*value{v}, nil
	}
	if len(s.in) > 0 {
		return []*value{r.current[s.in[0]]}, nil
	}
	shape := append([]int{}, s.node.Out[0].Shape...)
	for i, d := range shape {
		shape[i] = max(d, 0)
	}
	if _, err := tensor.Elements(shape); err != nil {
		return nil, fmt.Errorf("variable %q: %w", s.node.Attrs["variable_id"], err)
	}
	v, _ := r.memo.intern(s.out, tensor.New(s.node.Out[0].Type, shape...))
	return []*value{v}, nil
}

// assign remembers the input of an Assign for the next inference. Its ReadValue has run before.
func (r *run) assign(s *step) *value {
	v := r.current[s.in[0]]
	id := s.node.Attrs["variable_id"]
	r.memo.retain(v)
	if old := r.state[id]; old != nil {
		r.memo.release(old)
	}
	r.state[id] = v
	return v
}
