package compare

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Metric is a way to measure how far a result is from its reference, with its parameters.
type Metric struct {
	Name       string
	K          int     // of topk, at least 1
	ATol, RTol float64 // of allclose
}

// String is the metric as rules have it.
func (m Metric) String() string {
	switch m.Name {
	case "topk":
		return fmt.Sprintf("topk(%d)", m.K)
	case "allclose":
		return fmt.Sprintf("allclose(atol=%v,rtol=%v)", Value(m.ATol), Value(m.RTol))
	}
	return m.Name
}

// A kind says how values of a metric compare with a bound.
type kind int

const (
	distanceKind kind = iota // 0 is best; the error is the value
	decibelKind              // larger is better; the error is the amplitude 10^(-value/20)
	shareKind                // 1 is best; the error is what is missing to 1
)

// A definition is one metric.
type definition struct {
	name    string
	kind    kind
	low     float64                           // the smallest bound that makes sense
	alone   bool                              // without a bound it asks for the best value of its kind
	moments func(*moments) float64            // measures from the moments,
	measure func(m Metric, a, b view) float64 // or from the elements
}

var definitions = []definition{
	{name: "max-abs", moments: (*moments).maxAbs},
	{name: "mean-abs", moments: (*moments).meanAbs},
	{name: "max-rel", moments: (*moments).maxRel},
	{name: "rel-l2", moments: (*moments).relL2},
	{name: "rmse", moments: (*moments).rmse},
	{name: "nrmse", moments: (*moments).nrmse},
	{name: "cosine", kind: shareKind, low: -1, moments: (*moments).cosine},
	{name: "sqnr", kind: decibelKind, low: math.Inf(-1), moments: (*moments).sqnr},
	{name: "psnr", kind: decibelKind, low: math.Inf(-1), moments: (*moments).psnr},
	{name: "kl", measure: func(_ Metric, a, b view) float64 { return kl(a, b) }},
	{name: "ulp", measure: func(_ Metric, a, b view) float64 { return ulp(a, b) }},
	{name: "top1", kind: shareKind, alone: true, measure: func(_ Metric, a, b view) float64 { return topK(a, b, 1) }},
	{name: "topk", kind: shareKind, alone: true, measure: func(m Metric, a, b view) float64 { return topK(a, b, m.K) }},
	{name: "equal", kind: shareKind, alone: true, measure: func(_ Metric, a, b view) float64 { return equal(a, b) }},
	{name: "allclose", alone: true, measure: func(m Metric, a, b view) float64 { return allclose(a, b, m.ATol, m.RTol) }},
}

// Metrics lists the names of all metrics.
func Metrics() []string {
	names := make([]string, len(definitions))
	for i, d := range definitions {
		names[i] = d.name
	}
	return names
}

func lookUp(name string) (definition, bool) {
	i := slices.IndexFunc(definitions, func(d definition) bool { return d.name == name })
	if i < 0 {
		return definition{}, false
	}
	return definitions[i], true
}

// bestBound is what a metric that stands alone asks for. allclose, whose value is an error over its tolerance, asks for 1 as well.
const bestBound = 1

// ratio is the error of a value over the tolerance that a bound leaves: at most 1 where the bound holds, 0 without error.
func (k kind) ratio(value, bound float64) float64 {
	switch k {
	case decibelKind:
		return math.Pow(10, (bound-value)/20)
	case shareKind:
		return overTolerance(1-value, 1-bound)
	}
	return overTolerance(value, bound)
}

func overTolerance(e, tolerance float64) float64 {
	if e == 0 {
		return 0
	}
	return e / tolerance // +Inf where nothing is tolerated
}

// largerIsBetter tells the direction of a rule's comparison.
func (k kind) largerIsBetter() bool { return k != distanceKind }

// parseMetric reads NAME, or NAME(PARAMETERS) where the metric has some.
func parseMetric(text string) (Metric, error) {
	name, parameters, has := strings.Cut(text, "(")
	name = strings.TrimSpace(name)
	if _, ok := lookUp(name); !ok {
		return Metric{}, unknown("metric", name, Metrics())
	}
	m := Metric{Name: name}
	if has {
		var closed bool
		if parameters, closed = strings.CutSuffix(strings.TrimSpace(parameters), ")"); !closed {
			return Metric{}, fmt.Errorf("the parameters of %s end without a )", name)
		}
	}
	switch {
	case name == "topk":
		k, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(parameters), "k=")))
		if err != nil || k < 1 {
			return Metric{}, fmt.Errorf("topk wants a number of at least 1, as in topk(5)")
		}
		m.K = k
	case name == "allclose":
		m.ATol, m.RTol = 1e-8, 1e-5
		return m, m.parseTolerances(parameters)
	case has:
		return Metric{}, fmt.Errorf("%s has no parameters", name)
	}
	return m, nil
}

func (m *Metric) parseTolerances(text string) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	seen := map[string]bool{}
	for _, p := range strings.Split(text, ",") {
		key, value, _ := strings.Cut(p, "=")
		key = strings.TrimSpace(key)
		v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		into := map[string]*float64{"atol": &m.ATol, "rtol": &m.RTol}[key]
		if into == nil || err != nil || !(v >= 0) || math.IsInf(v, 1) || seen[key] {
			return fmt.Errorf("allclose does not understand %q: write allclose(atol=1e-3,rtol=1e-2), each at least 0", strings.TrimSpace(p))
		}
		seen[key] = true
		*into = v
	}
	return nil
}
