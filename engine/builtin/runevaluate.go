package builtin

import (
	"fmt"

	"halfway/engine/kernel"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// materialise makes the elements of the given values present. What was dropped is computed again, with all that it needs, each derivation
// once and in an order in which operands come first. The caller's values stay present as long as it retains them or does not trim.
func (r *run) materialise(values ...*value) error {
	var order []*derivation
	seen := map[*derivation]bool{}
	var visit func(v *value)
	visit = func(v *value) {
		if v.tensor != nil || seen[v.from] {
			return
		}
		seen[v.from] = true
		for i, in := range v.from.in {
			if !r.spared(v.from, i) {
				visit(in)
			}
			r.memo.retain(in)
		}
		order = append(order, v.from)
	}
	for _, v := range values {
		visit(v)
		r.memo.retain(v)
	}
	var err error
	for _, d := range order {
		if err == nil {
			err = r.ctx.Err()
		}
		if err == nil {
			err = r.evaluate(d)
		}
		for _, in := range d.in {
			r.memo.release(in)
		}
		r.memo.trim()
	}
	for _, v := range values {
		r.memo.release(v)
	}
	return err
}

// evaluate computes the values of d from its operands, whose elements are present. The first time it decides which values those are.
func (r *run) evaluate(d *derivation) error {
	if d.step == nil {
		src := d.in[0].tensor
		if err := r.checkRoom(d, []ops.Spec{{Type: src.Type, Shape: src.Shape}}, 0); err != nil {
			return err
		}
		dst := r.memo.pool.New(src.Type, src.Shape...)
		r.workers.Round(dst.F32s(), src.F32s(), r.precision)
		r.settle(d.out[0], dst, float64(src.Len()))
		return nil
	}
	if d.step.op == nil {
		return r.constant(d)
	}
	if err := r.ctx.Err(); err != nil {
		return err
	}
	var out []*tensor.Tensor
	macs := d.step.macs
	if exact := r.memo.unrounded(d); exact != nil {
		out = []*tensor.Tensor{r.roundedResult(d.step, exact)}
	} else {
		var err error
		if out, macs, err = r.evaluateStep(d); err != nil {
			return err
		}
		r.macs += macs
	}
	first := d.out == nil
	for o, t := range out {
		if first {
			v, known := r.memo.intern(d.step.out+o, t)
			d.out = append(d.out, v)
			if !known {
				v.from = d
			}
			v.grid = v.grid || d.round.out != nil && d.round.out[o] || d.step.view && d.in[0].grid
		}
		if v := d.out[o]; v.tensor == nil || v.tensor == t {
			r.settle(v, t, float64(macs))
		} else {
			r.memo.pool.Release(t)
		}
	}
	return nil
}

// settle gives v its elements.
func (r *run) settle(v *value, t *tensor.Tensor, cost float64) {
	v.tensor, v.bytes, v.cost = t, t.Bytes(), cost
	r.memo.present += v.bytes
	r.memo.pool.Size = max(r.memo.pool.Size, r.memo.present-r.memo.held)
	r.memo.retain(v)
	r.memo.release(v)
}

func (r *run) constant(d *derivation) error {
	raw := d.step.node.Value
	t, err := raw.Decode()
	if err != nil {
		return fmt.Errorf("constant %q: %w", d.step.node.Name, err)
	}
	v := d.out[0]
	r.settle(v, retyped(t, d.step.node.Out[0].Type), 0)
	if raw.Type.Bits() == 8*raw.Type.KeptBytes() {
		r.memo.present -= v.bytes
		v.bytes = 0 // the elements are those of the mapped file
	}
	return nil
}

// evaluateStep runs the operation of d and rounds its results.
func (r *run) evaluateStep(d *derivation) (out []*tensor.Tensor, macs int64, err error) {
	s := d.step
	for i, v := range d.in {
		if v.tensor == nil && !r.spared(d, i) { // packed a moment ago, but other weights took its place
			if err := r.materialise(v); err != nil {
				return nil, 0, err
			}
		}
	}
	operands, args := r.operands(d), make([]ops.Arg, len(d.in))
	for i, o := range operands {
		args[i] = ops.Arg{Type: o.Type, Shape: o.Shape, Value: d.in[i].tensor}
	}
	specs, err := s.infer(args)
	if err != nil {
		return nil, 0, err
	}
	if !s.view {
		if err := r.checkRoom(d, specs, ops.ScratchOf(s.op, args, specs, r.workers.Threads())); err != nil {
			return nil, 0, err
		}
	}
	if out, err = r.allocate(s, specs, operands); err != nil {
		return nil, 0, err
	}
	if !s.view {
		if err := r.eval(d, operands, out); err != nil {
			return nil, 0, err
		}
		for o, t := range out {
			if t == nil {
				return nil, 0, fmt.Errorf("the shape of output %d does not follow from its inputs", o)
			}
			specs[o].Shape = t.Shape
		}
	}
	for o, t := range out {
		if d.round.out == nil || !d.round.out[o] || r.roundsAtOnce(d, t) {
			continue
		}
		if s.view || r.added != nil {
			out[o] = r.roundedResult(s, t)
			r.memo.pool.Release(t)
		} else {
			r.roundResult(s, t, t)
		}
	}
	return out, s.cost(args, specs), nil
}

// eval runs the operation of d and rounds its result where it is computed.
func (r *run) eval(d *derivation, operands []ops.Operand, out []*tensor.Tensor) error {
	if !r.roundsAtOnce(d, out[0]) {
		return d.step.op.Eval(r.workers, operands, out)
	}
	return d.step.op.(ops.Leader).EvalThen(r.workers, operands, out, func(x []float32, _ int) { kernel.RoundTo(x, r.precision) })
}

// roundsAtOnce reports whether the result of d, to be held by t, is rounded while it is computed.
func (r *run) roundsAtOnce(d *derivation, t *tensor.Tensor) bool {
	_, leads := d.step.op.(ops.Leader)
	return leads && t != nil && t.Type == tensor.F32 && len(d.round.out) == 1 && d.round.out[0] && !d.step.odd && r.added == nil
}

// roundedResult is a copy of t, a result of s, rounded.
func (r *run) roundedResult(s *step, t *tensor.Tensor) *tensor.Tensor {
	dst := r.memo.pool.New(t.Type, t.Shape...)
	r.roundResult(s, dst, t)
	if r.added != nil {
		*r.added += difference(r.workers, t, dst)
	}
	return dst
}

func (r *run) roundResult(s *step, dst, t *tensor.Tensor) {
	if s.odd {
		r.workers.RoundOddUp(dst.F32s(), t.F32s())
	} else {
		r.workers.Round(dst.F32s(), t.F32s(), r.precision)
	}
}

func (r *run) allocate(s *step, specs []ops.Spec, in []ops.Operand) ([]*tensor.Tensor, error) {
	out := make([]*tensor.Tensor, len(specs))
	for o, spec := range specs {
		if spec.Shape == nil {
			if s.view {
				return nil, fmt.Errorf("the shape of output %d does not follow from its inputs", o)
			}
			continue // Eval decides
		}
		if _, err := tensor.Elements(spec.Shape); err != nil {
			return nil, err
		}
		if s.view {
			out[o] = in[0].View(spec.Shape...)
		} else {
			out[o] = r.memo.pool.New(spec.Type, spec.Shape...)
		}
	}
	return out, nil
}
