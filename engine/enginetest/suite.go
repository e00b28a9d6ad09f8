package enginetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"halfway/engine"
	"halfway/engine/tensor"
)

// A Subject is an engine to be tested, with a model that gives other outputs when everything is enforced.
type Subject struct {
	Engine  engine.Engine
	Sample  engine.Sample
	Leaks   string        // why nothing enforced may differ from the engine's own reference; "" where it must not
	Hurried engine.Engine // the same with a limit on the time of a run that no run keeps; nil where an engine has no such limit
}

// Conform is the suite that every engine passes: what callers rely on and the interface cannot say. Open is called for each test.
func Conform(t *testing.T, open func(t *testing.T) Subject) {
	for _, test := range []struct {
		name string
		run  func(s *suite)
	}{
		{"candidates are well-formed and stay the same", (*suite).candidates},
		{"nothing enforced is the reference, everything is not", (*suite).ends},
		{"what was asked for is enforced, and said", (*suite).sets},
		{"inert candidates change no bit", (*suite).inert},
		{"inputs that do not fit are errors and harm nothing", (*suite).badInputs},
		{"a cancelled run ends within a second, and the next one works", (*suite).cancellation},
		{"runs out of time are timeouts", (*suite).timeouts},
		{"goroutines see what one alone sees", (*suite).goroutines},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(&suite{t, open(t), context.Background()}) })
	}
}

type suite struct {
	*testing.T
	Subject
	ctx context.Context
}

func (s *suite) list() []engine.Candidate {
	s.Helper()
	list, err := s.Engine.Candidates(s.ctx)
	if err != nil {
		s.Fatal(err)
	}
	return list
}

func (s *suite) run(set engine.Set) engine.Observation {
	s.Helper()
	o, err := s.Engine.Run(s.ctx, set, s.Sample)
	if err != nil {
		s.Fatalf("with %d nodes enforced: %v", set.Len(), err)
	}
	return o
}

func (s *suite) candidates() {
	list := s.list()
	if len(list) == 0 {
		s.Fatal("there are no candidates")
	}
	s.run(engine.All(len(list)))
	if again := s.list(); !reflect.DeepEqual(list, again) {
		s.Error("another call lists other candidates")
	}
	next := map[string]int{}
	for p, c := range list {
		if c.Index != next[c.Graph] {
			s.Errorf("candidate %d of graph %q has the index %d, want %d", p, c.Graph, c.Index, next[c.Graph])
		}
		next[c.Graph]++
		if c.Tag != c.Type+"@"+c.Name {
			s.Errorf("candidate %d has the tag %q, want Type@Name of %q and %q", p, c.Tag, c.Type, c.Name)
		}
		for _, q := range append(append([]int{c.Unit}, c.Preds...), c.Closure...) {
			if q < 0 || q >= len(list) {
				s.Fatalf("candidate %d refers to candidate %d of %d", p, q, len(list))
			}
		}
		if head := list[c.Unit]; head.Unit != c.Unit || head.Graph != c.Graph {
			s.Errorf("candidate %d is in the unit of %d, which is not the head of one in its graph", p, c.Unit)
		}
	}
	s.Run("a caller may change what it got", func(*testing.T) {
		for i := range list {
			list[i].Tag = ""
		}
		if s.list()[0].Tag == "" {
			s.Error("the engine's own list changed")
		}
	})
}

func (s *suite) ends() {
	none := s.run(engine.Set{})
	if bits(none) != bits(s.run(engine.NewSet(len(s.list())))) {
		s.Error("two runs with nothing enforced differ")
	}
	if r, ok := s.Engine.(engine.Referrer); ok {
		reference, err := r.Reference(s.ctx, s.Sample)
		if err != nil {
			s.Fatal(err)
		}
		if s.Leaks != "" {
			s.Log(s.Leaks)
		} else if bits(reference) != bits(none) {
			s.Error("nothing enforced differs from the reference")
		}
	}
	if bits(none) == bits(s.run(engine.All(len(s.list())))) {
		s.Error("everything enforced gives the bits of nothing enforced")
	}
}

// bits names the outputs of o.
func bits(o engine.Observation) string {
	var b strings.Builder
	for _, out := range o.Outputs {
		fmt.Fprintf(&b, "%s %x\n", out.Name, tensor.Digest(out.Tensor))
	}
	return b.String()
}

// some are sets of different kinds.
func (s *suite) some() []engine.Set {
	list := s.list()
	n := len(list)
	half, unit := engine.NewSet(n), engine.NewSet(n)
	for p, c := range list {
		if c.Unit%2 == 0 {
			half.Add(p)
		}
		if c.Unit == list[n/2].Unit {
			unit.Add(p)
		}
	}
	return []engine.Set{engine.Prefix(list, 0), engine.Prefix(list, n/2), half, unit, engine.All(n).Minus(unit)}
}

