package builtin

import (
	"context"
	"fmt"

	"halfway/engine"
	"halfway/engine/tensor"
)

// maxTraced bounds the memory of a forecast: steps of all inferences of a sample.
const maxTraced = 1 << 20

// Predict runs the model on s with nothing enforced and with set enforced, node by node side by side, and traces the error on its way to the
// outputs. The memo remembers both runs; an engine without one forecasts nothing.
func (e *Engine) Predict(ctx context.Context, set engine.Set, s engine.Sample) (engine.Forecast, error) {
	if e.memo.budget == 0 || len(e.plan.steps)*len(s.Inferences()) > maxTraced {
		return engine.Forecast{}, nil
	}
	f := &forecast{exact: e.newRun(ctx, engine.Set{}, s), reduced: e.newRun(ctx, set, s)}
	if err := f.exact.checkPlans(); err != nil {
		return engine.Forecast{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.memo.begin()
	if err := tensor.Guard(func() error { return f.observe(s) }); err != nil {
		return engine.Forecast{}, err
	}
	work := f.exact.passes(f.exact.macs+f.reduced.macs, len(s.Inferences()))
	return engine.Forecast{Work: work, Shares: f.shares}, nil
}

// A forecast is two runs of one sample side by side.
type forecast struct {
	exact, reduced *run
	traces         [][]trace // by inference, then by step of the main plan
}

// A trace is what one step makes of the error. Errors are energies, sums of squared differences, those of operands in a unit of their own.
type trace struct {
	error     float64   // of all outputs
	rounding  float64   // of it, by rounding the outputs
	operands  []float64 // by input: what its error adds
	roundings []float64 // by input: what rounding it here adds
	signal    float64   // of all outputs, where they are exact
	terms     float64   // of the products that the outputs are sums of, about
	arrived   []float64 // by input: what rounding it before adds to it, where it comes rounded, about
}

func (f *forecast) runs() []*run { return []*run{f.exact, f.reduced} }

// observe makes the inferences of a sample in both ways.
func (f *forecast) observe(s engine.Sample) error {
	for _, r := range f.runs() {
		defer r.abandon()
	}
	for i, inputs := range s.Inferences() {
		if err := f.infer(inputs, s.Source); err != nil {
			if len(s.Then) > 0 {
				err = fmt.Errorf("step %d: %w", i, err)
			}
			return err
		}
	}
	return nil
}

// infer goes through the model once.
func (f *forecast) infer(inputs map[string]*tensor.Tensor, source string) error {
	p := f.exact.plan
	for _, r := range f.runs() {
		params, err := r.params(inputs, source)
		if err != nil {
			return err
		}
		r.enter(p, params)
	}
	traces := make([]trace, len(p.steps))
	for i, s := range p.steps {
		var err error
		if traces[i], err = f.take(p, s); err != nil {
			return err
		}
	}
	f.traces = append(f.traces, traces)
	for _, r := range f.runs() {
		if err := r.finish(r.results(p)); err != nil {
			return err
		}
	}
	return nil
}

// take makes a step in both ways.
func (f *forecast) take(p *plan, s *step) (trace, error) {
	var t trace
	f.reduced.added = &t.rounding
	for _, r := range f.runs() {
		if err := r.take(p, s); err != nil {
			return t, err
		}
	}
	if err := f.compare(s, &t); err != nil {
		return t, p.fail(s, err)
	}
	for _, r := range f.runs() {
		r.leave(s)
	}
	return t, nil
}

// additive are the operations whose result has the sum of the errors of its operands; that of any other has their relative errors.
var additive = map[string]bool{"Add": true, "Subtract": true, "Concat": true}

// compare measures what s makes of the error. Its operands are still there.
func (f *forecast) compare(s *step, t *trace) error {
	for o := range s.node.Out {
		e, signal, err := f.error(s.out + o)
		if err != nil {
			return err
		}
		t.error += e
		t.signal += signal
	}
	if t.error == 0 {
		return nil
	}
	t.operands, t.roundings = make([]float64, len(s.in)), make([]float64, len(s.in))
	t.arrived = make([]float64, len(s.in))
	means := 1.0
	for i, slot := range s.in {
		e, signal, err := f.error(slot)
		if err != nil {
			return err
		}
		rounding, err := f.operandRounding(s, i)
		if err != nil {
			return err
		}
		if !additive[s.kind()] && signal > 0 {
			e, rounding = e/signal, rounding/signal
		}
		t.operands[i], t.roundings[i] = e, rounding
		v := f.reduced.current[slot]
		if v.grid {
			t.arrived[i] = f.gridError()
		}
		if i < 2 {
			means *= signal / float64(max(v.tensor.Len(), 1))
		}
	}
	if products[s.kind()] && len(s.in) >= 2 {
		t.terms = float64(s.macs) * means
	}
	return nil
}

// gridError is what rounding to the grid adds to a value, as a part of its energy, when its leading digits are evenly spread: the variance of the
// rounding, of one part in twelve of a square of steps, over the mean square of a number between two powers of two.
func (f *forecast) gridError() float64 {
	step := 1.0 / (1 << 7) // bf16
	if f.reduced.precision == tensor.F16 {
		step = 1.0 / (1 << 10)
	}
	return step * step / 12 / (7.0 / 3)
}

// error is how far the two values of a slot are apart, and the energy of the exact one.
func (f *forecast) error(slot int) (apart, signal float64, err error) {
	a, b := f.exact.current[slot], f.reduced.current[slot]
	if err := f.exact.materialise(a, b); err != nil {
		return 0, 0, err
	}
	if a != b {
		apart = difference(f.exact.workers, a.tensor, b.tensor)
	}
	return apart, energy(f.exact.workers, a.tensor), nil
}

// operandRounding is the error that rounding operand i of s makes.
func (f *forecast) operandRounding(s *step, i int) (float64, error) {
	v := f.reduced.current[s.in[i]]
	if v.grid || !s.roundIn[i].holds(f.reduced.set) {
		return 0, nil
	}
	if err := f.reduced.materialise(v); err != nil {
		return 0, err
	}
	rounded := tensor.New(v.tensor.Type, v.tensor.Shape...)
	f.reduced.workers.Round(rounded.F32s(), v.tensor.F32s(), f.reduced.precision)
	return difference(f.reduced.workers, v.tensor, rounded), nil
}
