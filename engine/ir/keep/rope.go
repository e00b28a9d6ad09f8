package keep

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/beevik/etree"
)

// ropeForms are the attributes of RoPE that ask for what is not written.
var ropeForms = []string{"is_interleaved", "is_chatglm", "is_qwen", "is_ltx_video", "support_2d_rope", "support_3d_rope", "use_rope_cache", "output_trans0213"}

// rope: x cos + rotated(x) sin of the first elements of the last axis, the others as they are; rotated puts the negative second half before the first.
// With input_trans0213 the middle axes of x are exchanged first. Of a marked one a barrier keeps the plugin from putting it together again.
// Source: RoPE of the plugin, its form of halves.
func (n *network) rope(l *etree.Element) error {
	for _, form := range ropeForms {
		if get(l, "config."+form, "false") == "true" {
			return fmt.Errorf("its form config.%s is not written", form)
		}
	}
	for _, number := range []string{"slice_start", "slice_stop", "gather_position_arg_id"} {
		if get(l, "config."+number, "0") != "0" {
			return fmt.Errorf("its attribute config.%s is not written", number)
		}
	}
	from, like := n.inputs(l), ports(l, "output")[0]
	shape := dims(like)
	rotary, err := strconv.Atoi(get(l, "config.rotary_ndims", ""))
	if err != nil || len(shape) != 4 || rotary < 2 || rotary%2 != 0 || rotary > shape[3] {
		return fmt.Errorf("its rotary_ndims %q does not fit the shape %v", get(l, "config.rotary_ndims", ""), shape)
	}
	x := from[0]
	if get(l, "config.input_trans0213", "false") == "true" {
		x = n.step(l, "Transpose", "/transposed", like, x, n.constant(name(l)+"/order", "I64", []int{4}, 0, 2, 1, 3))
	}
	part := func(what string, start, stop int) end {
		if start == 0 && stop == shape[3] {
			return x
		}
		bounds := []end{x}
		for i, v := range []int{start, stop, 1, 3} {
			bounds = append(bounds, n.constant(name(l)+what+[...]string{"/start", "/stop", "/step", "/axis"}[i], "I64", []int{1}, float64(v)))
		}
		s := n.step(l, "Slice", what, sized(like, stop-start), bounds...)
		n.byID[s.layer].CreateAttr("version", "opset8")
		return s
	}
	concat := func(what string, size int, parts ...end) end {
		c := n.step(l, "Concat", what, sized(like, size), parts...)
		set(n.byID[c.layer], "axis", "3")
		return c
	}
	half := sized(like, rotary/2)
	negative := n.step(l, "Multiply", "/negative", half, part("/second", rotary/2, rotary), n.constant(name(l)+"/minus_one", "FP32", nil, -1))
	rotated := n.guarded(l, concat("/rotated", rotary, negative, part("/first", 0, rotary/2)))
	turned := sized(like, rotary)
	a, b := n.step(l, "Multiply", "/cos", turned, part("/whole", 0, rotary), from[1]), n.step(l, "Multiply", "/sin", turned, rotated, from[2])
	if rotary == shape[3] {
		n.become(l, "Add", a, b)
		return nil
	}
	n.reset(l, "Concat", "opset1", n.step(l, "Add", "/sum", turned, a, b), part("/rest", rotary, shape[3]))
	set(l, "axis", "3")
	return nil
}

// sized is a port like the given one whose last dimension has another size.
func sized(like *etree.Element, size int) *etree.Element {
	p := like.Copy()
	d := p.SelectElements("dim")
	slices.Reverse(d)
	d[0].SetText(strconv.Itoa(size))
	return p
}
