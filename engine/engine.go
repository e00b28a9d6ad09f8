// Package engine says what every engine is that can run a network with a chosen set of nodes in a reduced precision: the built-in one and
// those that drive other programs. It owns the words that search, engines and reports share. It knows no model format and no search.
package engine

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"halfway/engine/tensor"
)

// A Candidate is a node that enforcement may touch: neither in the skipped tail nor excluded by its type or mark.
type Candidate struct {
	Graph string   // "" for the main graph, else the path of the node whose body holds it
	Index int      // place in counting order in its graph; CNT=k enforces the indices 0..k of every graph
	Tag   string   // Type@Name, what the patterns are searched in
	Type  string   // CPU type, "FullyConnected"
	Op    string   // operation, "MatMul"
	Name  string   // original layers' names, comma-joined when fused
	From  []string // names of the file's nodes that it was made of, empty for none; nil: the one called Name
	Role  string   // Name with its numbers replaced by (\d+)
	Shape []int    // of output 0; -1 for a dimension that is not known, nil when not even their number is
	MACs  int64    // multiply-adds of one run
	Bytes int64    // of its constants and outputs
	Unit  int      // position (in Engine.Candidates) of the head of the unit that executes it
	Preds []int    // positions of the nearest candidates that it reads from, ascending
	Inert bool     // enforcing it changes no bit, whatever else is enforced: it has nothing to round

	// Closure lists the positions that must be kept in f32 whenever this candidate is: of a Convolution the residual Add of its unit,
	// since real plugins crash otherwise.
	Closure []int
}

// An Other is a node that is no candidate.
type Other struct {
	Graph, Tag string
	Reason     string // why enforcement does not touch it
}

// A Sample is one set of model inputs, by input name.
type Sample struct {
	Source string // as the user gave it, a path or "random:0"
	SHA256 string // of the file or files; "" for generated data
	Inputs map[string]*tensor.Tensor

	// Then are the inputs of further inferences that go on from the state which the one before left (ReadValue, Assign), as a language model
	// does when it decodes. An Observation lists the outputs of all inferences, one after the other.
	Then []map[string]*tensor.Tensor
}

// Inferences are the inputs of all inferences of s.
func (s Sample) Inferences() []map[string]*tensor.Tensor {
	return append([]map[string]*tensor.Tensor{s.Inputs}, s.Then...)
}

// Arrays names the outputs of a run on s as archives do: by their own names, after step-000., step-001., ... where s has several inferences.
func (s Sample) Arrays(outputs []Output) []tensor.Named {
	var arrays []tensor.Named
	each := len(outputs) / len(s.Inferences())
	for i, o := range outputs {
		name := o.Name
		if len(s.Then) > 0 {
			name = stepPrefix(i/each) + name
		}
		arrays = append(arrays, tensor.Named{Name: name, Tensor: o.Tensor})
	}
	return arrays
}

// Steps splits the arrays of an archive by the inference of s that they belong to, undoing Arrays. An array without a step is an error where s
// has several.
func (s Sample) Steps(arrays []tensor.Named) ([][]tensor.Named, error) {
	if len(s.Then) == 0 {
		return [][]tensor.Named{arrays}, nil
	}
	steps := make([][]tensor.Named, len(s.Inferences()))
	for _, a := range arrays {
		prefix, name, ok := strings.Cut(a.Name, ".")
		i, err := strconv.Atoi(strings.TrimPrefix(prefix, "step-"))
		if !ok || err != nil || i < 0 || i >= len(steps) || prefix+"." != stepPrefix(i) {
			return nil, fmt.Errorf("array %q belongs to none of the %d steps of %s: want names like %soutput", a.Name, len(steps), s.Source,
				stepPrefix(0))
		}
		steps[i] = append(steps[i], tensor.Named{Name: name, Tensor: a.Tensor})
	}
	return steps, nil
}

func stepPrefix(n int) string { return fmt.Sprintf("step-%03d.", n) }

// An Output is one named result of a network.
type Output struct {
	Name    string
	Aliases []string       // other names by which users may call it
	Tensor  *tensor.Tensor // nil where outputs are only described
}

// An Observation is what one run showed: outputs, or where a program gives none, a metric or an exit status.
type Observation struct {
	Outputs  []Output
	Metric   *float64
	Status   *int
	Enforced *Set    // what the engine says that it enforced; nil when it cannot tell
	Work     float64 // forward passes: multiply-adds computed over those of one whole pass
	Key      string  // when not "", equal keys mean outputs that are equal bit for bit
}

// An Engine runs one model. Its methods may be called by several goroutines.
type Engine interface {
	// Candidates returns the model's candidates: graph by graph, the main one first, each in counting order. Always the same.
	Candidates(ctx context.Context) ([]Candidate, error)
	// Run runs the model on s with the candidates of set in the reduced precision. A probe that ended without an answer is a *Failure;
	// any other error ends the search.
	Run(ctx context.Context, set Set, s Sample) (Observation, error)
}

// A Predictor is an Engine that can tell where an error comes from before nodes are probed one by one.
type Predictor interface {
	// Predict runs the model on s with nothing enforced and with set enforced, such that a Run of either costs nothing afterwards, and forecasts
	// from these two alone. It fails as Run does.
	Predict(ctx context.Context, set Set, s Sample) (Forecast, error)
}

// A Forecast says what share of an error nodes are expected to have. It is a guess: it serves to order probes, not to answer instead of them.
type Forecast struct {
	Work float64 // forward passes that it took

	// Shares returns by position what share each candidate, enforced among the others, has in the error of the outputs, which count by their
	// weights: their sum is at most that of the weights. nil: the engine forecasts nothing.
	Shares func(weight func(output string) float64) []float64
}

// A Prefixer is an Engine that does not know its counting order beforehand: Candidate.Index is only a place in its list.
type Prefixer interface {
	// Prefix returns the candidates that CNT=k enforces. It may take a run; one that fails is a *Failure.
	Prefix(ctx context.Context, k int) (Set, error)
}

// A Referrer is an Engine that can run the model in f32 altogether, where nothing enforced need not be the same.
type Referrer interface {
	Reference(ctx context.Context, s Sample) (Observation, error)
}

// FailureKind says how a probe ended without an answer.
type FailureKind string

// The ways in which a probe fails to answer.
const (
	Crash       FailureKind = "crash"
	Timeout     FailureKind = "timeout"
	Skipped     FailureKind = "skipped"
	NotHonoured FailureKind = "not-honoured"
)

// A Failure is the error of a probe that gave no answer.
type Failure struct {
	Kind   FailureKind
	Detail string // the last lines of standard error, or what was not honoured
}

func (f *Failure) Error() string { return fmt.Sprintf("%s: %s", f.Kind, f.Detail) }

// Info describes an engine for the result.
type Info struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Kernel  string `json:"kernel"` // the level of the kernels, "avx2", "generic"; "" when not ours
}
