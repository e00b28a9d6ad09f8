package kernel

import "math"

// MaxPool writes the greatest element of every window to out [planes, Out...] from in [planes, In...]. A window without an element above the
// least finite number gives that; NaNs are passed over.
func (w *Workers) MaxPool(out, in []float32, g *Window, planes int) {
	rows := g.Out[0] * g.Out[1]
	w.For(planes*rows, 1+1<<14/max(g.Out[2]*volume(g.Kernel), 1), func(lo, hi int) {
		tall := borrow(g.In[2])
		defer giveBack(tall)
		for r := lo; r < hi; r++ {
			plane := in[r/rows*volume(g.In):][:volume(g.In)]
			g.maxRows(*tall, plane, r%rows)
			g.maxAlong(out[r*g.Out[2]:][:g.Out[2]], *tall)
		}
	})
}

// maxRows writes the greatest elements of the rows that output row r of a plane reads, column by column.
func (g *Window) maxRows(tall, plane []float32, r int) {
	for i := range tall {
		tall[i] = -math.MaxFloat32
	}
	z0, y0 := r/g.Out[1]*g.Stride[0]-g.Pad[0], r%g.Out[1]*g.Stride[1]-g.Pad[1]
	for kz := range g.Kernel[0] {
		for ky := range g.Kernel[1] {
			z, y := z0+kz*g.Dilation[0], y0+ky*g.Dilation[1]
			if z >= 0 && z < g.In[0] && y >= 0 && y < g.In[1] {
				Max(tall, plane[(z*g.In[1]+y)*g.In[2]:], tall)
			}
		}
	}
}

// maxAlong writes the greatest elements of a row's windows.
func (g *Window) maxAlong(out, row []float32) {
	for i := range out {
		out[i] = -math.MaxFloat32
	}
	for k := range g.Kernel[2] {
		offset := k*g.Dilation[2] - g.Pad[2] // output x reads element x*stride + offset
		first := max(0, (-offset+g.Stride[2]-1)/g.Stride[2])
		last := min(len(out), (len(row)-offset+g.Stride[2]-1)/g.Stride[2])
		if offset >= len(row) || first >= last {
			continue
		}
		if g.Stride[2] == 1 {
			Max(out[first:last], row[first+offset:], out[first:last])
			continue
		}
		if g.Stride[2] == 2 {
			maxByTwo(out[first:last], row[2*first+offset:])
			continue
		}
		for x := first; x < last; x++ {
			out[x] = max(out[x], row[x*g.Stride[2]+offset])
		}
	}
}
