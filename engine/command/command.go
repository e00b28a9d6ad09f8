// Package command is the engine that drives another program: a debug build of OpenVINO, a script around a runtime, or halfway run itself. Each probe
// is one process that finds the settings in the variables OV_CPU_INFER_PRC_*, which are always set or unset for it and never inherited, runs the
// model, and says by its listing which nodes it enforced.
//
// It guarantees that no shell sees anything unless the user asked for one, that a probe has a folder of its own which is gone afterwards, that at
// its end, by timeout or cancellation, a probe leaves no process behind (on Unix, where it is a process group), and that what a program prints or
// writes takes bounded memory. What goes wrong is classified: crash, timeout, skipped, not honoured.
//
// It leaves out what a program's numbers are worth: an Observation has outputs (a file), a metric (a number on standard output) or a status, and
// a judge decides.
package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"halfway/engine"
	"halfway/engine/program"
	"halfway/engine/tensor"
	"halfway/patterns"
)

// Options say which program is run, and how.
type Options struct {
	// Args is the program and its arguments. {model}, {input}, {output} and {precision} in them stand for paths and the precision; the variables
	// HALFWAY_MODEL, HALFWAY_INPUT, HALFWAY_OUTPUT and HALFWAY_PRECISION hold the same. A program that writes its outputs writes them to the
	// output path, as .npz or .npy.
	Args      []string
	Shell     bool     // Args[0] is a line for sh -c
	Launcher  []string // put before the program, such as srun -n1
	Model     string
	Precision string         // "bf16", "f16"
	Metric    *regexp.Regexp // finds the result as a number on standard output, in its first group or as a whole; nil: outputs or status
	Status    bool           // the exit status is the result
	Timeout   time.Duration  // of one probe; 0: none
	Listing   int            // which of several different listings counts, from 1; 0: the one with most nodes
	Universe  patterns.Settings
	Temp      string // where probes have their folders; "": the system's
}

// An Engine drives one program on one model. Probes may run at the same time.
type Engine struct {
	Options
	folder *program.Folder

	mu         sync.Mutex
	candidates []engine.Candidate
	places     map[string][]int    // by tag: positions
	inputs     map[string]string   // by source and hash of a sample: its file
	first      *engine.Sample      // what the candidates and prefixes are asked with
	prefixes   map[int]engine.Set  // by CNT
	done       map[string]finished // runs that were made to learn a prefix
}

// finished is a run that was already made.
type finished struct {
	observation engine.Observation
	err         error
}

// New prepares to run a program with the candidates that it lists on first.
func New(o Options, first engine.Sample) (*Engine, error) {
	if len(o.Args) == 0 || o.Args[0] == "" {
		return nil, errors.New("no program is given: --run 'PROGRAM {model} {input} {output}'")
	}
	folder, err := program.NewFolder(o.Temp, "halfway-command-")
	if err != nil {
		return nil, err
	}
	return &Engine{Options: o, folder: folder, first: &first, inputs: map[string]string{}, prefixes: map[int]engine.Set{},
		done: map[string]finished{}}, nil
}

// Close removes the engine's folder.
func (e *Engine) Close() error { return e.folder.Remove() }

// Info describes the engine.
func (e *Engine) Info() engine.Info {
	return engine.Info{Name: "command", Version: filepath.Base(strings.Fields(e.Args[0] + " ")[0])}
}

