package report

import (
	"fmt"
	"math"
	"slices"

	"halfway/bisect"
	"halfway/compare"
)

type (
	// htmlHistogram is how large the errors of one output are, in the units of its drawing.
	htmlHistogram struct {
		Run, Output, Caption string
		Width                float64
		Bars                 []htmlBar
	}
	htmlBar struct {
		X, Y, Width, Height float64
		Label               string // under its left edge, of whole decades
		Title               string
	}
)

// What a histogram's drawing has room for.
const (
	maxHistograms = 12
	barWidth      = 14.0
	barHeight     = 80.0
	maxBars       = 64
)

// newHTMLHistograms draws those of a probe.
func newHTMLHistograms(run string, p *bisect.Probe) (list []htmlHistogram) {
	if p == nil {
		return nil
	}
	for _, h := range p.Errors[:min(len(p.Errors), maxHistograms)] {
		list = append(list, newHTMLHistogram(run, h))
	}
	return list
}

func newHTMLHistogram(run string, h compare.Histogram) htmlHistogram {
	r := htmlHistogram{Run: run, Output: Printable(h.Output)}
	r.Caption = fmt.Sprintf("%d elements, %d without an error", h.Elements, h.Equal)
	if h.NonFinite > 0 {
		r.Caption += fmt.Sprintf(", %d not finite", h.NonFinite)
	}
	counts := h.Counts[:min(len(h.Counts), maxBars)]
	if len(counts) == 0 {
		return r
	}
	most := math.Log1p(float64(slices.Max(counts)))
	for i, n := range counts {
		height := 0.0
		if n > 0 {
			height = max(barHeight*math.Log1p(float64(n))/most, 1)
		}
		low := float64(h.First+i) / 2
		b := htmlBar{X: float64(i)*barWidth + 16, Y: barHeight - height, Width: barWidth - 2, Height: height,
			Title: fmt.Sprintf("%d of %.2g to %.2g", n, math.Pow(10, low), math.Pow(10, low+0.5))}
		if (h.First+i)%4 == 0 {
			b.Label = fmt.Sprintf("1e%d", (h.First+i)/2)
		}
		r.Bars = append(r.Bars, b)
	}
	r.Width = float64(len(counts))*barWidth + 48
	return r
}
