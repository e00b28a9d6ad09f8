package keep

import (
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// older writes l in the version of its operation to which the plugin would convert it, where that says the same.
// Source: openvino-release, section 4.
func (n *network) older(l *etree.Element) {
	switch kind(l) {
	case "MaxPool":
		n.olderMaxPool(l)
	case "Pad":
		l.CreateAttr("version", "opset1")
	case "SoftMax":
		n.olderSoftmax(l)
	case "Interpolate":
		n.olderInterpolate(l)
	case "Squeeze", "Unsqueeze":
		n.reshape(l)
	case "Broadcast":
		n.olderBroadcast(l)
	}
}

func (n *network) olderMaxPool(l *etree.Element) {
	outputs, d := ports(l, "output"), l.SelectElement("data")
	if l.SelectAttrValue("version", "") == "opset1" || d == nil || len(outputs) == 0 {
		return
	}
	if slices.ContainsFunc(strings.Split(get(l, "dilations", "1"), ","), func(d string) bool { return strings.TrimSpace(d) != "1" }) {
		return
	}
	for _, e := range n.consumers[id(l)] {
		if source(e).port != portID(outputs[0]) {
			return
		}
	}
	for _, o := range outputs[1:] {
		l.SelectElement("output").RemoveChild(o)
	}
	for _, a := range []string{"dilations", "index_element_type", "axis"} {
		d.RemoveAttr(a)
	}
	l.CreateAttr("version", "opset1")
}

func (n *network) olderSoftmax(l *etree.Element) {
	axis, err := strconv.Atoi(get(l, "axis", ""))
	outputs := ports(l, "output")
	if err != nil || len(outputs) == 0 {
		return
	}
	if axis < 0 {
		axis += len(outputs[0].SelectElements("dim"))
	}
	if axis >= 0 {
		set(l, "axis", strconv.Itoa(axis))
		l.CreateAttr("version", "opset1")
	}
}

// olderInterpolate gives version 4 what it has beside version 11: the one of sizes and scales that is not used.
func (n *network) olderInterpolate(l *etree.Element) {
	in := ports(l, "input")
	if l.SelectAttrValue("version", "") != "opset11" || len(in) < 2 || get(l, "shape_calculation_mode", "") == "" || strings.HasPrefix(get(l, "mode", ""), "bi") {
		return
	}
	axes := dims(in[1])
	if len(axes) != 1 || axes[0] < 1 || axes[0] > 16 {
		return
	}
	precision := map[bool]string{true: "FP32", false: "I64"}[get(l, "shape_calculation_mode", "") == "sizes"]
	unused := n.constant(name(l)+"/unused", precision, axes, slices.Repeat([]float64{1}, axes[0])...)
	at := 1 // sizes come before scales
	if precision == "FP32" {
		at = 2
	}
	attributes := l.SelectElement("data").Copy() // there is one: it has the mode
	n.reset(l, "Interpolate", "opset4", slices.Insert(n.inputs(l), at, unused)...)
	l.InsertChildAt(0, attributes)
}

// reshape writes l, which only changes the shape, as the Reshape that the plugin makes of it.
func (n *network) reshape(l *etree.Element) {
	shape, known := staticShape(ports(l, "output")[0])
	from := n.inputs(l)
	if !known || len(from) == 0 {
		return
	}
	n.reset(l, "Reshape", "opset1", from[0], n.constant(name(l)+"/shape", "I64", []int{len(shape)}, shape...))
	set(l, "special_zero", "false")
}

// olderBroadcast gives version 1, which only knows how numpy does it, the shape that comes out.
func (n *network) olderBroadcast(l *etree.Element) {
	from := n.inputs(l)
	shape, known := staticShape(ports(l, "output")[0])
	if len(from) < 2 || !known || !slices.Contains([]string{"numpy", "bidirectional"}, get(l, "mode", "")) {
		return
	}
	n.reset(l, "Broadcast", "opset1", from[0], n.constant(name(l)+"/shape", "I64", []int{len(shape)}, shape...))
	set(l, "mode", "numpy")
}

// staticShape is the shape of a port, when all of it is known.
func staticShape(port *etree.Element) (shape []float64, known bool) {
	all := dims(port)
	for _, d := range all {
		shape = append(shape, float64(d))
	}
	return shape, all != nil && !slices.Contains(all, -1)
}
