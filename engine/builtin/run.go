package builtin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"

	"halfway/engine"
	"halfway/engine/kernel"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// A run is one probe on one sample.
type run struct {
	*Engine
	ctx     context.Context
	set     engine.Set
	current []*value          // by slot
	state   map[string]*value // by variable, retained
	macs    int64             // computed
	inputs  int64             // bytes of the sample
	added   *float64          // where to add the energy of the error that rounding results makes; nil: nowhere
}

// observe makes the inferences of a sample one after the other.
func (r *run) observe(s engine.Sample) (engine.Observation, error) {
	defer r.abandon()
	o := engine.Observation{}
	h := sha256.New()
	for i, inputs := range s.Inferences() {
		params, err := r.params(inputs, s.Source)
		if err != nil {
			return o, err
		}
		results, err := r.infer(params)
		if err != nil {
			if len(s.Then) > 0 {
				err = fmt.Errorf("step %d: %w", i, err)
			}
			return o, err
		}
		r.report(results, &o, h)
	}
	o.Work = r.passes(r.macs, len(s.Inferences()))
	o.Key = hex.EncodeToString(h.Sum(nil))
	enforced := r.set.Clone()
	o.Enforced = &enforced
	return o, nil
}

// infer goes through the model once. It gives up its hold on the results, whose elements are present until the next trim.
func (r *run) infer(params []*value) ([]*value, error) {
	results, err := r.body(r.plan, params)
	if err != nil {
		return nil, err
	}
	return results, r.finish(results)
}

// finish gives up the hold on results, whose elements are present until the next trim.
func (r *run) finish(results []*value) error {
	defer r.releaseAll(results)
	for _, v := range results {
		v.cost = float64(r.plan.macs) // what is behind it may be gone by the time that it is asked for again
	}
	return r.materialise(results...)
}

// steps goes through the steps of p, whose parameters are set. A step whose derivation is known costs a lookup; any other is evaluated.
func (r *run) steps(p *plan) error {
	for _, s := range p.steps {
		if err := r.take(p, s); err != nil {
			return err
		}
		r.leave(s)
	}
	return nil
}

// take makes one step of p. What only s reads is still there until leave.
func (r *run) take(p *plan, s *step) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if err := r.step(s); err != nil {
		return p.fail(s, err)
	}
	return nil
}

// leave gives up what no step after s reads.
func (r *run) leave(s *step) {
	for _, slot := range s.release {
		r.memo.release(r.current[slot])
		r.current[slot] = nil
	}
	r.memo.trim()
}

// abandon gives up all that is still held.
func (r *run) abandon() {
	r.releaseAll(r.current)
	for _, v := range r.state {
		r.memo.release(v)
	}
	r.current, r.state = nil, nil
	r.memo.trim()
}

// step sets the current values of s's outputs, which stay retained until their last reader has passed.
func (r *run) step(s *step) error {
	switch {
	case s.node.Op == "Parameter":
		return nil
	case s.flow != nil:
		out, err := r.control(s)
		if err != nil {
			return err
		}
		copy(r.current[s.out:], out)
		return nil
	}
	out, err := r.values(s)
	if err != nil {
		return err
	}
	for o, v := range out {
		r.current[s.out+o] = v
		r.memo.retain(v)
	}
	return nil
}

// values are the outputs of a step without bodies.
func (r *run) values(s *step) ([]*value, error) {
	switch s.node.Op {
	case "Constant":
		d, known := r.memo.derive(s, rounds{}, nil)
		if !known {
			d.out = []*value{r.memo.newValue(nil)}
			d.out[0].from = d
		}
		return d.out, nil
	case "ReadValue":
		return r.read(s)
	case "Assign":
		return []*value{r.assign(s)}, nil
	}
	d, err := r.derive(s)
	if err != nil {
		return nil, err
	}
	err = r.settled(d)
	return d.out, err
}

// settled makes sure that it is known which values d gives.
func (r *run) settled(d *derivation) error {
	if d.out != nil {
		return nil
	}
	var needed []*value
	for i, v := range d.in {
		if !r.spared(d, i) {
			needed = append(needed, v)
		}
	}
	if err := r.materialise(needed...); err != nil {
		return err
	}
	return r.evaluate(d)
}

