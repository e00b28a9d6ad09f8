package bisect

import (
	"context"
	"fmt"
	"maps"

	"halfway/engine"
)

// A Mode is a way in which a runtime runs the model that was searched on another engine.
type Mode struct {
	Engine     engine.Engine
	Info       engine.Info
	View       string
	Reference  [][]engine.Output // by sample; nil: the engine's own outputs with nothing enforced
	Properties map[string]string // what the runtime has to be given to run so; nil for the mode that users have by default
	Warnings   []string
}

// Confirmed is what a runtime makes of a repair that was found on another engine.
type Confirmed struct {
	Engine   engine.Info `json:"engine"`
	View     string      `json:"view"`
	Settings *Probe      `json:"settings"` // of the settings that were found elsewhere
	Full     *Probe      `json:"full"`     // of everything enforced
	Missing  []Tag       `json:"-"`        // nodes to keep that have another name in this runtime
	Searched bool        `json:"searched"` // the result is that of a search in this runtime, since the settings failed
	Suspects []Suspect   `json:"suspects"` // units to keep whose error there is not that of rounding

	// What the engine of the first search showed of the same.
	PredictedBy       engine.Info `json:"predicted_by"`
	PredictedSettings *Probe      `json:"predicted_settings"`
	PredictedFull     *Probe      `json:"predicted_full"`
}

// Confirm runs the settings of found, the result of a search with c on another engine, in the modes of a runtime. The first mode in which nothing
// enforced passes counts, the last one else. Where the settings fail there, it searches there, and the result is that of this search. Modes are
// opened when they are needed. A search that ended without an answer is returned as it is.
func Confirm(ctx context.Context, found *Result, c Config, modes ...func() (*Mode, error)) (*Result, *Mode, error) {
	if found.Outcome != Found && found.Outcome != NothingBreaks {
		return found, nil, nil
	}
	settings := c.Universe
	if found.Settings != nil {
		settings = found.Settings.Active()
	}
	for i, open := range modes {
		m, err := open()
		if err != nil {
			return nil, nil, err
		}
		first := c.Engine
		c.Engine, c.Reference, c.Journal, c.MaxProbes = m.Engine, m.Reference, nil, 0
		check, err := Check(ctx, c, settings)
		if err != nil {
			return nil, nil, fmt.Errorf("confirming the settings: %w", err)
		}
		if check.Baseline.Verdict != Pass && i+1 < len(modes) {
			continue
		}
		r, err := m.conclude(ctx, found, c, check, first)
		return r, m, err
	}
	return found, nil, nil
}

// conclude makes the result from what the settings of found, which the engine first made, showed in m.
func (m *Mode) conclude(ctx context.Context, found *Result, c Config, check *CheckResult, first engine.Engine) (*Result, error) {
	full, err := Check(ctx, c, c.Universe)
	if err != nil {
		return nil, fmt.Errorf("running everything enforced: %w", err)
	}
	confirmed := &Confirmed{Engine: m.Info, View: m.View, Settings: &check.Probe, Full: &full.Probe}
	confirmed.predict(found)
	if confirmed.Missing, err = m.missing(ctx, found.KeepF32); err != nil {
		return nil, err
	}
	r := found
	if check.Verdict != Pass {
		if r, err = Search(ctx, c); err != nil {
			return nil, fmt.Errorf("searching in %s: %w", m.Info.Name, err)
		}
		r.View, r.Precision, r.Engine, r.Model = m.View, found.Precision, m.Info, found.Model
		confirmed.Searched = true
	}
	if confirmed.Suspects, err = m.suspects(ctx, c, first, r.KeepF32); err != nil {
		return nil, err
	}
	r.Confirmed = confirmed
	r.Warnings = append(r.Warnings, m.Warnings...)
	for _, s := range confirmed.Suspects {
		r.Warnings = append(r.Warnings, s.describe(m.Info, found.Engine))
	}
	if r.Settings != nil {
		r.Settings.Properties = map[string]string{}
		maps.Copy(r.Settings.Properties, m.Properties)
	}
	return r, nil
}

// predict notes what found says of its settings and of everything enforced.
func (c *Confirmed) predict(found *Result) {
	c.PredictedBy = found.Engine
	if n := len(found.Curve); n > 0 {
		c.PredictedFull = &found.Curve[n-1].Probe
	}
	if c.PredictedSettings = c.PredictedFull; found.Verified != nil {
		c.PredictedSettings = &found.Verified.Probe
	}
}

// missing are the nodes to keep whose names m's engine does not have, alone or among those of a node that is made of several.
func (m *Mode) missing(ctx context.Context, keep []Kept) ([]Tag, error) {
	list, err := m.Engine.Candidates(ctx)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, c := range list {
		for _, name := range namesOf(c.Name) {
			known[name] = true
		}
	}
	var missing []Tag
	for _, k := range keep {
		if !known[nameOf(k.Tag)] {
			missing = append(missing, k.Tag)
		}
	}
	return missing, nil
}
