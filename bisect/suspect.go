package bisect

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"halfway/compare"
	"halfway/engine"
	"halfway/patterns"
)

// A Suspect is a unit that breaks the rules in a runtime although rounding does not explain the error: its kernel there is wrong, or less exact than
// its precision.
type Suspect struct {
	Tag       Tag           `json:"-"`         // of the unit's head
	Output    string        `json:"output"`    // where it shows most
	Error     compare.Value `json:"error"`     // what enforcing the unit alone changes in the output: the norm of the change over that of the output
	Explained compare.Value `json:"explained"` // the most of it that rounding explains, by the engine of the first search
}

const (
	beyond       = 10 // times what rounding explains: kernels that sum in other orders stay far below
	mostSuspects = 16 // units that are looked at
)

// suspects looks at the units of keep, each enforced alone in the runtime and in the engine by which rounding is judged. That engine may round
// elsewhere at the edges of a unit, so what it changes with the neighbours enforced too is explained as well. Of a unit that is not in both, or that
// gives no answer, nothing is said.
func (m *Mode) suspects(ctx context.Context, c Config, by engine.Engine, keep []Kept) ([]Suspect, error) {
	here, err := newPlaces(ctx, m.Engine)
	if err != nil {
		return nil, err
	}
	there, err := newPlaces(ctx, by)
	if err != nil {
		return nil, err
	}
	list := []Suspect{}
	for n, unit := range byUnit(keep) {
		if n == mostSuspects {
			break
		}
		s, err := m.suspect(ctx, c, here, there, unit)
		if _, failed := errors.AsType[*engine.Failure](err); failed {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("running %s alone: %w", unit[0].Tag, err)
		}
		if s != nil {
			list = append(list, *s)
		}
	}
	return list, nil
}

// byUnit are the kept nodes of each unit.
func byUnit(keep []Kept) (units [][]Kept) {
	place := map[int]int{}
	for _, k := range keep {
		if _, known := place[k.Unit]; !known {
			place[k.Unit] = len(units)
			units = append(units, nil)
		}
		units[place[k.Unit]] = append(units[place[k.Unit]], k)
	}
	return units
}

// suspect is what is to be said of one unit; nil for nothing.
func (m *Mode) suspect(ctx context.Context, c Config, here, there *places, unit []Kept) (*Suspect, error) {
	inRuntime, known := here.units(unit)
	alone, known2 := there.units(unit)
	if !known || !known2 {
		return nil, nil
	}
	changed, breaks, err := here.changes(ctx, c, m.Reference, inRuntime)
	if err != nil || !breaks {
		return nil, err
	}
	explained := map[int]float64{}
	for _, set := range []engine.Set{alone, there.around(alone)} {
		changes, _, err := there.changes(ctx, c, nil, set)
		if err != nil {
			return nil, err
		}
		for n, v := range changes {
			explained[n] = max(explained[n], v)
		}
	}
	var worst *Suspect
	for _, n := range slices.Sorted(maps.Keys(changed)) {
		s := Suspect{Tag: unit[0].Tag, Output: here.base[0][n].Name, Error: compare.Value(changed[n]), Explained: compare.Value(explained[n])}
		if s.Error > beyond*s.Explained && (worst == nil || s.Error > worst.Error) {
			worst = &s
		}
	}
	return worst, nil
}

// describe says what is wrong.
func (s Suspect) describe(runtime, by engine.Info) string {
	return fmt.Sprintf("enforced alone on %s, %s changes the output %s by %.2g of its size, of which rounding explains %.2g at most (engine %s): its kernel "+
		"there is suspect, not the precision", runtime.Name, s.Tag, s.Output, float64(s.Error), float64(s.Explained), by.Name)
}

// places are an engine's candidates by name.
type places struct {
	engine engine.Engine
	list   []engine.Candidate
	byName map[string][]int
	base   [][]engine.Output // by sample: with nothing enforced
}

func newPlaces(ctx context.Context, e engine.Engine) (*places, error) {
	list, err := e.Candidates(ctx)
	if err != nil {
		return nil, err
	}
	p := &places{engine: e, list: list, byName: map[string][]int{}}
	for i, c := range list {
		for _, name := range namesOf(c.Name) {
			p.byName[name] = append(p.byName[name], i)
		}
	}
	return p, nil
}