// spared reports whether d's operation keeps operand i packed, so that it can do without the elements, which were dropped.
func (r *run) spared(d *derivation, i int) bool {
	v := d.in[i]
	if v.tensor != nil || v.head == nil || d.step == nil {
		return false
	}
	p, ok := d.step.op.(ops.Packer)
	return ok && p.Packed(i, r.operands(d))
}

// operands are those of d; where elements were dropped type and shape are left.
func (r *run) operands(d *derivation) []ops.Operand {
	operands := make([]ops.Operand, len(d.in))
	for i, v := range d.in {
		t := v.tensor
		if t == nil {
			t = v.head
		}
		operands[i] = ops.Operand{Tensor: t, Round: r.grid(d, i), Exact: v.grid, Key: uint64(v.id)}
	}
	return operands
}

// grid is the grid to which d's operation rounds operand i itself.
func (r *run) grid(d *derivation, i int) tensor.DType {
	if d.round.in != nil && d.round.in[i] {
		return r.precision
	}
	return tensor.F32
}

// params are the values of the model's parameters.
func (r *run) params(inputs map[string]*tensor.Tensor, source string) ([]*value, error) {
	params := make([]*value, len(r.plan.params))
	for i, p := range r.plan.graph.Params {
		t, err := r.input(i, p, inputs, source)
		if err != nil {
			return nil, err
		}
		params[i], _ = r.memo.intern(r.plan.params[i], t)
	}
	return params, nil
}

// derive finds what s computes in this run: its operands after the rounding that happens before it, and the rounding that it does itself.
func (r *run) derive(s *step) (*derivation, error) {
	in := make([]*value, len(s.in))
	var round rounds
	if s.rounds > 0 {
		round.in = make([]bool, len(s.in))
	}
	for i, slot := range s.in {
		in[i] = r.current[slot]
		if !s.roundIn[i].holds(r.set) {
			continue
		}
		if i < s.rounds { // which may do more than rounding what it reads, even when that is on the grid already
			round.in[i] = true
			continue
		}
		if in[i].grid {
			continue
		}
		v, err := r.rounded(in[i])
		if err != nil {
			return nil, err
		}
		in[i] = v
	}
	for o, c := range s.roundOut {
		if c.holds(r.set) {
			if round.out == nil {
				round.out = make([]bool, len(s.roundOut))
			}
			round.out[o] = true
		}
	}
	d, _ := r.memo.derive(s, round, in)
	return d, nil
}

// rounded returns v rounded to the grid.
func (r *run) rounded(v *value) (*value, error) {
	if v.rounded != nil {
		return v.rounded, nil
	}
	if err := r.materialise(v); err != nil {
		return nil, err
	}
	src := v.tensor.F32s()
	if kernel.RoundsNothing(src, r.precision) {
		v.rounded, v.grid = v, true
		return v, nil
	}
	w := r.memo.newValue(nil)
	w.grid = true
	w.rounded = w
	w.from = &derivation{in: []*value{v}, out: []*value{w}, constant: v.constant()}
	v.rounded = w
	return w, r.evaluate(w.from)
}

// output describes the i-th output.
func (p *plan) output(i int) engine.Output {
	return engine.Output{Name: p.graph.OutputName(i), Aliases: p.graph.OutputAliases(i)}
}

// report adds the results of one inference to o and digests their bits.
func (r *run) report(results []*value, o *engine.Observation, h hash.Hash) {
	for i, v := range results {
		out := r.plan.output(i)
		out.Tensor = r.narrowed(v.tensor, i)
		o.Outputs = append(o.Outputs, out)
		if v.digest == nil {
			v.digest = tensor.Digest(v.tensor)
		}
		h.Write(v.digest)
	}
}

// narrowed is a copy of the i-th result in the type that the file declares for it.
func (r *run) narrowed(t *tensor.Tensor, i int) *tensor.Tensor {
	want := r.plan.graph.Results[i].Out[0].Type
	if want == t.Type || want != tensor.F16 && want != tensor.BF16 {
		return t.Clone()
	}
	n := tensor.New(want, t.Shape...)
	r.workers.Round(n.F32s(), t.F32s(), want)
	return n
}
