package builtin

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"

	"halfway/engine"
	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/ops"
	"halfway/engine/passes"
	"halfway/engine/tensor"
)

// Options say how a model is to be run.
type Options struct {
	View      string           // one of Views; "" is DefaultView
	Precision tensor.DType     // BF16 or F16; F32 has no candidates
	Threads   int              // 0: one a processor
	Memory    int64            // bytes of the memo; 0 remembers nothing but packed weights; negative: DefaultMemory
	Shapes    map[string][]int // input shapes by any of an input's names, in place of the file's
	Expected  map[string][]int // shapes that inputs will have which Shapes and the file leave open: planned for, without a change of the view
}

// DefaultMemory says how the budget of the memo follows from the model: four times the peak of its activations, at least 64 MiB and at most 2 GiB.
func DefaultMemory(peak int64) int64 { return min(max(4*peak, 64<<20), 2<<30) }

// An Engine runs one model in one view and precision. Runs queue: each uses all threads.
type Engine struct {
	model      *Model
	precision  tensor.DType
	declared   []tensor.DType // by parameter: the file's type
	plan       *plan
	plans      []*plan // the main one, then those of bodies
	slots      int     // values of one inference, in all plans
	candidates []engine.Candidate
	others     []engine.Other
	workers    *kernel.Workers
	warnings   []string
	limit      int64 // bytes that the values of a run may take

	mu   sync.Mutex
	memo *memo
	pass int64 // multiply-adds of one inference: of the plan, or, where shapes show only on the way, of the first run
}

// Engine prepares the model to run. It fails on a view, precision or shape that does not fit.
func (m *Model) Engine(o Options) (*Engine, error) {
	if o.View == "" {
		o.View = DefaultView
	}
	if o.Precision == tensor.Invalid {
		o.Precision = tensor.BF16
	}
	file, err := m.Graph(o.Shapes)
	if err != nil {
		return nil, err
	}
	shapes, err := inputShapes(file, o.Shapes)
	if err != nil {
		return nil, err
	}
	var g *graph.Graph
	err = tensor.Guard(func() (err error) {
		g, err = passes.Apply(file, o.View, shapes)
		return err
	})
	if err != nil {
		return nil, err
	}
	e := &Engine{model: m, precision: o.Precision, limit: machineMemory()}
	for _, p := range g.Params {
		e.declared = append(e.declared, p.Out[0].Type)
	}
	widen(g)
	planned, err := inputShapes(file, o.Expected)
	if err != nil {
		return nil, err
	}
	for i, shape := range shapes {
		if shape != nil {
			planned[i] = shape
		}
	}
	if err := tensor.Guard(func() error { return e.prepare(g, planned, o.View != "plain") }); err != nil {
		return nil, err
	}
	if o.Precision == tensor.F16 {
		e.warnings = append(e.warnings, "f16 is enforced node by node, and with these rules, only by the debug builds of 2023 and 2024; "+
			"newer x64 builds run f16 as bf16 or convert the whole model")
	}
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.Memory < 0 {
		o.Memory = DefaultMemory(e.plan.peak)
	}
	e.workers = kernel.NewWorkers(o.Threads)
	e.memo = newMemo(o.Memory, e.workers)
	e.memo.pool.Size = e.plan.peak
	return e, nil
}

// prepare plans g, whose parameters have the given shapes (nil: not known).
func (e *Engine) prepare(g *graph.Graph, shapes [][]int, fused bool) error {
	b := &planner{precision: e.precision, fused: fused}
	p, err := b.plan(g, "")
	if err != nil {
		return err
	}
	params := make([]ops.Arg, len(shapes))
	for i, shape := range shapes {
		params[i] = ops.Arg{Type: g.Params[i].Out[0].Type, Shape: shape}
	}
	if _, err := p.infer(make([]ops.Arg, b.slots), params); err != nil {
		return err
	}
	e.plan, e.plans, e.slots = p, b.plans, b.slots
	e.candidates, e.others = describe(b), b.others
	p.fuse()
	p.lifetimes()
	p.measure()
	return nil
}

