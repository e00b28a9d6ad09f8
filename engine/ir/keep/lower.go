package keep

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// lowered are the operations of the plugin's own sets, and what writes them in public ones. Source: openvino-release, section 5.
var lowered = map[string]struct {
	inputs int // at least
	write  func(*network, *etree.Element) error
}{
	"FullyConnected":    {2, (*network).fullyConnected},
	"PowerStatic":       {1, (*network).powerStatic},
	"SwishCPU":          {1, (*network).swishCPU},
	"LeakyRelu":         {1, (*network).leakyRelu},
	"RMS":               {1, (*network).rms},
	"RoPE":              {3, (*network).rope},
	"ConvertTruncation": {1, (*network).convert},
	"ConvertSaturation": {1, (*network).convert},
}

// Lower writes a graph that a compiled model exports, with its marks, in public operations.
func (m *Model) Lower() error {
	for _, n := range m.networks {
		for _, l := range n.layers.ChildElements() {
			keptInfo(l)
			if err := n.lower(l); err != nil {
				return fmt.Errorf("layer %q (%s): %w", name(l), kind(l), err)
			}
		}
		n.keepAttention()
	}
	return nil
}

// keptInfo leaves of the runtime information of l its mark.
func keptInfo(l *etree.Element) {
	keep := marked(l)
	if info := l.SelectElement("rt_info"); info != nil {
		l.RemoveChild(info)
	}
	if keep {
		(*network)(nil).mark(l)
	}
}

func (n *network) lower(l *etree.Element) error {
	version := l.SelectAttrValue("version", "")
	n.truths(l)
	if public, ok := strings.CutPrefix(version, "type_relaxed_"); ok {
		if public == "opset" { // as 2024 names what it relaxes of the first one
			public = "opset1"
		}
		return n.strict(l, public)
	}
	if strings.HasPrefix(version, "opset") {
		return nil
	}
	f, ok := lowered[kind(l)]
	if !ok {
		return fmt.Errorf("there is no public form for the plugin's own operation of %s", version)
	}
	if in, out := len(ports(l, "input")), len(ports(l, "output")); in < f.inputs || out != 1 {
		return fmt.Errorf("%d inputs and %d outputs, expected %d and 1", in, out, f.inputs)
	}
	return f.write(n, l)
}

// truthful are the operations that take truth values, with how many of their first inputs are such.
var truthful = map[string]int{"LogicalAnd": 2, "LogicalOr": 2, "LogicalXor": 2, "LogicalNot": 1, "Select": 1, "ReduceLogicalAnd": 1, "ReduceLogicalOr": 1}

// truths converts the truth values that l takes, which the plugin keeps in u8, to the type that its public form asks for.
func (n *network) truths(l *etree.Element) {
	for i, p := range ports(l, "input") {
		from := source(n.into[end{id(l), portID(p)}])
		like := n.output(from)
		if i >= truthful[kind(l)] || like.SelectAttrValue("precision", "") != "U8" {
			continue
		}
		like = like.Copy()
		like.CreateAttr("precision", "BOOL")
		c := n.add(fmt.Sprintf("%s/truth/%d", name(l), i), "Convert", "opset1", like, from)
		set(c, "destination_type", "boolean")
		n.connect(out(c), end{id(l), portID(p)})
	}
}

// strict takes back that l may have other types than its operation has.
func (n *network) strict(l *etree.Element, public string) error {
	quantised := func(p *etree.Element) bool {
		return slices.Contains([]string{"U8", "I8"}, p.SelectAttrValue("precision", ""))
	}
	if slices.Contains([]string{"Convolution", "GroupConvolution", "FakeQuantize", "MatMul", "Add", "Subtract", "Multiply"}, kind(l)) &&
		slices.ContainsFunc(append(ports(l, "input"), ports(l, "output")...), quantised) {
		return fmt.Errorf("quantised operations have no public form")
	}
	l.CreateAttr("version", public)
	if d := l.SelectElement("data"); d != nil {
		for _, a := range []string{"type_relax", "input_data_types", "output_data_types"} {
			d.RemoveAttr(a)
		}
	}
	return nil
}

// step adds a layer of opset1 that is marked when l is.
func (n *network) step(l *etree.Element, op, part string, like *etree.Element, from ...end) end {
	if marked(l) {
		return n.kept(op, name(l)+part, like, from...)
	}
	return out(n.simple(op, name(l)+part, like, from...))
}

// guarded is from, behind a barrier when l is marked.
func (n *network) guarded(l *etree.Element, from end) end {
	if !marked(l) {
		return from
	}
	return n.clamp(from, n.output(from))
}

// become makes l, which keeps its name, an elementwise operation of opset1.
func (n *network) become(l *etree.Element, op string, from ...end) {
	n.reset(l, op, "opset1", from...)
	n.broadcasts(l)
}

// fullyConnected: x times the transposed weights [n, k], plus a bias, which is empty when there is none.
func (n *network) fullyConnected(l *etree.Element) error {
	from := n.inputs(l)
	biased := false
	if in := ports(l, "input"); len(in) > 2 {
		biased = in[2].SelectAttrValue("precision", "") != "UNSPECIFIED" && !slices.Contains(dims(in[2]), 0)
	}
	if len(from) > 3 {
		return fmt.Errorf("%d inputs, expected 3", len(from))
	}
	if !biased {
		n.reset(l, "MatMul", "opset1", from[:2]...)
		set(l, "transpose_a", "false", "transpose_b", "true")
		return nil
	}
	mm := n.step(l, "MatMul", "/mm", ports(l, "output")[0], from[:2]...)
	set(n.byID[mm.layer], "transpose_a", "false", "transpose_b", "true")
	n.become(l, "Add", n.guarded(l, mm), from[2])
	return nil
}

