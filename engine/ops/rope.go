package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// rope is the plugin's internal RoPE, a rotary position embedding (Su et al., 2021). Of the last axis of input 0, or of its elements slice_start
// to slice_stop, it rotates the first rotary_ndims by pairs and copies the rest.
//
//   - Halves, elements i and i + rotary_ndims/2 are a pair: input 0 is [batch, heads, positions, size], or with input_trans0213 [batch,
//     positions, heads, size]; inputs 1 and 2 are cosines and sines, aligned at the last axes, axes of 1 are broadcast; the input that
//     gather_position_arg_id names, when that is not 0, gives the row of them for each position. The output is [batch, heads, positions, size].
//   - Interleaved, elements 2i and 2i + 1 are a pair: input 0 is [batch, positions, heads, size], input 1 is [batch, positions, sines and then
//     cosines]. The output has the axes of input 0, or with output_trans0213 the middle ones exchanged.
//
// Source: src/plugins/intel_cpu/src/nodes/rope.cpp of OpenVINO. The forms for ChatGLM, Qwen and LTX Video are not supported.
type rope struct {
	start, stop, rotary int
	interleaved         bool
	positionsFirst      bool // in input 0: positions before heads
	positionsFirstOut   bool
	gather              int
}

// ropeForms are the attributes that ask for forms that are not supported.
var ropeForms = []string{"is_chatglm", "is_qwen", "is_ltx_video", "support_2d_rope", "support_3d_rope", "use_rope_cache"}

func init() { register("RoPE", newRoPE) }

func newRoPE(n *graph.Node) (Op, error) {
	d := n.Attrs.Decode()
	for _, form := range ropeForms {
		if d.Bool("config."+form, false) {
			return nil, fmt.Errorf("the form config.%s is not supported", form)
		}
	}
	d.Required("config.rotary_ndims")
	r := &rope{start: d.Int("config.slice_start", 0), stop: d.Int("config.slice_stop", 0), rotary: d.Int("config.rotary_ndims", 0),
		interleaved: d.Bool("config.is_interleaved", false), gather: d.Int("config.gather_position_arg_id", 0)}
	r.positionsFirst = r.interleaved || d.Bool("config.input_trans0213", false)
	r.positionsFirstOut = r.interleaved && !d.Bool("config.output_trans0213", false)
	if !r.sliced() {
		r.start = 0
	}
	if d.Err() == nil && (r.rotary < 0 || r.rotary%2 != 0 || r.start < 0 || r.gather < 0 || r.gather > 0 && r.gather >= len(n.In)) {
		return nil, fmt.Errorf("attributes %v are out of range", n.Attrs)
	}
	return r, d.Err()
}

func (r *rope) Infer(in []Arg) ([]Spec, error) {
	tables := 2
	if r.interleaved {
		tables = 1
	}
	if err := wantInputs(in, 1+max(tables, r.gather), 4); err != nil {
		return nil, err
	}
	for i := range 1 + tables {
		if !in[i].Type.IsFloat() || in[i].Type == tensor.F64 {
			return nil, fmt.Errorf("input %d is %s, want f32, f16 or bf16", i, in[i].Type)
		}
	}
	if r.gather > 0 {
		if err := wantIntegers(in, r.gather); err != nil {
			return nil, err
		}
	}
	if !shapesKnown(in) {
		return []Spec{{in[0].Type, nil}}, nil
	}
	s, err := r.sizes(in)
	return []Spec{{in[0].Type, s.out}}, err
}

func (r *rope) sliced() bool { return r.stop > r.start }

// ropeSizes are the sizes of one evaluation.
type ropeSizes struct {
	batch, heads, positions int
	size, rest              int // of the last axis of input 0; of the output's
	tables                  [2]ropeTable
	out                     []int
}

func (r *rope) sizes(in []Arg) (s ropeSizes, err error) {
	x := in[0].Shape
	if len(x) != 4 && (len(x) != 3 || r.positionsFirst) {
		return s, fmt.Errorf("input 0 has shape %v, want four axes", x)
	}
	a := axes4(x)
	s.batch, s.heads, s.positions, s.size, s.rest = a[0], a[1], a[2], a[3], a[3]
	if r.positionsFirst {
		s.heads, s.positions = a[2], a[1]
	}
	if r.sliced() {
		s.rest = min(r.stop, s.size) - r.start
	}
	if r.stop > s.size || r.rotary > s.rest {
		return s, fmt.Errorf("slice %d to %d with rotary_ndims %d is outside of input 0, %v", r.start, r.stop, r.rotary, x)
	}
	s.out = []int{s.batch, s.heads, s.positions, s.rest}[4-len(x):]
	if r.positionsFirstOut {
		s.out[1], s.out[2] = s.positions, s.heads
	}
	return s, r.setTables(&s, in)
}

func (r *rope) setTables(s *ropeSizes, in []Arg) (err error) {
	if r.interleaved {
		t := in[1].Shape
		if err := wantRank(in, 1, 3); err != nil {
			return err
		}
		s.tables[0], err = r.table(s, 1, []int{t[0], 1, t[1], t[2]}, r.rotary)
		return err
	}
	for i := range s.tables {
		if s.tables[i], err = r.table(s, 1+i, in[1+i].Shape, r.rotary/2); err != nil {
			return err
		}
	}
	if n := s.tables[0][3]; n != s.tables[1][3] || n != r.rotary/2 && n < r.rotary {
		return fmt.Errorf("inputs 1 and 2 have shapes %v and %v, want %d or %d angles a row", in[1].Shape, in[2].Shape, r.rotary/2, r.rotary)
	}
	if r.gather > 0 {
		return r.checkGather(s, in[r.gather].Shape)
	}
	return nil
}

