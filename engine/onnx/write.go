package onnx

import (
	"encoding/binary"
	"math"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/tensor"
)

// A writer writes a node of a graph with one f32 result in ONNX operators that all opsets from 7 on have, and returns the name of the result. In are
// its operands, "" for those that are no f32 values. It reports false for what it cannot write.
type writer func(w *cellWriter, n *graph.Node, in []string) (string, bool)

// writers are all writers, by operation, with the operators of the file that compute the same; movers compute nothing.
var writers = map[string]struct {
	write writer
	own   []string
}{
	"Convolution":                  {convolution("Conv"), []string{"Conv"}},
	"GroupConvolution":             {convolution("Conv"), []string{"Conv"}},
	"ConvolutionBackpropData":      {convolution("ConvTranspose"), []string{"ConvTranspose"}},
	"GroupConvolutionBackpropData": {convolution("ConvTranspose"), []string{"ConvTranspose"}},
	"MatMul":                       {matMul, []string{"MatMul", "Gemm"}},
	"FullyConnected":               {fullyConnected, []string{"MatMul", "Gemm"}},
	"Add":                          {sameOperator("Add"), []string{"Add"}},
	"Subtract":                     {sameOperator("Sub"), []string{"Sub"}},
	"Multiply":                     {sameOperator("Mul"), []string{"Mul"}},
	"Divide":                       {sameOperator("Div"), []string{"Div"}},
	"Power":                        {sameOperator("Pow"), []string{"Pow"}},
	"Relu":                         {sameOperator("Relu"), []string{"Relu"}},
	"Sigmoid":                      {sameOperator("Sigmoid"), []string{"Sigmoid"}},
	"Tanh":                         {sameOperator("Tanh"), []string{"Tanh"}},
	"Sqrt":                         {sameOperator("Sqrt"), []string{"Sqrt"}},
	"Exp":                          {sameOperator("Exp"), []string{"Exp"}},
	"Abs":                          {sameOperator("Abs"), []string{"Abs"}},
	"Negative":                     {sameOperator("Neg"), []string{"Neg"}},
	"PowerStatic":                  {powerStatic, nil},
	"LeakyRelu":                    {slopedRelu, []string{"LeakyRelu", "PRelu"}},
	"HSwish":                       {hardSwish, []string{"HardSwish"}},
	"Clamp":                        {clampTo, []string{"Clip"}},
	"Softmax":                      {softmaxLast, []string{"Softmax"}},
	"Maximum":                      {extreme("Max"), []string{"Max"}},
	"Minimum":                      {extreme("Min"), []string{"Min"}},
	"Broadcast":                    {expansion, nil},
	"Transpose":                    {transposition, nil},
	"Reshape":                      {reshaping, nil},
	"Squeeze":                      {reshaping, nil},
	"Unsqueeze":                    {reshaping, nil},
	"Concat":                       {concatenation, nil},
}

// A cellWriter writes the nodes of one cell.
type cellWriter struct {
	*graphRewriter
	out []byte
}

// cell appends c. It reports false where a node cannot be written.
func (w *graphRewriter) cell(out []byte, c *cell) ([]byte, bool) {
	cw := &cellWriter{w, out}
	result := ""
	for _, r := range c.nodes {
		value, ok := cw.write(r)
		if !ok {
			return nil, false
		}
		result = value
	}
	for _, name := range c.names {
		cw.out = appendNode(cw.out, "Identity", []string{result}, []string{name})
	}
	return cw.out, true
}

// write writes one node, unless another cell did.
func (w *cellWriter) write(r *Rounding) (string, bool) {
	if name, ok := w.made[r.Node]; ok {
		return name, true
	}
	in := make([]string, len(r.Node.In))
	for i, port := range r.Node.In {
		if port.Type() != tensor.F32 {
			continue
		}
		ok := false
		if in[i], ok = w.operand(r.Node, i); !ok {
			return "", false
		}
		if w.holds(r.In[i]) {
			w.out, in[i] = w.round(w.out, in[i])
		}
	}
	result, ok := writers[r.Node.Op].write(w, r.Node, in)
	if !ok {
		return "", false
	}
	if w.holds(r.Out[0]) {
		w.out, result = w.round(w.out, result)
	}
	w.made[r.Node] = result
	return result, true
}

