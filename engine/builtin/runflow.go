package builtin

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// control runs a step with bodies and returns the values of its outputs, which the caller must release.
func (r *run) control(s *step) ([]*value, error) {
	in := make([]*value, len(s.in))
	for i, slot := range s.in {
		v := r.current[slot]
		if s.roundIn[i].holds(r.set) {
			var err error
			if v, err = r.rounded(v); err != nil {
				return nil, err
			}
		}
		r.memo.retain(v)
		in[i] = v
	}
	defer r.releaseAll(in)
	var out []*value
	var err error
	if s.node.Op == "If" {
		out, err = r.branch(s, in)
	} else {
		out, err = r.loop(s, in)
	}
	if err != nil {
		return nil, err
	}
	for o, v := range out {
		if v == nil {
			return nil, fmt.Errorf("output %d got no value", o)
		}
		if !s.roundOut[o].holds(r.set) {
			continue
		}
		w, err := r.rounded(v)
		if err != nil {
			return nil, err
		}
		r.memo.retain(w)
		r.memo.release(v)
		out[o] = w
	}
	return out, nil
}

func (r *run) releaseAll(values []*value) {
	for _, v := range values {
		if v != nil {
			r.memo.release(v)
		}
	}
}

// body runs a body on params and returns its results, retained.
func (r *run) body(p *plan, params []*value) ([]*value, error) {
	r.enter(p, params)
	if err := r.steps(p); err != nil {
		return nil, err
	}
	return r.results(p), nil
}

// enter sets the parameters of p.
func (r *run) enter(p *plan, params []*value) {
	for i, slot := range p.params {
		r.current[slot] = params[i]
		r.memo.retain(params[i])
	}
}

// results returns the results of p, whose steps were made, retained.
func (r *run) results(p *plan) []*value {
	results := make([]*value, len(p.results))
	for i, slot := range p.results {
		results[i] = r.current[slot]
		r.memo.retain(results[i])
	}
	for _, slot := range p.results {
		if v := r.current[slot]; v != nil { // nil when two results share it
			r.memo.release(v)
			r.current[slot] = nil
		}
	}
	return results
}

// condition returns the truth of a boolean value.
func (r *run) condition(v *value) (bool, error) {
	if err := r.materialise(v); err != nil {
		return false, err
	}
	return truth(v.tensor)
}

func (r *run) branch(s *step, in []*value) ([]*value, error) {
	yes, err := r.condition(in[0])
	if err != nil {
		return nil, err
	}
	i := 1
	if yes {
		i = 0
	}
	body, p := s.node.Bodies[i], s.flow.bodies[i]
	params := make([]*value, len(p.params))
	for _, m := range body.Inputs {
		if m.External < 0 {
			return nil, fmt.Errorf("parameter %q of a branch has no outer value", p.graph.Params[m.Internal].Name)
		}
		params[m.Internal] = in[m.External]
	}
	results, err := r.body(p, params)
	if err != nil {
		return nil, err
	}
	defer r.releaseAll(results)
	out := make([]*value, len(s.node.Out))
	for _, m := range body.Outputs {
		if m.External >= 0 {
			out[m.External] = results[m.Internal]
			r.memo.retain(results[m.Internal])
		}
	}
	return out, nil
}

// An iteration is the state of a running Loop or TensorIterator.
type iteration struct {
	*run
	step    *step
	body    *graph.Body
	plan    *plan
	in      []*value
	carried map[int]*value // by parameter: what a back edge feeds, retained
	last    []*value       // results of the last iteration, retained
	parts   [][]*value     // by place in Outputs: what is joined, retained
}

func (r *run) loop(s *step, in []*value) ([]*value, error) {
	it := &iteration{run: r, step: s, body: s.node.Bodies[0], plan: s.flow.bodies[0], in: in, carried: map[int]*value{},
		parts: make([][]*value, len(s.node.Bodies[0].Outputs))}
	defer it.release()
	limit, err := it.limit()
	if err != nil {
		return nil, err
	}
	more := true
	if s.node.Op == "Loop" {
		if more, err = r.condition(in[1]); err != nil {
			return nil, err
		}
	}
	for i := 0; more && i < limit; i++ {
		if i >= maxTrips {
			return nil, fmt.Errorf("more than %d iterations", maxTrips)
		}
		if more, err = it.once(i); err != nil {
			return nil, fmt.Errorf("iteration %d: %w", i, err)
		}
	}
	return it.outputs()
}

func (it *iteration) release() {
	for _, v := range it.carried {
		it.memo.release(v)
	}
	it.releaseAll(it.last)
	for _, p := range it.parts {
		it.releaseAll(p)
	}
}

// limit is the number of iterations unless a condition ends them earlier: the trip count (negative: none), or the number of parts.
func (it *iteration) limit() (int, error) {
	limit := maxTrips + 1
	if it.step.node.Op == "Loop" {
		if err := it.materialise(it.in[0]); err != nil {
			return 0, err
		}
		if it.in[0].tensor.Len() != 1 {
			return 0, fmt.Errorf("the trip count has shape %v, expected one element", it.in[0].tensor.Shape)
		}
		if n := scalarInt(it.in[0].tensor); n >= 0 {
			limit = min(limit, n)
		}
	}
	for _, m := range it.body.Inputs {
		if m.Axis < 0 || m.External < 0 {
			continue
		}
		size, err := it.axisSize(m)
		if err != nil {
			return 0, err
		}
		limit = min(limit, portIteration{m}.count(size))
	}
	return limit, nil
}

