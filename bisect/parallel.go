package bisect

import (
	"slices"
	"sync"

	"halfway/engine"
)

// expect runs sets that are likely to be asked for next, the first one surely, several at once where Config.Jobs admits it, and remembers what
// they showed. The search asks for the same sets as it would without, so its answer is the same; what it does not ask for then was wasted.
// Nothing runs while the first one is known: its turn has come to be asked for.
func (p *prober) expect(sets ...engine.Set) error {
	if p.jobs < 2 || p.votes.unstable || len(sets) == 0 || p.knows(sets[0]) {
		return nil
	}
	sets = slices.DeleteFunc(sets, p.knows)
	if sets = sets[:min(len(sets), p.jobs)]; len(sets) < 2 {
		return nil
	}
	found := make([][]*trial, len(sets))
	errs := make([]error, len(sets))
	var running sync.WaitGroup
	for i, set := range sets {
		running.Go(func() { found[i], errs[i] = p.observeAll(set) })
	}
	running.Wait()
	for i, set := range sets {
		if err := p.keep(set, found[i]); err != nil {
			return err
		}
		if errs[i] != nil {
			return errs[i]
		}
	}
	return nil
}

// knows reports whether set was run, here or in the search that the journal remembers.
func (p *prober) knows(set engine.Set) bool {
	r := p.records[keyOf(set)]
	return r != nil && len(r.runs) > 0 || p.journal.find(set, 0, p.order[0]) != nil
}

// observeAll runs set on one sample after another until one fails. It changes nothing in p.
func (p *prober) observeAll(set engine.Set) ([]*trial, error) {
	var list []*trial
	for _, i := range p.order {
		t, err := p.observe(set, 0, i)
		if err != nil {
			return list, err
		}
		if list = append(list, t); t.Verdict.Bad() {
			break
		}
	}
	return list, nil
}

// keep remembers the first trials of set, in the order of the samples.
func (p *prober) keep(set engine.Set, trials []*trial) error {
	r := p.record(set)
	if len(trials) == 0 || len(r.runs) > 0 || p.exhausted() {
		return nil
	}
	for j, t := range trials {
		if err := p.journal.record(set, 0, p.order[j], t); err != nil {
			return err
		}
		p.remember(r, 0, p.order[j], t)
	}
	if last := trials[len(trials)-1]; last.Verdict.Bad() || len(trials) == len(p.order) {
		o := worst(r.runs[0])
		p.votes.count(r, o.Verdict)
		p.tell(set, o, false)
	}
	return nil
}
