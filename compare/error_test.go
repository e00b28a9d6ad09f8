package compare_test

import (
	"math"
	"testing"

	"halfway/compare"
)

func TestErrorOf(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules []string
		value float64
		want  float64
	}{
		{"20 dB less than asked for are ten times the amplitude", []string{"sqnr>=20"}, 0, 10},
		{"half of a distance", []string{"max-abs<=0.5"}, 0.25, 0.5},
		{"what is missing to 1", []string{"cosine>=0.9"}, 0.8, 2},
		{"the rule about this output", []string{"other:max-abs<=1", "y:max-abs<=2"}, 8, 4},
		{"the worst of two", []string{"max-abs<=2", "max-abs<=4"}, 8, 4},
		{"no number", []string{"max-abs<=2"}, math.NaN(), math.Inf(1)},
		{"no rule about it", []string{"other:max-abs<=1"}, 8, math.NaN()},
	} {
		var rules []compare.Rule
		for _, text := range c.rules {
			r, err := compare.ParseRule(text)
			if err != nil {
				t.Fatal(err)
			}
			rules = append(rules, r)
		}
		got := compare.ErrorOf(rules, []compare.Reading{{Output: "y", Metric: rules[len(rules)-1].Metric.String(), Value: compare.Value(c.value)}})
		if !(math.Abs(got-c.want) < 1e-12) && got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