// Candidates runs the program with everything enforced and returns what it lists, by type as listed: the counting order is not in the listing
// (see Prefix).
func (e *Engine) Candidates(ctx context.Context) ([]engine.Candidate, error) {
	e.mu.Lock()
	known := e.candidates
	e.mu.Unlock()
	if known != nil {
		return slices.Clone(known), nil
	}
	all := patterns.Settings{Pos: ptr(".*")}
	p, err := e.run(ctx, all, *e.first)
	if err != nil {
		return nil, fmt.Errorf("asking the program for its nodes, with everything enforced: %w", err)
	}
	defer os.RemoveAll(p.folder)
	tags, err := e.listing(p.stdout)
	if err != nil {
		return nil, fmt.Errorf("asking the program for its nodes: %w; does it obey %s?", err, patterns.PosVariable)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.candidates, e.places = describe(tags)
	return slices.Clone(e.candidates), nil
}

func describe(tags []string) ([]engine.Candidate, map[string][]int) {
	list, places := make([]engine.Candidate, len(tags)), map[string][]int{}
	for i, tag := range tags {
		t := patterns.TypeOf(tag)
		name := strings.TrimPrefix(strings.TrimPrefix(tag, t), "@")
		list[i] = engine.Candidate{Index: i, Tag: tag, Type: t, Name: name, Role: patterns.Role(name), Unit: i}
		places[tag] = append(places[tag], i)
	}
	return list, places
}

// listing chooses the listing that counts. Identical ones count once: a program may compile its model several times.
func (e *Engine) listing(stdout []byte) ([]string, error) {
	all, err := patterns.ParseListing(stdout)
	if err != nil {
		return nil, err
	}
	var lists [][]string
	for _, l := range all {
		if !slices.ContainsFunc(lists, func(other []string) bool { return slices.Equal(l, other) }) {
			lists = append(lists, l)
		}
	}
	switch {
	case len(lists) == 0:
		return nil, errors.New("it prints no listing (infer precision enforced Types: ...)")
	case e.Listing > len(lists):
		return nil, fmt.Errorf("it prints %d different listings, --listing asks for number %d", len(lists), e.Listing)
	case e.Listing > 0:
		return lists[e.Listing-1], nil
	}
	return slices.MaxFunc(lists, func(a, b []string) int { return len(a) - len(b) }), nil
}

// Prefix returns the candidates that CNT=k enforces under the universe's patterns. It runs the program, and keeps what it gave for the Run of
// that set.
func (e *Engine) Prefix(ctx context.Context, k int) (engine.Set, error) {
	e.mu.Lock()
	set, known := e.prefixes[k]
	e.mu.Unlock()
	if known {
		return set, nil
	}
	s := e.Universe
	if s.Pos == nil {
		s.Pos = ptr(".*") // CNT alone prints nothing
	}
	s.Count = &k
	o, err := e.observe(ctx, s, *e.first, nil)
	if err != nil {
		return engine.Set{}, fmt.Errorf("asking the program what CNT=%d enforces: %w", k, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.prefixes[k] = *o.Enforced
	e.done[doneKey(*o.Enforced, *e.first)] = finished{o, nil}
	return *o.Enforced, nil
}

func doneKey(set engine.Set, s engine.Sample) string {
	return set.String() + " " + s.Source + " " + s.SHA256
}

// Run runs the program on s with the candidates of set enforced.
func (e *Engine) Run(ctx context.Context, set engine.Set, s engine.Sample) (engine.Observation, error) {
	if _, err := e.Candidates(ctx); err != nil {
		return engine.Observation{}, err
	}
	key := doneKey(set, s)
	e.mu.Lock()
	f, ok := e.done[key]
	delete(e.done, key)
	e.mu.Unlock()
	if ok {
		return f.observation, f.err
	}
	settings, err := e.settings(set)
	if err != nil {
		return engine.Observation{}, err
	}
	return e.observe(ctx, settings, s, &set)
}

// settings are the patterns that enforce set.
func (e *Engine) settings(set engine.Set) (patterns.Settings, error) {
	n := len(e.candidates)
	switch set.Len() {
	case 0:
		return patterns.Settings{Pos: ptr(".*"), Count: ptr(-1)}, nil
	case n:
		return patterns.Settings{Pos: ptr(".*")}, nil
	}
	tags, keep := make([]string, n), make([]bool, n)
	for i, c := range e.candidates {
		tags[i], keep[i] = c.Tag, !set.Has(i)
	}
	r, err := patterns.ForKeep(tags, keep)
	if err != nil {
		return patterns.Settings{}, fmt.Errorf("writing patterns for %d nodes: %w", set.Len(), err)
	}
	if !r.Exact {
		return patterns.Settings{}, &engine.Failure{Kind: engine.NotHonoured,
			Detail: fmt.Sprintf("no pattern enforces exactly these %d nodes: %q would be kept too", set.Len(), r.AlsoKept)}
	}
	if r.Chosen == "pos" {
		return patterns.Settings{Pos: &r.Pos}, nil
	}
	return patterns.Settings{Neg: &r.Neg}, nil
}

// observe runs the program and reads what it gave. want is what it should enforce, nil when that is the question.
func (e *Engine) observe(ctx context.Context, settings patterns.Settings, s engine.Sample, want *engine.Set) (engine.Observation, error) {
	p, err := e.run(ctx, settings, s)
	if err != nil {
		return engine.Observation{}, err
	}
	defer os.RemoveAll(p.folder)
	tags, err := e.listing(p.stdout)
	if err == nil {
		var set engine.Set
		if set, err = e.enforced(tags); err == nil {
			o := engine.Observation{Enforced: &set, Work: 1}
			return o, p.result(&o)
		}
	}
	if want == nil {
		return engine.Observation{}, &engine.Failure{Kind: engine.NotHonoured, Detail: err.Error()}
	}
	return engine.Observation{}, &engine.Failure{Kind: engine.NotHonoured, Detail: fmt.Sprintf("asked to enforce %d nodes: %v", want.Len(), err)}
}

// enforced is the set that a listing names. Of several nodes with one tag the first ones are taken.
func (e *Engine) enforced(tags []string) (engine.Set, error) {
	set, used := engine.NewSet(len(e.candidates)), map[string]int{}
	for _, tag := range tags {
		at := e.places[tag]
		if used[tag] >= len(at) {
			return set, fmt.Errorf("the listing changed: %q was not in it when everything was enforced", tag)
		}
		set.Add(at[used[tag]])
		used[tag]++
	}
	return set, nil
}

// sampleFile writes a sample's inputs, once.
func (e *Engine) sampleFile(s engine.Sample) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	key := s.Source + " " + s.SHA256
	if path, ok := e.inputs[key]; ok {
		return path, nil
	}
	if len(s.Then) > 0 {
		return "", fmt.Errorf("%s: several steps of one state cannot be given to a program", s.Source)
	}
	var names []string
	for name := range s.Inputs {
		names = append(names, name)
	}
	slices.Sort(names)
	var arrays []tensor.Named
	for _, name := range names {
		arrays = append(arrays, tensor.Named{Name: name, Tensor: s.Inputs[name]})
	}
	path := filepath.Join(e.folder.Path, "input-"+strconv.Itoa(len(e.inputs))+".npz")
	if err := tensor.WriteNPZ(path, arrays); err != nil {
		return "", err
	}
	e.inputs[key] = path
	return path, nil
}

func ptr[T any](v T) *T { return &v }