func (s *suite) sets() {
	seen := map[string]string{}
	for _, set := range append(s.some(), engine.Set{}, engine.All(len(s.list()))) {
		o := s.run(set)
		if o.Enforced != nil && !o.Enforced.Equal(set) {
			s.Errorf("asked to enforce %v, the engine says %v", set.Positions(), o.Enforced.Positions())
		}
		if len(o.Outputs) == 0 {
			s.Fatal("there are no outputs")
		}
		if !(o.Work >= 0) {
			s.Errorf("work %v", o.Work)
		}
		if o.Key == "" {
			continue
		}
		if other, ok := seen[o.Key]; ok && other != bits(o) {
			s.Errorf("the key %q stands for different outputs", o.Key)
		}
		seen[o.Key] = bits(o)
	}
}

// inert enforces the inert candidates alone, and all others.
func (s *suite) inert() {
	list := s.list()
	var inert engine.Set
	for p, c := range list {
		if c.Inert {
			inert.Add(p)
		}
	}
	all := engine.All(len(list))
	if bits(s.run(inert)) != bits(s.run(engine.Set{})) || bits(s.run(all.Minus(inert))) != bits(s.run(all)) {
		s.Errorf("enforcing the candidates %v, which are said to be inert, changes the outputs", inert.Positions())
	}
}

func (s *suite) badInputs() {
	want := bits(s.run(engine.Set{}))
	for _, c := range []struct {
		name   string
		inputs map[string]*tensor.Tensor
	}{
		{"no inputs", map[string]*tensor.Tensor{}},
		{"another rank", s.changed(func(t *tensor.Tensor) *tensor.Tensor {
			return tensor.New(t.Type, append([]int{1, 1, 1}, t.Shape...)...)
		})},
	} {
		if _, err := s.Engine.Run(s.ctx, engine.Set{}, engine.Sample{Source: c.name, Inputs: c.inputs}); err == nil {
			s.Errorf("%s: no error", c.name)
		}
	}
	if bits(s.run(engine.Set{})) != want {
		s.Error("after errors the outputs are others")
	}
}

func (s *suite) changed(f func(*tensor.Tensor) *tensor.Tensor) map[string]*tensor.Tensor {
	inputs := map[string]*tensor.Tensor{}
	for name, t := range s.Sample.Inputs {
		inputs[name] = f(t)
	}
	return inputs
}

func (s *suite) cancellation() {
	s.list()
	want := bits(s.run(engine.Set{}))
	for _, after := range []time.Duration{0, time.Millisecond, 20 * time.Millisecond} {
		ctx, cancel := context.WithTimeoutCause(s.ctx, after, errEnough)
		start := time.Now()
		for n := 0; ctx.Err() == nil; n++ {
			if _, err := s.Engine.Run(ctx, s.some()[n%5], s.Sample); err != nil && !errors.Is(err, errEnough) && !errors.Is(err, ctx.Err()) {
				s.Errorf("cancelled after %v: %v", after, err)
			}
		}
		if _, err := s.Engine.Run(ctx, engine.Set{}, s.Sample); err == nil {
			s.Errorf("a run that was cancelled before it began gave an answer")
		}
		if took := time.Since(start); took > after+time.Second {
			s.Errorf("cancelled after %v, ended after %v", after, took)
		}
		cancel()
	}
	if bits(s.run(engine.Set{})) != want {
		s.Error("after a cancelled run the outputs are others")
	}
}

var errEnough = errors.New("enough")

func (s *suite) timeouts() {
	if s.Hurried == nil {
		s.Skip("the engine has no limit on the time of a run")
	}
	for range 2 {
		_, err := s.Hurried.Run(s.ctx, engine.Set{}, s.Sample)
		if f, ok := errors.AsType[*engine.Failure](err); !ok || f.Kind != engine.Timeout {
			s.Errorf("a run that takes too long: %v, want the failure timeout", err)
		}
	}
}

func (s *suite) goroutines() {
	sets := s.some()
	want := make([]string, len(sets))
	for i, set := range sets {
		want[i] = bits(s.run(set))
	}
	var all sync.WaitGroup
	for i, set := range append(sets, sets...) {
		all.Go(func() {
			o, err := s.Engine.Run(s.ctx, set, s.Sample)
			if err != nil || bits(o) != want[i%len(sets)] {
				s.Errorf("set %d beside others: other outputs than alone (%v)", i%len(sets), err)
			}
		})
	}
	all.Wait()
}

// Sample reads a file as the sample of a model with these inputs.
func Sample(t testing.TB, path string, inputs []engine.Input) engine.Sample {
	t.Helper()
	samples, _, err := engine.LoadSamples(path, inputs)
	if err != nil {
		t.Fatal(err)
	}
	return samples[0]
}
