package bisect

import (
	"cmp"
	"slices"

	"halfway/engine"
)

// descent looks for the units that add most to an error which accumulates, without measuring each: it measures the error of chunks of units
// enforced alone, and halves the chunk with the largest until that is one unit, which it blames. It stops when the chunks that are left cannot
// explain the failure, and keeps of the blamed units as few as repair. About 2k log2(n/k) probes for k of n.
type descent struct{}

func (descent) probes(s *search, culprits int) int {
	return 2 * (culprits + 1) * (ceilLog2((len(s.live())+culprits)/max(culprits, 1)) + 1)
}

// maxHalvings bounds the probes where every chunk makes some error.
const maxHalvings = 160

// A chunk is units next to each other in counting order, with the error that they alone make.
type chunk struct {
	units []int
	error float64
}

func (d descent) find(s *search) (keep engine.Set, ok bool, err error) {
	var blamed []int
	chunks := []chunk{{s.live(), s.full.ratio}}
	for range maxHalvings {
		if len(chunks) == 0 || d.left(chunks) <= 0.5 {
			break
		}
		slices.SortStableFunc(chunks, func(a, b chunk) int { return cmp.Compare(b.error, a.error) })
		top := chunks[0]
		if chunks = chunks[1:]; len(top.units) == 1 {
			blamed = append(blamed, top.units...)
			continue
		}
		halves, err := d.halve(s, top)
		if err != nil {
			return engine.Set{}, false, err
		}
		chunks = append(chunks, halves...)
	}
	if len(blamed) == 0 {
		return engine.Set{}, false, nil
	}
	top, err := s.shortest(blamed)
	if err != nil || top == nil {
		return engine.Set{}, false, err
	}
	return quickXplain{singles(top)}.find(s)
}

// left bounds the error that the chunks can make together: their sum.
func (descent) left(chunks []chunk) float64 {
	sum := 0.0
	for _, c := range chunks {
		sum += c.error
	}
	return sum
}

func (descent) halve(s *search, c chunk) ([]chunk, error) {
	halves := []chunk{{units: c.units[:len(c.units)/2]}, {units: c.units[len(c.units)/2:]}}
	var sets []engine.Set
	for _, h := range halves {
		sets = append(sets, s.members(engine.SetOf(h.units...)))
	}
	if err := s.expect(sets...); err != nil {
		return nil, err
	}
	for i := range halves {
		o, err := s.measure(sets[i])
		if err != nil {
			return nil, err
		}
		halves[i].error = o.ratio
	}
	return halves, nil
}