// inputShapes returns the shape of every parameter: the asked one, else the file's where it is static, else nil.
func inputShapes(g *graph.Graph, asked map[string][]int) ([][]int, error) {
	shapes := make([][]int, len(g.Params))
	used := 0
	for i, p := range g.Params {
		declared := p.Out[0].Shape
		if declared != nil && !slices.ContainsFunc(declared, func(d int) bool { return d < 0 }) {
			shapes[i] = declared
		}
		for _, name := range append(slices.Clone(p.Out[0].Names), p.Name) {
			if s, ok := asked[name]; ok {
				shapes[i] = s
				used++
				break
			}
		}
	}
	if used < len(asked) {
		var names []string
		for i := range g.Params {
			names = append(names, g.InputName(i))
		}
		return nil, fmt.Errorf("%s: a shape is given for an input that the model does not have; its inputs are %q", g.File, names)
	}
	return shapes, nil
}

// Level is the level of the kernels that this processor runs: "avx2" or "generic".
func Level() string { return kernel.Level() }

// Info describes the engine.
func (e *Engine) Info() engine.Info {
	version := "devel"
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" && b.Main.Version != "(devel)" {
		version = b.Main.Version
	}
	return engine.Info{Name: "builtin", Version: version, Kernel: kernel.Level()}
}

// Inputs are the names of the inputs, by which a Sample holds them.
func (e *Engine) Inputs() []string {
	names := make([]string, len(e.plan.graph.Params))
	for i := range names {
		names[i] = e.plan.graph.InputName(i)
	}
	return names
}

// Warnings returns what a user should know about the chosen precision and view.
func (e *Engine) Warnings() []string { return e.warnings }

// Seconds is the nominal time of so many probes, at half a pass each, which is what computing only what changed comes to. Where shapes show on
// the way only the first run shows the work of a pass.
func (e *Engine) Seconds(probes int, samples []engine.Sample) float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return float64(probes) / 2 * float64(engine.Inferences(samples)) * engine.Nominal(len(e.plan.steps), max(e.plan.macs, e.pass))
}

// Outputs describes the model's outputs in its order.
func (e *Engine) Outputs() []engine.Output {
	r := make([]engine.Output, len(e.plan.graph.Results))
	for i := range r {
		r[i] = e.plan.output(i)
	}
	return r
}

// Close stops the engine's threads.
func (e *Engine) Close() { e.workers.Close() }

// Candidates returns the model's candidates in counting order.
func (e *Engine) Candidates(context.Context) ([]engine.Candidate, error) {
	return slices.Clone(e.candidates), nil
}

// Others returns the nodes that are no candidates, graph by graph, each in counting order.
func (e *Engine) Others() []engine.Other { return slices.Clone(e.others) }

// Run runs the model on s with the candidates of set enforced. Cancelling ctx ends it between two nodes.
func (e *Engine) Run(ctx context.Context, set engine.Set, s engine.Sample) (engine.Observation, error) {
	r := e.newRun(ctx, set, s)
	if err := r.checkPlans(); err != nil {
		return engine.Observation{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.memo.begin()
	var o engine.Observation
	err := tensor.Guard(func() (err error) {
		o, err = r.observe(s)
		return err
	})
	return o, err
}

func (e *Engine) newRun(ctx context.Context, set engine.Set, s engine.Sample) *run {
	return &run{Engine: e, ctx: ctx, set: set, inputs: bytesOfSample(s), current: make([]*value, e.slots), state: map[string]*value{}}
}

// passes is how many inferences so many multiply-adds make. The first run of all, which remembers nothing, shows how many one takes.
func (r *run) passes(macs int64, inferences int) float64 {
	if r.pass == 0 {
		r.pass = max(r.plan.macs, r.macs/int64(inferences), 1)
	}
	return float64(macs) / float64(r.pass*int64(inferences))
}

// input finds the sample's value of parameter i and checks that it fits.
func (e *Engine) input(i int, p *graph.Node, inputs map[string]*tensor.Tensor, source string) (*tensor.Tensor, error) {
	for _, name := range append(slices.Clone(p.Out[0].Names), p.Name) {
		t, ok := inputs[name]
		if !ok {
			continue
		}
		if want := e.declared[i]; t.Type != want {
			return nil, fmt.Errorf("%s: input %q is %s, the model wants %s", source, name, t.Type, want)
		}
		if want := p.Out[0].Shape; !fits(t.Shape, want) {
			return nil, fmt.Errorf("%s: input %q has shape %v, the model wants %v", source, name, t.Shape, want)
		}
		return retyped(t, p.Out[0].Type), nil
	}
	return nil, fmt.Errorf("%s: input %q is missing", source, e.plan.graph.InputName(i))
}

// fits reports whether shape is one that declared allows, whose nil is any and -1 any size.
func fits(shape, declared []int) bool {
	return declared == nil || slices.EqualFunc(shape, declared, func(d, want int) bool { return d == want || want < 0 })
}
