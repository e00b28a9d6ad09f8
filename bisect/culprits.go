package bisect

import (
	"cmp"

	"halfway/engine"
)

// A strategy looks for units that repair the network when they are kept in f32 and all others are enforced.
type strategy interface {
	// find returns such units, not yet 1-minimal; ok is false when it gives up.
	find(s *search) (keep engine.Set, ok bool, err error)
}

// culprits finds the culprit set. Bisection with exclusion is first: it takes about log2(n) probes a culprit, and is all that is needed
// where culprits do harm by themselves, for then every repair must keep all of them. Where they interact or accumulate, several sets repair
// and which one is found depends on the order of looking; so the other strategies have their try, and the best set wins.
func (s *search) culprits() error {
	s.enter(StageCulprits, 2*ceilLog2(len(s.units))+4)
	if err := s.try(exclusion{}); err != nil {
		return err
	}
	if enough, err := s.necessary(); err != nil {
		return err
	} else if !enough {
		if err := s.tryOthers(); err != nil {
			return err
		}
	}
	if s.best == nil {
		s.warn("no set of nodes was found that, kept in f32, repairs the rest: too many probes give no answer")
		return nil
	}
	minimal, err := s.proveMinimal()
	if err != nil {
		return err
	}
	s.result.Proven.KeepF32 = minimal
	if !minimal {
		s.warn("the culprit set repairs the rest, but it is not proven that every member is needed: some probes gave no answer")
	}
	return nil
}

// manyCulprits is the size of a culprit set beyond which another search through all units has to be quick to be worth its probes.
const manyCulprits = 16

// tryOthers runs the strategies that do not rely on single nodes doing harm.
func (s *search) tryOthers() error {
	for _, g := range s.groups {
		if g.without != nil && g.without.Verdict == Pass {
			if err := s.try(quickXplain{g.units.Positions()}); err != nil {
				return err
			}
		}
	}
	for i, order := range s.orders() {
		if i > 0 && s.best != nil && s.best.Len() > manyCulprits && !s.cheap(2*s.best.Len()*ceilLog2(len(s.units))) {
			break
		}
		if err := s.try(quickXplain{order}); err != nil {
			return err
		}
	}
	if s.best == nil {
		return nil
	}
	return s.shake()
}

// try runs one strategy and reduces what it finds to a 1-minimal set.
func (s *search) try(one strategy) error {
	keep, ok, err := one.find(s)
	if err != nil || !ok {
		return err
	}
	_, err = s.reduce(keep)
	return err
}

// repairs reports whether keeping these units in f32 repairs the rest. The best such set is remembered.
func (s *search) repairs(keep engine.Set) (bool, error) {
	v, err := s.verdictWithout(keep)
	if v == Pass && (s.best == nil || s.better(keep, *s.best)) {
		k := keep.Clone()
		s.best = &k
	}
	return v == Pass, err
}

func (s *search) verdictWithout(keep engine.Set) (Verdict, error) { return s.decide(s.enforced(keep)) }

// better compares culprit sets: fewer units, then fewer multiply-adds, then fewer bytes; the objective cost looks at the units last. Equal
// sets are told apart by their first difference.
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
