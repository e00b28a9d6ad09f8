package bisect

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"halfway/compare"
	"halfway/engine"
)

// A Tradeoff is a set to keep in f32 that no other measured one beats in both error and cost.
type Tradeoff struct {
	Nodes    int           `json:"nodes"`     // candidates kept in f32
	Work     float64       `json:"f32_share"` // share of the universe's multiply-adds kept in f32; of units where there are none
	Error    compare.Value `json:"error"`     // over the tolerance
	Settings Settings      `json:"settings"`
	Probe
}

// A weighed is a measured set.
type weighed struct {
	keep  engine.Set
	nodes int
	share float64
	o     outcome
}

// limited reports whether what may stay in f32 is bounded.
func (s *search) limited() bool { return s.MaxF32 != Share{} }

// admits reports whether a set keeps within the bounds.
func (b Share) admits(w weighed) bool {
	return (b.Nodes == 0 || w.nodes <= b.Nodes) && (b.Work == 0 || w.share <= b.Work)
}

// tradeoff measures how the error falls with what stays in f32: the first units of a chain that adds the culprit that helps most, one at a time,
// and then the units that the scan blames most, twice as many each time. Where the bounds do not admit the culprit set, the best that they
// admit takes its place.
func (s *search) tradeoff() error {
	if s.best == nil || !s.Tradeoff && !s.limited() {
		return nil
	}
	points, err := s.chain()
	if err != nil {
		return err
	}
	if s.limited() {
		s.keepWithin(points)
	}
	for _, w := range pareto(points) {
		settings, err := s.settingsFor(w.keep)
		if err != nil {
			return err
		}
		s.result.Tradeoff = append(s.result.Tradeoff, Tradeoff{Nodes: w.nodes, Work: w.share, Error: compare.Value(w.o.ratio), Settings: *settings, Probe: w.o.Probe})
	}
	return nil
}

func (s *search) weigh(keep engine.Set) (weighed, error) {
	o, err := s.measure(s.enforced(keep))
	return weighed{keep.Clone(), s.nodes(keep), s.share(s.unitsOf(s.kept(keep))), o}, err
}

// unitsOf is the units that have a member in a set of candidates.
func (s *search) unitsOf(candidates engine.Set) engine.Set {
	var units engine.Set
	for _, p := range candidates.Positions() {
		units.Add(s.unitOf[p])
	}
	return units
}

// maxChain bounds the culprits that the chain adds one at a time, for which it measures each that is left.
const maxChain = 16

func (s *search) chain() ([]weighed, error) {
	left := s.best.Positions()
	s.enter(StageTradeoff, min(len(left), maxChain)*len(left)/2+2*ceilLog2(len(s.units)))
	var keep engine.Set
	w, err := s.weigh(keep)
	points := []weighed{w}
	for len(left) > 0 && len(left) <= maxChain && err == nil {
		var next weighed
		if next, left, err = s.addBest(keep, left); err == nil {
			points, keep = append(points, next), next.keep
		}
	}
	if err != nil {
		return nil, err
	}
	order, err := ranked{byGain}.order(s)
	if err != nil {
		return nil, err
	}
	order = slices.DeleteFunc(order, s.best.Has)
	for n := 0; n <= len(order); n = max(2*n, 1) {
		w, err := s.weigh(s.best.Union(engine.SetOf(order[:n]...)))
		if err != nil {
			return nil, err
		}
		points = append(points, w)
	}
	return points, nil
}

// addBest returns keep with the unit of left that lowers the error most, and the others.
func (s *search) addBest(keep engine.Set, left []int) (best weighed, rest []int, err error) {
	at := -1
	for i, u := range left {
		w, err := s.weigh(keep.Union(engine.SetOf(u)))
		if err != nil {
			return best, nil, err
		}
		if at < 0 || w.o.Verdict.Answered() && w.o.ratio < best.o.ratio {
			best, at = w, i
		}
	}
	return best, slices.Delete(slices.Clone(left), at, at+1), nil
}

// keepWithin replaces a best set that exceeds the bounds by the measured one with the least error that does not.
func (s *search) keepWithin(points []weighed) {
	own := weighed{*s.best, s.nodes(*s.best), s.share(*s.best), outcome{}}
	if s.MaxF32.admits(own) {
		return
	}
	var best *weighed
	for i, w := range points {
		if s.MaxF32.admits(w) && w.o.Verdict.Answered() && (best == nil || w.o.ratio < best.o.ratio) {
			best = &points[i]
		}
	}
	s.warn(fmt.Sprintf("the repair keeps %d nodes and %.2g%% of the multiply-adds in f32, more than is allowed; what is kept instead is the best that was "+
		"measured within the limit", own.nodes, 100*own.share))
	if best != nil {
		s.best = &best.keep
		s.result.Proven.KeepF32 = false
	}
}

// pareto returns the points that no other beats or equals in both error and share of work, by ascending share.
func pareto(points []weighed) []weighed {
	points = slices.DeleteFunc(slices.Clone(points), func(w weighed) bool { return !w.o.Verdict.Answered() })
	slices.SortStableFunc(points, func(a, b weighed) int {
		return cmp.Or(cmp.Compare(a.share, b.share), cmp.Compare(a.nodes, b.nodes), cmp.Compare(a.o.ratio, b.o.ratio))
	})
	least := math.Inf(1)
	var front []weighed
	for _, w := range points {
		if w.o.ratio < least || front == nil {
			front, least = append(front, w), w.o.ratio
		}
	}
	return front
}
