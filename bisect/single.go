package bisect

import "halfway/engine"

// single tries every unit by itself, in the order of the forecast. It is for the case that two are known to repair: then nothing else is smaller.
type single struct{}

func (single) probes(s *search, _ int) int { return len(s.live()) }

func (single) find(s *search) (keep engine.Set, ok bool, err error) {
	order, err := ranked{byForecast}.order(s)
	if order == nil {
		order = s.live()
	}
	for i, u := range order {
		if err == nil {
			err = s.expectRepairs(one(order[i:], s.jobs)...)
		}
		if err != nil {
			return engine.Set{}, false, err
		}
		if ok, err = s.repairs(engine.SetOf(u)); ok {
			return engine.SetOf(u), true, err
		}
	}
	return engine.Set{}, false, err
}
