package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"halfway/bisect"
)

// confirmed says what a runtime made of what another engine found, and how well that one predicted it.
func (t *text) confirmed() {
	c := t.Confirmed
	if c == nil {
		return
	}
	t.heading(fmt.Sprintf("On %s %s", Printable(c.Engine.Name), Printable(c.Engine.Version)))
	mode := "In its default mode"
	if t.Settings != nil && len(t.Settings.Properties) > 0 {
		mode = "With " + t.properties()
		t.paragraph(2, 2, "In its default mode the network does not even pass with all nodes marked to stay in f32: attention that it fuses does not "+
			"heed the mark.")
	}
	t.paragraph(2, 2, fmt.Sprintf("%s and the settings that the engine %s found the network %s%s. With everything enforced it %s%s.", mode,
		Printable(c.PredictedBy.Name), shown(*c.Settings), predicted(c.PredictedSettings), shown(*c.Full), predicted(c.PredictedFull)))
	if c.Searched {
		t.paragraph(2, 2, "These settings do not do, so this answer is that of a search on this engine itself.")
	}
	if n := len(c.Missing); n > 0 {
		t.paragraph(2, 2, fmt.Sprintf("%s to keep have other names there, such as %s.", count(n, "node"), Printable(c.Missing[0])))
	}
}

// predicted is what was expected, as an insertion.
func predicted(p *bisect.Probe) string {
	if p == nil {
		return ""
	}
	return "; predicted: " + readings(*p)
}

// properties are what the runtime has to be given.
func (t *text) properties() string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(t.Settings.Properties)) {
		list = append(list, name+"="+t.Settings.Properties[name])
	}
	return Printable(strings.Join(list, ", "))
}
