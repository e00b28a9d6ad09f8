package compare

import (
	"math"
	"slices"

	"halfway/engine"
)

// A Histogram counts the elements of one output by their error.
type Histogram struct {
	Output    string  `json:"output"`
	Elements  int64   `json:"elements"`
	Equal     int64   `json:"equal"`      // elements without an error
	NonFinite int64   `json:"non_finite"` // elements of which one side, or both unequal, are not finite
	Scale     Value   `json:"scale"`      // the largest finite |reference|, which errors are divided by; 1 where that is 0
	First     int     `json:"first"`      // the first bin begins at 10^(First/2); 0 without bins
	Counts    []int64 `json:"counts"`     // by half decades
}

// The half decades that errors are told apart in; smaller and larger ones count in the first and the last.
const (
	lowestBin  = -24
	highestBin = 8
)

// Histograms counts the elements of each output of the reference that the result has in the same shape.
func Histograms(ref, got []engine.Output) []Histogram {
	byName := map[string]engine.Output{}
	for _, o := range got {
		byName[o.Name] = o
	}
	var list []Histogram
	for _, r := range ref {
		g, ok := byName[r.Name]
		if !ok || !slices.Equal(r.Tensor.Shape, g.Tensor.Shape) {
			continue
		}
		list = append(list, histogram(r.Name, whole(r.Tensor), whole(g.Tensor)))
	}
	return list
}

func histogram(name string, a, b view) Histogram {
	h := Histogram{Output: name, Elements: int64(a.size())}
	scale := 0.0
	elements(a, b, func(a, _ []float64) {
		for _, x := range a {
			if x = math.Abs(x); x <= math.MaxFloat64 && x > scale {
				scale = x
			}
		}
	})
	if scale == 0 {
		scale = 1
	}
	var bins [highestBin - lowestBin + 1]int64
	elements(a, b, func(a, b []float64) {
		for i, x := range a {
			switch d := math.Abs(x - b[i]); {
			case x == b[i]:
				h.Equal++
			case d-d != 0:
				h.NonFinite++
			default:
				bin := min(max(math.Floor(2*math.Log10(d/scale)), lowestBin), highestBin)
				bins[int(bin)-lowestBin]++
			}
		}
	})
	h.Scale = Value(scale)
	h.First, h.Counts = trimmed(bins[:])
	return h
}

// trimmed leaves out the empty bins at both ends.
func trimmed(bins []int64) (first int, counts []int64) {
	lo, hi := 0, len(bins)
	for hi > 0 && bins[hi-1] == 0 {
		hi--
	}
	if hi == 0 {
		return 0, []int64{}
	}
	for lo < hi && bins[lo] == 0 {
		lo++
	}
	return lowestBin + lo, append([]int64{}, bins[lo:hi]...)
}
