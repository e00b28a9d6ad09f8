package report

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	_ "gonum.org/v1/plot/vg/vgimg" // png
	_ "gonum.org/v1/plot/vg/vgsvg" // svg

	"halfway/bisect"
)

// The size of a plot.
const (
	plotWidth  = 9 * vg.Inch
	plotHeight = 4.5 * vg.Inch
)

// PNG and SVG draw the error against CNT.
func PNG(w io.Writer, r *bisect.Result) error { return drawCurve(w, r, "png") }

// SVG draws what PNG draws.
func SVG(w io.Writer, r *bisect.Result) error { return drawCurve(w, r, "svg") }

// errNoCurve is the error of drawing what was not measured.
var errNoCurve = errors.New("the result has no measured errors to draw: its search ended first, or its engine gives only verdicts")

func drawCurve(w io.Writer, r *bisect.Result, format string) error {
	points := curve(r)
	a := axisOf(points)
	var line, good, bad plotter.XYs
	for _, p := range points {
		if math.IsNaN(p.error) {
			continue
		}
		at := plotter.XY{X: float64(p.count), Y: a.clamp(p.error)}
		line = append(line, at)
		if p.bad {
			bad = append(bad, at)
		} else {
			good = append(good, at)
		}
	}
	if len(line) == 0 {
		return errNoCurve
	}
	p := newPlot(r, a)
	if err := addMarks(p, line, good, bad); err != nil {
		return err
	}
	if err := addFirst(p, r, a); err != nil {
		return err
	}
	c, err := p.WriterTo(plotWidth, plotHeight, format)
	if err != nil {
		return err
	}
	_, err = c.WriteTo(w)
	return err
}

// The colours of marks, told apart by people of any colour vision, and by their shapes.
var (
	blue   = color.RGBA{0x1f, 0x5f, 0xa8, 0xff}
	orange = color.RGBA{0xc2, 0x4e, 0x00, 0xff}
	grey   = color.RGBA{0x70, 0x70, 0x70, 0xff}
)

func newPlot(r *bisect.Result, a axis) *plot.Plot {
	p := plot.New()
	p.Title.Text = fmt.Sprintf("%s in %s", Printable(r.Model.Path), r.Precision)
	p.X.Label.Text = "CNT: nodes enforced, less one"
	p.Y.Label.Text = "error / tolerance"
	p.Y.Scale = plot.LogScale{}
	p.Y.Tick.Marker = plot.LogTicks{Prec: -1}
	p.Y.Min, p.Y.Max = math.Pow10(a.low), math.Pow10(a.high)
	p.X.Min, p.X.Max = -1, float64(max(r.Candidates-1, 0))
	p.Legend.XOffs, p.Legend.YOffs, p.Legend.Padding = -vg.Points(6), vg.Points(24), vg.Points(2)
	return p
}

// addMarks draws the probes and the tolerance.
func addMarks(p *plot.Plot, line, good, bad plotter.XYs) error {
	l, err := plotter.NewLine(line)
	if err != nil {
		return err
	}
	l.Color = grey
	tolerance, err := plotter.NewLine(plotter.XYs{{X: p.X.Min, Y: 1}, {X: p.X.Max, Y: 1}})
	if err != nil {
		return err
	}
	tolerance.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
	p.Add(l, tolerance)
	p.Legend.Add("tolerance", tolerance)
	for _, m := range []struct {
		name   string
		points plotter.XYs
		color  color.Color
		shape  draw.GlyphDrawer
	}{{"passes", good, blue, draw.CircleGlyph{}}, {"fails", bad, orange, draw.CrossGlyph{}}} {
		if len(m.points) == 0 {
			continue
		}
		s, err := plotter.NewScatter(m.points)
		if err != nil {
			return err
		}
		s.Color, s.Shape, s.Radius = m.color, m.shape, vg.Points(2.5)
		p.Add(s)
		p.Legend.Add(m.name, s)
	}
	return nil
}

// addFirst marks and labels the first node.
func addFirst(p *plot.Plot, r *bisect.Result, a axis) error {
	if r.First == nil {
		return nil
	}
	x := float64(r.First.Count)
	l, err := plotter.NewLine(plotter.XYs{{X: x, Y: math.Pow10(a.low)}, {X: x, Y: math.Pow10(a.high)}})
	if err != nil {
		return err
	}
	l.Color = orange
	p.Add(l)
	p.Legend.Add(fmt.Sprintf("first node, CNT=%d: %s", r.First.Count, abbreviated(Printable(r.First.Tag))), l)
	return nil
}

// abbreviated is a name that fits into a plot: its beginning and its end.
func abbreviated(s string) string {
	const most = 64
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most/3]) + "..." + string(runes[len(runes)-most*2/3+3:])
}