// checkGather: the rows are given for [batch, positions] or [batch, heads, positions, 1].
func (r *rope) checkGather(s *ropeSizes, shape []int) error {
	ok := false
	switch len(shape) {
	case 2:
		ok = fitsAxis(shape[0], s.batch) && fitsAxis(shape[1], s.positions)
	case 4:
		ok = fitsAxis(shape[0], s.batch) && fitsAxis(shape[1], s.heads) && fitsAxis(shape[2], s.positions) && shape[3] > 0
	}
	if !ok {
		return fmt.Errorf("input %d has shape %v, want a row for each of %d positions", r.gather, shape, s.positions)
	}
	return nil
}

func fitsAxis(have, want int) bool { return have == 1 || have == want }

// ropeTable is the axes of a table of cosines or sines: batch, heads, positions, elements.
type ropeTable [4]int

func (r *rope) table(s *ropeSizes, input int, shape []int, width int) (t ropeTable, err error) {
	if len(shape) >= 2 && len(shape) <= 4 {
		t = axes4(shape)
	}
	if !fitsAxis(t[0], s.batch) || !fitsAxis(t[1], s.heads) || r.gather == 0 && !fitsAxis(t[2], s.positions) || t[3] < width {
		return t, fmt.Errorf("input %d has shape %v, want a row of at least %d elements for each of %d positions", input, shape, width, s.positions)
	}
	return t, nil
}

// index is where the table's elements for a head at a position begin.
func (t ropeTable) index(b, h, p int) int {
	at := 0
	for i, v := range [3]int{b, h, p} {
		if t[i] == 1 {
			v = 0
		}
		at = at*t[i] + v
	}
	return at * t[3]
}

// row is the part of the table's data for a head at a position.
func (t ropeTable) row(data []float32, b, h, p int) []float32 { return data[t.index(b, h, p):][:t[3]] }

// axes4 puts axes of 1 before a shape of up to four.
func axes4(shape []int) [4]int {
	a := [4]int{1, 1, 1, 1}
	copy(a[4-len(shape):], shape)
	return a
}

func (r *rope) MACs(_ []Arg, out []Spec) int64 { return 2 * int64(product(out[0].Shape)) }

func (r *rope) Eval(w *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	s, err := r.sizes(argsOf(in))
	if err != nil {
		return err
	}
	rows, err := r.rows(&s, in)
	if err != nil {
		return err
	}
	src, dst := in[0].F32s(), out[0].F32s()
	w.For(s.batch*s.heads*s.positions, max(1, cheapGrain/max(s.rest, 1)), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			b, h, p := i/s.positions/s.heads, i/s.positions%s.heads, i%s.positions
			from, to := i, i
			swapped := (b*s.positions+p)*s.heads + h
			if r.positionsFirst {
				from = swapped
			}
			if r.positionsFirstOut {
				to = swapped
			}
			y := dst[to*s.rest : (to+1)*s.rest]
			copy(y, src[from*s.size+r.start:])
			r.rotate(y[:r.rotary], &s, in, b, h, rows(b, h, p))
			roundTo(out[0].Type, y)
		}
	})
	return nil
}

// rows returns the function from a position to its row in the tables.
func (r *rope) rows(s *ropeSizes, in []Operand) (func(b, h, p int) int, error) {
	if r.gather == 0 {
		return func(_, _, p int) int { return p }, nil
	}
	list, shape := intValues(in[r.gather].Tensor), in[r.gather].Shape
	for _, v := range list {
		for _, t := range s.tables {
			if v < 0 || v >= t[2] {
				return nil, fmt.Errorf("input %d names row %d of a table of %d", r.gather, v, t[2])
			}
		}
	}
	t := ropeTable{shape[0], 1, shape[1], 1}
	if len(shape) == 4 {
		t = ropeTable(shape)
	}
	return func(b, h, p int) int { return list[t.index(b, h, p)] }, nil
}

// rotate turns the pairs of x by the angles of a row.
func (r *rope) rotate(x []float32, s *ropeSizes, in []Operand, b, h, row int) {
	half := r.rotary / 2
	first := s.tables[0].row(in[1].F32s(), b, h, row)
	if r.interleaved {
		for i, sin := range first[:half] {
			x[2*i], x[2*i+1] = turn(x[2*i], x[2*i+1], first[half+i], sin, first[half+i], sin)
		}
		return
	}
	cos, sin := first, s.tables[1].row(in[2].F32s(), b, h, row)
	second := half // where the angles of the second half are: tables may hold one for each pair only
	if len(cos) == half {
		second = 0
	}
	for i := range half {
		x[i], x[i+half] = turn(x[i], x[i+half], cos[i], sin[i], cos[second+i], sin[second+i])
	}
}

func turn(x, y, cosX, sinX, cosY, sinY float32) (float32, float32) {
	return float32(cosX*x) - float32(sinX*y), float32(cosY*y) + float32(sinY*x)
}
