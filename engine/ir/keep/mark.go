package keep

import (
	"slices"

	"github.com/beevik/etree"
)

// marks are the runtime attributes by which the CPU plugin keeps an operation from being reduced: the first one in all releases since 2024.0, the
// second one in those of 2026, which turn the first into it. Source: openvino-semantics, section 5.
var marks = []struct{ name, value string }{{"precise", ""}, {"DisablePrecisionConversion", "dynamic:f16;f32:bf16,f16"}}

func (n *network) mark(l *etree.Element) {
	info := l.SelectElement("rt_info")
	if info == nil {
		info = etree.NewElement("rt_info")
		at := 0
		if d := l.SelectElement("data"); d != nil {
			at = d.Index() + 1
		}
		l.InsertChildAt(at, info)
	}
	for _, m := range marks {
		if markOf(info, m.name) != nil {
			continue
		}
		a := info.CreateElement("attribute")
		a.CreateAttr("name", m.name)
		a.CreateAttr("version", "0")
		if m.value != "" {
			a.CreateAttr("value", m.value)
		}
	}
}

func markOf(info *etree.Element, mark string) *etree.Element {
	for _, a := range info.SelectElements("attribute") {
		if a.SelectAttrValue("name", "") == mark {
			return a
		}
	}
	return nil
}

// marked reports whether l has a mark.
func marked(l *etree.Element) bool {
	info := l.SelectElement("rt_info")
	return info != nil && slices.ContainsFunc(marks, func(m struct{ name, value string }) bool { return markOf(info, m.name) != nil })
}

// A Group is the layers of the file that become one node in the plugin.
type Group struct {
	Layers []string // names
	Apart  bool     // the node is a new one, which has no mark: barriers keep the layers from becoming it
}

// Keep marks the layers of groups, in whatever network they are, and writes them so that the marks survive.
func (m *Model) Keep(groups []Group) {
	apart, kept := map[string][]int{}, map[string]bool{}
	for i, g := range groups {
		for _, l := range g.Layers {
			kept[l] = true
			if g.Apart {
				apart[l] = append(apart[l], i)
			}
		}
	}
	for _, n := range m.networks {
		constant := n.constantPaths()
		for _, l := range n.layers.ChildElements() {
			if kept[name(l)] && !constant[id(l)] && kind(l) != "Parameter" && kind(l) != "Result" {
				n.mark(l)
				n.older(l)
			}
		}
		n.separate(apart, constant)
		n.keepAttention()
	}
}

// constantPaths are the ids of layers that read from nothing but constants.
func (n *network) constantPaths() map[string]bool {
	left, constant := map[string]int{}, map[string]bool{}
	var ready []*etree.Element
	for _, l := range n.layers.ChildElements() {
		left[id(l)] = len(ports(l, "input"))
		if kind(l) == "Const" {
			ready = append(ready, l)
		}
	}
	for len(ready) > 0 {
		l := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		constant[id(l)] = true
		for _, d := range n.consumers[id(l)] {
			to := target(d).layer
			if left[to]--; left[to] == 0 && kind(n.byID[to]) != "Result" {
				ready = append(ready, n.byID[to])
			}
		}
	}
	return constant
}

// separate puts barriers between the layers that belong to one group of those in apart, by their names.
func (n *network) separate(apart map[string][]int, constant map[string]bool) {
	for _, l := range n.layers.ChildElements() {
		groups := apart[name(l)]
		if len(groups) == 0 || constant[id(l)] {
			continue
		}
		if kind(l) == "Swish" {
			n.swish(l)
		}
		for _, d := range slices.Clone(n.consumers[id(l)]) {
			to := n.byID[target(d).layer]
			if slices.ContainsFunc(apart[name(to)], func(g int) bool { return slices.Contains(groups, g) }) {
				n.barrier(d)
			}
		}
	}
}

// barrier puts a marked clamp to the range of f32 into an edge of that type.
func (n *network) barrier(edge *etree.Element) {
	from, to := source(edge), target(edge)
	port := n.output(from)
	if port.SelectAttrValue("precision", "") != "FP32" {
		return
	}
	n.connect(n.clamp(from, port), to)
}

const range32 = "3.4028234663852886e+38"

func (n *network) clamp(from end, like *etree.Element) end {
	l := n.add(name(n.byID[from.layer])+"/range", "Clamp", "opset1", like, from)
	set(l, "min", "-"+range32, "max", range32)
	n.mark(l)
	return out(l)
}

// swish writes Swish(x) as x * Sigmoid(x), with a barrier that keeps the plugin from putting them together again.
func (n *network) swish(l *etree.Element) {
	from, like := n.inputs(l), ports(l, "output")[0]
	if len(from) == 0 {
		return
	}
	scaled := from[0]
	if len(from) > 1 {
		scaled = n.kept("Multiply", name(l)+"/scaled", like, from[0], from[1])
	}
	n.become(l, "Multiply", from[0], n.clamp(n.kept("Sigmoid", name(l)+"/sigmoid", like, scaled), like))
}

// kept adds a marked layer of opset1.
func (n *network) kept(op, layerName string, like *etree.Element, from ...end) end {
	l := n.simple(op, layerName, like, from...)
	n.mark(l)
	return out(l)
}

// simple adds a layer of opset1.
func (n *network) simple(op, layerName string, like *etree.Element, from ...end) *etree.Element {
	l := n.add(layerName, op, "opset1", like, from...)
	n.broadcasts(l)
	return l
}

// broadcasts gives an elementwise operation of two inputs the attribute that IRs have there.
func (n *network) broadcasts(l *etree.Element) {
	if slices.Contains([]string{"Add", "Multiply", "Subtract", "Divide", "Power", "Maximum"}, kind(l)) {
		set(l, "auto_broadcast", "numpy")
	}
}
