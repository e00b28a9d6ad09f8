package report

import (
	"fmt"
	"io"
	"math"
	"slices"

	"halfway/bisect"
	"halfway/compare"
)

// A Drift is how a network differs from what an earlier result says of it.
type Drift struct {
	Outcome [2]bisect.Outcome `json:"outcome"` // then and now, as all pairs
	First   [2]*DriftFirst    `json:"first"`   // null where none broke it
	Error   [2]compare.Value  `json:"error"`   // everything enforced, over the tolerance
	New     []string          `json:"new"`     // nodes that must be kept in f32 now
	Gone    []string          `json:"gone"`    // nodes that need not any more
	Rules   bool              `json:"rules"`   // the rules are other ones, so errors do not compare
}

// DriftFirst is the first node of a result.
type DriftFirst struct {
	Count int    `json:"count"`
	Tag   string `json:"tag"`
}

// NewDrift compares two results of the same network.
func NewDrift(then, now *bisect.Result) *Drift {
	d := &Drift{Outcome: [2]bisect.Outcome{then.Outcome, now.Outcome}, New: []string{}, Gone: []string{}, Rules: !slices.Equal(then.Accept, now.Accept)}
	for i, r := range []*bisect.Result{then, now} {
		if r.First != nil {
			d.First[i] = &DriftFirst{r.First.Count, r.First.Tag}
		}
		d.Error[i] = compare.Value(math.NaN())
		if n := len(r.Curve); n > 0 {
			d.Error[i] = compare.Value(errorOf(acceptRules(r), r.Curve[n-1].Probe))
		}
	}
	d.New, d.Gone = without(now, then), without(then, now)
	return d
}

// without lists the nodes that a keeps and b does not.
func without(a, b *bisect.Result) []string {
	kept := map[string]bool{}
	for _, k := range b.KeepF32 {
		kept[k.Tag] = true
	}
	list := []string{}
	for _, k := range a.KeepF32 {
		if !kept[k.Tag] {
			list = append(list, k.Tag)
		}
	}
	return list
}

// Text writes what changed.
func (d *Drift) Text(w io.Writer) error {
	p := page{columns: plainColumns}
	p.line(0, "Against the baseline")
	p.paragraph(2, 2, fmt.Sprintf("First node: was %s, is %s.", d.First[0], d.First[1]))
	p.paragraph(2, 2, fmt.Sprintf("Everything enforced, error/tolerance: was %s, is %s.", valueText(d.Error[0]), valueText(d.Error[1])))
	if d.Rules {
		p.paragraph(2, 2, "The rules are other ones than those of the baseline: errors do not compare.")
	}
	d.list(&p, "New culprits, which must be kept in f32 too:", d.New)
	d.list(&p, "Culprits that are gone: the settings keep more in f32 than they need to:", d.Gone)
	if len(d.New)+len(d.Gone) == 0 {
		p.paragraph(2, 2, "The same nodes must be kept in f32.")
	}
	_, err := io.WriteString(w, p.String())
	return err
}

func (d *Drift) list(p *page, title string, tags []string) {
	if len(tags) == 0 {
		return
	}
	p.paragraph(2, 2, title)
	for _, tag := range tags[:min(len(tags), maxTags)] {
		p.line(4, "%s", Printable(tag))
	}
	if more := len(tags) - maxTags; more > 0 {
		p.line(4, "and %d more, see --json", more)
	}
}

func (f *DriftFirst) String() string {
	if f == nil {
		return "none"
	}
	return fmt.Sprintf("CNT=%d (%s)", f.Count, Printable(f.Tag))
}
