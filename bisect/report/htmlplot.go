package report

import (
	"fmt"
	"math"
	"strings"

	"halfway/bisect"
)

type (
	// htmlPlot is the curve in the units of its drawing.
	htmlPlot struct {
		Width, Height                int
		Left, Right, Top, Bottom     float64
		Labels, Below, Caption, Over float64 // where text stands
		Middle, Tolerance            float64
		Decades, Counts, Crossings   []htmlMark
		Line, Good, Bad, Description string
		First                        *htmlLabel
		axis                         axis
		last                         int // the CNT at the right
	}
	htmlMark struct {
		At   float64
		Text string
	}
	htmlLabel struct {
		At           float64
		Count        int
		Text, Anchor string
	}
)

// newHTMLPlot draws the curve, nil where nothing was measured.
func newHTMLPlot(r *bisect.Result) *htmlPlot {
	points := curve(r)
	p := &htmlPlot{Width: 960, Height: 360, Left: 64, Right: 944, Top: 30, Bottom: 310, Labels: 56, Below: 328, Caption: 350, Over: 20, Middle: 504,
		axis: axisOf(points), last: max(r.Candidates-1, 0)}
	p.Tolerance = p.y(1)
	if !p.trace(points) {
		return nil
	}
	for d := p.axis.low; d <= p.axis.high; d++ {
		p.Decades = append(p.Decades, htmlMark{p.y(math.Pow10(d)), fmt.Sprintf("%g", math.Pow10(d))})
	}
	for i := range 5 {
		k := -1 + i*(p.last+1)/4
		p.Counts = append(p.Counts, htmlMark{p.x(k), fmt.Sprint(k)})
	}
	p.mark(r.First)
	return p
}

// trace makes the paths, and reports whether there is anything to draw.
func (p *htmlPlot) trace(points []measured) bool {
	var line, good, bad strings.Builder
	command, n, failed := "M", 0, 0
	drawn := map[[2]int]bool{} // pixels: more marks than these would not show
	for _, m := range points {
		if math.IsNaN(m.error) {
			continue
		}
		x, y := p.x(m.count), p.y(m.error)
		marks := &good
		n++
		if m.bad {
			marks = &bad
			failed++
		}
		if pixel := [2]int{int(x), int(y)}; !drawn[pixel] {
			drawn[pixel] = true
			fmt.Fprintf(marks, "M%.1f %.1fh0", x, y)
			fmt.Fprintf(&line, "%s%.1f %.1f", command, x, y)
			command = "L"
		}
	}
	p.Line, p.Good, p.Bad = line.String(), good.String(), bad.String()
	p.Description = fmt.Sprintf("%d counts were measured, %d of them fail.", n, failed)
	return n > 0
}

func (p *htmlPlot) mark(f *bisect.First) {
	if f == nil {
		return
	}
	const most = 200 // a curve with more crossings is a hedge
	for _, c := range f.Crossings[:min(len(f.Crossings), most)] {
		p.Crossings = append(p.Crossings, htmlMark{At: p.x(c.Count)})
	}
	label := &htmlLabel{At: p.x(f.Count), Count: f.Count, Text: abbreviated(Printable(f.Tag)), Anchor: "start"}
	if label.At > p.Middle {
		label.Anchor = "end"
	}
	p.First = label
	p.Description += fmt.Sprintf(" The first that fails is CNT=%d, %s.", f.Count, Printable(f.Tag))
}

func (p *htmlPlot) x(count int) float64 {
	return p.Left + (p.Right-p.Left)*float64(count+1)/float64(p.last+1)
}

func (p *htmlPlot) y(e float64) float64 { return p.Bottom - (p.Bottom-p.Top)*p.axis.at(e) }