func (it *iteration) axisSize(m graph.PortMap) (int, error) {
	v := it.in[m.External]
	if err := it.materialise(v); err != nil {
		return 0, err
	}
	if m.Axis >= len(v.tensor.Shape) {
		return 0, fmt.Errorf("input %d has shape %v, but is cut along axis %d", m.External, v.tensor.Shape, m.Axis)
	}
	return v.tensor.Shape[m.Axis], nil
}

// once runs the body for the i-th time and says whether to go on.
func (it *iteration) once(i int) (bool, error) {
	params := make([]*value, len(it.plan.params))
	for place, m := range it.body.Inputs {
		v, err := it.param(place, m, i)
		if err != nil {
			return false, err
		}
		params[m.Internal] = v
	}
	results, err := it.run.body(it.plan, params)
	if err != nil {
		return false, err
	}
	it.releaseAll(it.last)
	it.last = results
	for _, e := range it.body.BackEdges {
		if old := it.carried[e.To]; old != nil {
			it.memo.release(old)
		}
		it.carried[e.To] = results[e.From]
		it.memo.retain(results[e.From])
	}
	more := true
	for place, m := range it.body.Outputs {
		if it.step.flow.join[place] != nil {
			it.parts[place] = append(it.parts[place], results[m.Internal])
			it.memo.retain(results[m.Internal])
		}
		if m.Purpose == "execution_condition" {
			if more, err = it.condition(results[m.Internal]); err != nil {
				return false, err
			}
		}
	}
	return more, nil
}

// param is the value of a body's parameter in the i-th iteration.
func (it *iteration) param(place int, m graph.PortMap, i int) (*value, error) {
	if v := it.carried[m.Internal]; v != nil {
		return v, nil
	}
	p := it.plan.graph.Params[m.Internal]
	switch {
	case m.External < 0 && m.Purpose == "current_iteration":
		return it.number(it.plan.params[m.Internal], p.Out[0], i)
	case m.External < 0:
		return nil, fmt.Errorf("parameter %q of the body has no outer value", p.Name)
	case m.Axis < 0:
		return it.in[m.External], nil
	}
	size, err := it.axisSize(m)
	if err != nil {
		return nil, err
	}
	from, to := portIteration{m}.part(size, i)
	cut := it.step.flow.cut[place]
	in := []*value{it.in[m.External]}
	for k, bound := range []int{from, to, 1, m.Axis} {
		v, _ := it.memo.intern(cut.out+1+k, tensor.Of(tensor.I64, []int64{int64(bound)}, 1))
		in = append(in, v)
	}
	return it.apply(cut, in)
}

// number is the counter of iterations as a value of the given type and shape.
func (it *iteration) number(slot int, o graph.Output, i int) (*value, error) {
	shape := make([]int, len(o.Shape))
	for k := range shape {
		shape[k] = 1
	}
	switch o.Type {
	case tensor.I64:
		v, _ := it.memo.intern(slot, tensor.Of(o.Type, []int64{int64(i)}, shape...))
		return v, nil
	case tensor.I32:
		v, _ := it.memo.intern(slot, tensor.Of(o.Type, []int32{int32(i)}, shape...))
		return v, nil
	}
	return nil, fmt.Errorf("the iteration counter is %s, expected i64 or i32", o.Type)
}

// apply evaluates an inner step on values.
func (r *run) apply(s *step, in []*value) (*value, error) {
	d, _ := r.memo.derive(s, rounds{}, in)
	if err := r.settled(d); err != nil {
		return nil, err
	}
	return d.out[0], nil
}

// outputs are the values of the step's outputs, retained.
func (it *iteration) outputs() ([]*value, error) {
	out := make([]*value, len(it.step.node.Out))
	for place, m := range it.body.Outputs {
		if m.External < 0 {
			continue
		}
		v, err := it.output(place, m)
		if err != nil {
			return nil, err
		}
		if v != nil {
			it.memo.retain(v)
		}
		out[m.External] = v
	}
	return out, nil
}

func (it *iteration) output(place int, m graph.PortMap) (*value, error) {
	join := it.step.flow.join[place]
	if join == nil {
		if it.last != nil {
			return it.last[m.Internal], nil
		}
		return it.initial(m.Internal), nil
	}
	parts := it.parts[place]
	if m.Stride < 0 {
		parts = append([]*value{}, parts...)
		for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
			parts[i], parts[j] = parts[j], parts[i]
		}
	}
	if len(parts) > 0 {
		return it.apply(join, parts)
	}
	return it.empty(join, m)
}

// initial is what a result that no iteration computed comes from by its back edge, nil when there is none.
func (it *iteration) initial(result int) *value {
	for _, e := range it.body.BackEdges {
		if e.From != result {
			continue
		}
		for _, m := range it.body.Inputs {
			if m.Internal == e.To && m.External >= 0 {
				return it.in[m.External]
			}
		}
	}
	return nil
}

// empty is the join of no iterations: what the body declares, with nothing along the axis.
func (it *iteration) empty(join *step, m graph.PortMap) (*value, error) {
	declared := it.plan.graph.Results[m.Internal].Out[0]
	shape := append([]int{}, declared.Shape...)
	if m.Axis >= len(shape) {
		return nil, fmt.Errorf("no iteration ran, and the shape of output %d is not known", m.External)
	}
	for i, d := range shape {
		if i == m.Axis || d < 0 {
			shape[i] = 0
		}
	}
	v, _ := it.memo.intern(join.out, tensor.New(declared.Type, shape...))
	return v, nil
}