// nameOf is a tag without its type.
func nameOf(tag Tag) string {
	return strings.TrimPrefix(strings.TrimPrefix(tag, patterns.TypeOf(tag)), "@")
}

// namesOf are a node's name, and those of the nodes that it was made of.
func namesOf(name string) []string {
	if parts := strings.Split(name, ","); len(parts) > 1 {
		return append(parts, name)
	}
	return []string{name}
}

// units are the candidates that execute as one with the given nodes. known is false where one has another name here.
func (p *places) units(nodes []Kept) (set engine.Set, known bool) {
	set = engine.NewSet(len(p.list))
	for _, k := range nodes {
		found := false
		for _, name := range namesOf(nameOf(k.Tag)) {
			for _, i := range p.byName[name] {
				set.Add(p.list[i].Unit)
				found = true
			}
		}
		if !found {
			return set, false
		}
	}
	return p.whole(set), true
}

// whole is set with all members of its units.
func (p *places) whole(set engine.Set) engine.Set {
	r := engine.NewSet(len(p.list))
	for i, c := range p.list {
		if set.Has(c.Unit) || set.Has(i) {
			r.Add(i)
		}
	}
	return r
}

// around is set with the units that its own read from, and those that read from them.
func (p *places) around(set engine.Set) engine.Set {
	r := set.Clone()
	for i, c := range p.list {
		for _, from := range c.Preds {
			switch {
			case set.Has(i):
				r.Add(p.list[from].Unit)
			case set.Has(from):
				r.Add(c.Unit)
			}
		}
	}
	return p.whole(r)
}

// changes runs set on all samples: how it changes the float outputs, by their place, and whether it breaks the rules, against the reference or, without
// one, against nothing enforced. A change is the norm of the difference over that of the output, +Inf where a value is not finite any more.
func (p *places) changes(ctx context.Context, c Config, reference [][]engine.Output, set engine.Set) (worst map[int]float64, breaks bool, err error) {
	worst = map[int]float64{}
	if p.base == nil {
		for _, s := range c.Samples {
			o, err := p.engine.Run(ctx, engine.Set{}, s)
			if err != nil {
				return nil, false, err
			}
			p.base = append(p.base, o.Outputs)
		}
	}
	var against []engine.Observation
	for i := range c.Samples {
		o := engine.Observation{Outputs: p.base[i]}
		if reference != nil {
			o.Outputs = reference[i]
		}
		against = append(against, o)
	}
	judge, err := c.Judge.Bind(against)
	if err != nil {
		return nil, false, err
	}
	for i, s := range c.Samples {
		o, err := p.engine.Run(ctx, set, s)
		if err != nil {
			return nil, false, err
		}
		j, err := judge.Judge(i, o)
		if err != nil {
			return nil, false, err
		}
		breaks = breaks || j.Verdict.Bad()
		for n, out := range o.Outputs[:min(len(o.Outputs), len(p.base[i]))] {
			if v, ok := changeOf(p.base[i][n], out); ok {
				worst[n] = max(worst[n], v)
			}
		}
	}
	return worst, breaks, nil
}

// relative is the metric of a change.
var relative = compare.Rule{Metric: compare.Metric{Name: "rel-l2"}, Op: "<=", Bound: 1}

// changeOf is ||b-a|| / ||a|| of a float output; ok is false for others.
func changeOf(a, b engine.Output) (value float64, ok bool) {
	if !a.Tensor.Type.IsFloat() {
		return 0, false
	}
	one := []engine.Output{a}
	bound, err := compare.Bind([]compare.Rule{relative}, one)
	if err != nil {
		return 0, false
	}
	c, err := bound.Compare(one, []engine.Output{b})
	switch {
	case err != nil || len(c.Notes) > 0: // of another shape
		return 0, false
	case c.NonFinite:
		return math.Inf(1), true
	}
	value = float64(c.Readings[0].Value)
	return value, !math.IsNaN(value)
}
