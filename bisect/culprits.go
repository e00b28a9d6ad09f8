package bisect

import (
	"cmp"
	"errors"
	"slices"

	"halfway/engine"
)

// A strategy looks for units that repair the network when they are kept in f32 and all others are enforced.
type strategy interface {
	// probes is about how many probes it takes to find so many culprits.
	probes(s *search, culprits int) int
	// find returns such units, not yet 1-minimal; ok is false when it gives up.
	find(s *search) (keep engine.Set, ok bool, err error)
}

// culprits finds the culprit set. Which strategy is used is decided by what the probes before have shown:
//
//   - Where the engine forecasts that few units make the error, these are kept.
//   - Where a small group repairs when it is kept, the search is within the smallest such group, by halves.
//   - Else bisection with exclusion, about log2(n) probes a culprit.
//   - If every culprit found does harm alone, and nothing undoes harm, that is all: no repair can do without any of them.
//   - Else they interact or accumulate, several sets repair, and which one is found depends on the order of looking. Strategies made for that
//     have their try while they are worth their probes, and the best set wins.
//
// The package's doc has how many probes each takes.
func (s *search) culprits() error {
	s.enter(StageCulprits, 2*ceilLog2(len(s.units))+4)
	if err := s.look(); err != nil {
		return err
	}
	if s.best == nil {
		s.warn("no set of nodes was found that, kept in f32, repairs the rest: too many probes give no answer")
		return nil
	}
	return s.claimMinimal()
}

func (s *search) look() error {
	if s.Grow == GrowPos {
		return s.try(growth{})
	}
	for _, one := range s.openings() {
		if s.best == nil {
			if err := s.try(one); err != nil {
				return err
			}
		}
	}
	if enough, err := s.necessary(); err != nil || enough {
		return err
	}
	return s.tryOthers()
}

// openings are the strategies to begin with, until one repairs. Halving takes two probes for each that exclusion takes, so a group has to be small.
func (s *search) openings() []strategy {
	var smallest *group
	for _, g := range s.groups {
		if 2*ceilLog2(len(g.units)) <= ceilLog2(len(s.units))+2 && g.without != nil && g.without.Verdict == Pass && (smallest == nil || len(g.units) < len(smallest.units)) {
			smallest = g
		}
	}
	if smallest != nil {
		return []strategy{foretold{}, quickXplain{singles(smallest.units)}}
	}
	return []strategy{foretold{}, exclusion{}}
}

// tryOthers runs the strategies that do not rely on single nodes doing harm.
func (s *search) tryOthers() error {
	before := s.prober.probes
	for _, one := range s.others() {
		two := s.best != nil && s.best.Len() == 2 && s.Objective != "cost"
		if two {
			one = single{} // all that could be better
		}
		if s.best == nil || s.worthwhile(s.prober.probes-before, one.probes(s, s.best.Len())) {
			if err := s.try(one); err != nil {
				return err
			}
		}
		if two {
			break
		}
	}
	if s.best == nil {
		return nil
	}
	s.silent = 0
	return heard(s.shake())
}

// others lists strategies, those first that found the smallest sets in networks like this: where errors accumulate the ones that measure shares
// of the error.
func (s *search) others() []strategy {
	shares := []strategy{stepwise{}, ranked{byForecast}, ranked{byHarm}, ranked{byGain}, descent{}}
	if s.best != nil && s.best.Len() > 2*maxSteps {
		shares = append(shares[1:], shares[0])
	}
	parts := []strategy{layered{}}
	for _, order := range s.orders() {
		parts = append(parts, quickXplain{singles(order)})
	}
	rest := []strategy{ranked{byRelief}, probabilistic{}}
	if s.accumulates() {
		return slices.Concat(shares, parts, rest)
	}
	return slices.Concat(parts, shares, rest)
}

// manyCulprits is from how many culprits on, not all of them necessary, a network counts as one whose errors accumulate.
const manyCulprits = 8

// accumulates reports whether the first node adds its share to what was there, or many culprits share the blame.
func (s *search) accumulates() bool {
	return s.result.First != nil && s.result.First.Kind == "accumulated" || s.best != nil && s.best.Len() >= manyCulprits
}

// deepest is how many probes for better sets are worth making, beyond those that bisection takes.
const deepest = 600

// worthwhile reports whether so many more probes may be spent on the chance of a better set, after those already spent on that: in all as many
// as bisection of all units takes for some culprits, and in a patient search some for every unit, if the budgets admit it. No set is smaller
// than one unit.
func (s *search) worthwhile(spent, probes int) bool {
	const culprits, each = 16, 6
	if s.best.Len() == 1 && s.Objective != "cost" {
		return false
	}
	limit := culprits * ceilLog2(len(s.units)+1)
	if s.patient {
		limit += min(each*len(s.units), deepest)
	}
	return spent+probes <= limit && s.leavesHalf(probes)
}

// try runs one strategy and reduces what it finds to a 1-minimal set, if it is the best so far.
func (s *search) try(one strategy) error {
	s.silent = 0
	keep, ok, err := one.find(s)
	if err != nil || !ok || !keep.Equal(*s.best) {
		return heard(err)
	}
	_, err = s.reduce(keep)
	return heard(err)
}

// errSilent ends a strategy most of whose probes give no answer.
var errSilent = errors.New("too many probes give no answer")

// maxSilent is how many probes without an answer are borne.
func (s *search) maxSilent() int { return 32 + 4*ceilLog2(len(s.units)+1) }

// heard is err, but for errSilent: what was found before it counts.
func heard(err error) error {
	if errors.Is(err, errSilent) {
		return nil
	}
	return err
}

// repairs reports whether keeping these units in f32 repairs the rest. The best such set is remembered.
func (s *search) repairs(keep engine.Set) (bool, error) {
	v, err := s.verdictWithout(keep)
	if err == nil && !v.Answered() {
		if s.silent++; s.silent > s.maxSilent() {
			return false, errSilent
		}
	}
	if v == Pass && (s.best == nil || s.better(keep, *s.best)) {
		k := keep.Clone()
		s.best, s.result.ForwardPasses.KeepF32 = &k, s.work
	}
	return v == Pass, err
}

func (s *search) verdictWithout(keep engine.Set) (Verdict, error) { return s.decide(s.enforced(keep)) }

// expectRepairs announces probes of sets of units to keep.
func (s *search) expectRepairs(keeps ...engine.Set) error {
	if s.jobs < 2 {
		return nil
	}
	var sets []engine.Set
	for _, keep := range keeps {
		sets = append(sets, s.enforced(keep))
	}
	return s.expect(sets...)
}

// better compares culprit sets: fewer units, then fewer multiply-adds, then fewer bytes; the objective cost looks at the units last.
func (s *search) better(a, b engine.Set) bool {
	macsA, bytesA := s.cost(a)
	macsB, bytesB := s.cost(b)
	units, work := cmp.Compare(a.Len(), b.Len()), cmp.Or(cmp.Compare(macsA, macsB), cmp.Compare(bytesA, bytesB))
	if s.Objective == "cost" {
		return cmp.Or(work, units) < 0
	}
	return cmp.Or(units, work) < 0
}

// necessary reports whether every member of the best set is known to do harm by itself, and nothing enforced later to undo harm. Then no
// repair can do without any of them, and no other set is smaller.
func (s *search) necessary() (bool, error) {
	if s.best == nil || s.recovers() {
		return false, nil
	}
	for _, u := range s.best.Positions() {
		v, err := s.decide(s.members(engine.SetOf(u)))
		if err != nil || !v.Bad() {
			return false, err
		}
	}
	return true, nil
}