// powerStatic: (scale x + shift) ^ power.
func (n *network) powerStatic(l *etree.Element) error {
	from := n.inputs(l)
	like := ports(l, "output")[0]
	var steps []string
	var values []float64
	for _, s := range []struct {
		op, attribute string
		neutral       float64
	}{{"Multiply", "scale", 1}, {"Add", "shift", 0}, {"Power", "power", 1}} {
		v, err := strconv.ParseFloat(get(l, s.attribute, fmt.Sprint(s.neutral)), 64)
		if err != nil {
			return fmt.Errorf("attribute %s: %w", s.attribute, err)
		}
		if v != s.neutral {
			steps, values = append(steps, s.op), append(values, v)
		}
	}
	if len(steps) == 0 {
		steps, values = []string{"Multiply"}, []float64{1}
	}
	x, precision := from[0], like.SelectAttrValue("precision", "")
	if precision != "FP32" && precision != "I32" && precision != "I64" {
		return fmt.Errorf("type %s is not written", precision)
	}
	for i, op := range steps {
		c := n.constant(fmt.Sprintf("%s/%s/constant", name(l), strings.ToLower(op)), precision, nil, values[i])
		if i == len(steps)-1 {
			n.become(l, op, x, c)
		} else {
			x = n.step(l, op, "/"+strings.ToLower(op), like, x, c)
		}
	}
	return nil
}

// swishCPU: x Sigmoid(alpha x).
func (n *network) swishCPU(l *etree.Element) error {
	from := n.inputs(l)
	alpha, err := strconv.ParseFloat(get(l, "alpha", "1"), 64)
	if err != nil {
		return fmt.Errorf("attribute alpha: %w", err)
	}
	if alpha != 1 {
		from = append(from, n.constant(name(l)+"/beta", "FP32", nil, alpha))
	}
	n.reset(l, "Swish", "opset4", from...)
	if marked(l) {
		n.swish(l)
	}
	return nil
}

// leakyRelu: x, times the slope where it is negative. Of a marked one the two sides are summed, since the plugin makes a new node of a PRelu.
func (n *network) leakyRelu(l *etree.Element) error {
	from := n.inputs(l)
	slope, err := strconv.ParseFloat(get(l, "negative_slope", ""), 64)
	if err != nil {
		return fmt.Errorf("attribute negative_slope: %w", err)
	}
	like := ports(l, "output")[0]
	if !marked(l) {
		channels := 1
		if shape := dims(like); len(shape) > 1 && shape[1] > 0 && shape[1] < 1<<20 {
			channels = shape[1]
		}
		n.reset(l, "PReLU", "opset1", from[0], n.constant(name(l)+"/slope", "FP32", []int{channels}, slices.Repeat([]float64{slope}, channels)...))
		return nil
	}
	c := n.kept("Clamp", name(l)+"/negative", like, from[0])
	set(n.byID[c.layer], "min", "-"+range32, "max", "0")
	scaled := n.kept("Multiply", name(l)+"/scaled", like, c, n.constant(name(l)+"/slope", "FP32", nil, slope))
	n.become(l, "Add", n.kept("ReLU", name(l)+"/positive", like, from[0]), scaled)
	return nil
}

// rms: x / sqrt(mean(x^2) + epsilon), times gamma when there is one; the mean is that of the last axis.
func (n *network) rms(l *etree.Element) error {
	from := n.inputs(l)
	epsilon, err := strconv.ParseFloat(get(l, "epsilon", ""), 64)
	if err != nil {
		return fmt.Errorf("attribute epsilon: %w", err)
	}
	like := ports(l, "output")[0]
	one := like.Copy()
	d := one.SelectElements("dim")
	if len(d) == 0 {
		return fmt.Errorf("no dimensions")
	}
	d[len(d)-1].SetText("1")
	number := func(part string, v float64) end { return n.constant(name(l)+part, "FP32", nil, v) }
	square := n.step(l, "Power", "/square", like, from[0], number("/two", 2))
	mean := n.step(l, "ReduceMean", "/mean", one, n.guarded(l, square), n.constant(name(l)+"/axis", "I64", []int{1}, -1))
	set(n.byID[mean.layer], "keep_dims", "true")
	shifted := n.step(l, "Add", "/add", one, n.guarded(l, mean), number("/epsilon", epsilon))
	factor := n.guarded(l, n.step(l, "Power", "/factor", one, n.guarded(l, shifted), number("/exponent", -0.5)))
	if len(from) == 1 || get(l, "elementwise_affine", "true") == "false" {
		n.become(l, "Multiply", from[0], factor)
		return nil
	}
	n.become(l, "Multiply", n.guarded(l, n.step(l, "Multiply", "/normal", like, from[0], factor)), from[1])
	return nil
}

// convert: what lies outside of the range differs between the plugin's conversions, and is undefined in the public one.
func (n *network) convert(l *etree.Element) error {
	l.CreateAttr("version", "opset1")
	l.CreateAttr("type", "Convert")
	return nil
}