// operand is the name of input i of n.
func (w *cellWriter) operand(n *graph.Node, i int) (string, bool) {
	port := n.In[i]
	if name, ok := w.made[port.Node]; ok {
		return name, true
	}
	if port.Node.Op == "Constant" {
		shape, ok := writtenShape(n, i)
		if !ok {
			return "", false
		}
		return w.constant(port.Node, shape)
	}
	names := w.valuesOf(port)
	if len(names) == 0 {
		return "", false
	}
	return names[0], true
}

// valuesOf are the file's names of what is at port.
func (w *graphRewriter) valuesOf(port graph.Port) []string {
	var names []string
	for _, name := range port.Node.Out[port.Out].Names {
		if w.known(name) {
			names = append(names, name)
		}
	}
	return names
}

// known reports whether the file has a value of that name in this graph.
func (w *graphRewriter) known(name string) bool {
	if w.own == nil {
		w.own = map[string]bool{}
		for _, v := range w.graph.inputs {
			w.own[v.name] = true
		}
		for _, n := range w.graph.nodes {
			for _, value := range n.outputs {
				w.own[value] = true
			}
		}
	}
	return w.own[name]
}

// writtenShape is the shape in which the operators have constant operand i of n: a grouped convolution's weights have no axis of groups.
func writtenShape(n *graph.Node, i int) ([]int, bool) {
	shape := n.In[i].Node.Value.Shape
	if i != 1 || n.Op != "GroupConvolution" && n.Op != "GroupConvolutionBackpropData" {
		return shape, true
	}
	if len(shape) < 3 {
		return nil, false
	}
	return append([]int{shape[0] * shape[1]}, shape[2:]...), true
}

// constant is the name of an f32 constant in the given shape, which is written if it is not there yet.
func (w *cellWriter) constant(n *graph.Node, shape []int) (string, bool) {
	if name, ok := w.made[n]; ok {
		return name, true
	}
	f := w.places.fixed.of(n)
	if f == nil {
		return "", false
	}
	name := f.name
	switch {
	case f.elements != nil:
		name = w.fresh("constant")
		raw := make([]byte, 0, 4*len(f.elements))
		for _, v := range f.elements {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		w.initializer(name, f32Code, shape, raw)
	case f.transposed:
		name = w.op("Transpose", []string{name}, attribute{"perm", []int{1, 0}})
		if !slices.Equal(shape, []int{f.dims[1], f.dims[0]}) {
			name = w.reshape(name, shape)
		}
	case !slices.Equal(shape, f.dims):
		name = w.reshape(name, shape)
	}
	w.made[n] = name
	return name, true
}

// op adds a node and returns the name of its result.
func (w *cellWriter) op(operator string, in []string, attrs ...attribute) string {
	name := w.fresh(operator)
	w.out = appendNode(w.out, operator, in, []string{name}, attrs...)
	return name
}

func (w *cellWriter) reshape(name string, shape []int) string {
	return w.op("Reshape", []string{name, w.shape(shape)})
}

// shape is the name of a constant that holds a shape.
func (w *cellWriter) shape(shape []int) string {
	var raw []byte
	for _, d := range shape {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(d))
	}
	name := w.fresh("shape")
	w.initializer(name, i64Code, []int{len(shape)}, raw)
	return name
}

// number is the name of a constant scalar.
func (w *cellWriter) number(v float64) string {
	return w.scalar(float32(v), f32Code, binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(v))))
}

// static is the shape of a port, when all of it is known.
func static(p graph.Port) ([]int, bool) {
	shape := p.Node.Out[p.Out].Shape
	return shape, shape != nil && !slices.ContainsFunc(shape, func(d int) bool { return d < 0 })
}

// constantInts are the elements of an integer constant.
func constantInts(p graph.Port) ([]int, bool) {
	if p.Node.Op != "Constant" {
		return nil, false
	}
	t, err := p.Node.Value.Decode()
	if err != nil {
		return nil, false
	}
	var list []int
	switch d := t.Any().(type) {
	case []int64:
		for _, v := range d {
			list = append(list, int(v))
		}
	case []int32:
		for _, v := range d {
			list = append(list, int(v))
		}
	default:
		return nil, false
	}
	return list, true
}
