package passes

import (
	"slices"
	"strconv"
	"strings"

	"halfway/engine/graph"
)

// padFusion takes a Pad with zeros into the pads of the convolution or average pooling that alone reads it. Source: PadFusion.
func padFusion(r *rewriter, n *graph.Node) bool {
	pad := n.In[0].Node
	if pad.Op != "Pad" || lower(pad.Attrs["pad_mode"]) != "constant" || r.only(pad) == nil || len(pad.In) > 3 && !r.uniform(pad.In[3], 0) {
		return false
	}
	begin, ok1 := r.integers(pad.In[1])
	end, ok2 := r.integers(pad.In[2])
	if !ok1 || !ok2 || len(begin) < 3 || len(end) != len(begin) || begin[0]|begin[1]|end[0]|end[1] != 0 || slices.Min(begin) < 0 || slices.Min(end) < 0 {
		return false
	}
	if a := lower(n.Attrs["auto_pad"]); a != "" && a != "explicit" && a != "notset" && a != "valid" {
		return false
	}
	d := n.Attrs.Decode()
	if n.Op == "AvgPool" && (d.Bool("exclude-pad", false) || lower(n.Attrs["rounding_type"]) == "ceil") {
		return false
	}
	attrs := withAttr(n.Attrs, "pads_begin", sum(d.Ints("pads_begin"), begin[2:]))
	attrs["pads_end"] = sum(d.Ints("pads_end"), end[2:])
	attrs["auto_pad"] = "explicit"
	n.Attrs = attrs
	r.inherit(n, pad, n)
	r.set(n, 0, pad.In[0])
	return true
}

// sum adds two lists, of which the first may be empty, as an attribute spells it.
func sum(a, b []int) string {
	parts := make([]string, len(b))
	for i := range b {
		v := b[i]
		if i < len(a) {
			v += a[i]
		}
		parts[i] = strconv.Itoa(v)
	}
	return strings.Join(parts, ",")
}
