package bisect

import (
	"fmt"

	"halfway/engine"
	"halfway/patterns"
)

// maxSetting is the length of an environment string, name included, that every system takes.
const maxSetting = 128<<10 - 64

// settings turns the culprit set into patterns and runs what they enforce once more, exactly as exported.
func (s *search) settings() error {
	if s.best == nil {
		return nil
	}
	s.enter(StageSettings, 1)
	if err := s.describeRepair(*s.best); err != nil {
		return err
	}
	active := s.result.Settings.Active()
	admitted, err := admit(s.candidates, active)
	if err != nil {
		return fmt.Errorf("checking the exported settings: %w", err)
	}
	set := setOf(admitted)
	if wanted := s.enforced(*s.best); s.result.Settings.Exact && !set.Equal(wanted) {
		s.warn(fmt.Sprintf("the exported settings enforce %d nodes instead of %d", set.Len(), wanted.Len()))
		return nil
	}
	if _, err := s.confirm(set); err != nil {
		return err
	}
	o, err := s.inDetail(func() (outcome, error) { return s.again(set) })
	if err != nil {
		return err
	}
	if !s.votes.vouched {
		if o, err = s.confirm(set); err != nil {
			return err
		}
	}
	s.result.Verified = &Verified{o.Probe, s.result.Settings.Chosen, set.Len()}
	s.result.Proven.Settings = o.Verdict == Pass
	if o.Verdict != Pass {
		s.warn(fmt.Sprintf("run once more exactly as exported, the settings give %s", o.Verdict))
	}
	return nil
}

func setOf(members []bool) engine.Set {
	s := engine.NewSet(len(members))
	for p, in := range members {
		if in {
			s.Add(p)
		}
	}
	return s
}

// describeRepair fills in which nodes are kept and the settings that keep them. The settings also keep what the universe leaves out, which
// is not listed as kept.
func (s *search) describeRepair(units engine.Set) error {
	kept, culprits := s.kept(units), s.members(units)
	closure := s.closureOf(culprits)
	s.result.KeepF32 = []Kept{}
	for _, p := range kept.Positions() {
		c := s.candidates[p]
		k := Kept{Graph: c.Graph, Index: c.Index, Tag: c.Tag, Role: c.Role, From: origin(c), Unit: c.Unit, MACs: c.MACs, Reason: "culprit"}
		if !culprits.Has(p) || closure.Has(p) && c.Unit != p {
			k.Reason = "closure"
		}
		s.result.KeepF32 = append(s.result.KeepF32, k)
	}
	var err error
	s.result.Settings, err = s.settingsFor(units)
	return err
}

// origin are the names of the model's own nodes that c was made of.
func origin(c engine.Candidate) []string {
	if c.From == nil {
		return []string{c.Name}
	}
	return c.From
}

// settingsFor writes the settings that keep the units of a set, and what the universe leaves out.
func (s *search) settingsFor(units engine.Set) (*Settings, error) {
	kept := s.kept(units)
	tags, keep := make([]string, len(s.candidates)), make([]bool, len(s.candidates))
	for p, c := range s.candidates {
		tags[p], keep[p] = c.Tag, kept.Has(p) || !s.universe.Has(p)
	}
	r, err := patterns.ForKeep(tags, keep)
	if err != nil {
		return nil, fmt.Errorf("writing patterns for the %d nodes to keep in f32: %w", kept.Len(), err)
	}
	settings := &Settings{Chosen: r.Chosen, Pos: r.Pos, Neg: r.Neg, Exact: r.Exact, AlsoKept: append([]Tag{}, r.AlsoKept...),
		Properties: map[string]string{}}
	if s.Grow == GrowPos && len(r.Pos) < maxSetting {
		settings.Chosen = "pos"
	}
	return settings, nil
}

// closureOf returns the candidates that the Closure of these names.
func (s *search) closureOf(set engine.Set) engine.Set {
	r := engine.NewSet(len(s.candidates))
	for _, p := range set.Positions() {
		for _, q := range s.candidates[p].Closure {
			r.Add(q)
		}
	}
	return r
}
