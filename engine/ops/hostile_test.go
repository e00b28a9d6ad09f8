package ops_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/ops"
	"halfway/engine/tensor"
)

// TestHostileInputs changes the inputs of every node in testdata: their number, types, shapes and values. Whatever
// Infer accepts must evaluate or fail with an error; nothing may panic.
func TestHostileInputs(t *testing.T) {
	eachNode(t, func(e *evaluator, n *graph.Node, seed uint64) {
		args := argsOf(t, e, n)
		op, err := ops.Bind(n)
		if err != nil {
			t.Fatal(err)
		}
		if !attack(t, n, op, args) {
			t.Errorf("%s: its own inputs were refused", n.Name)
		}
		r := rand.New(rand.NewPCG(seed, 1))
		for range 100 {
			attack(t, n, op, hostile(r, args))
		}
	})
}

// TestHostileAttributes gives every attribute of every node in testdata values that it should not have, and takes it away. Binding fails, or the
// node's own inputs are refused or evaluated; nothing may panic.
func TestHostileAttributes(t *testing.T) {
	values := []string{"", "x", "-1", "0", "2", "7", "-9223372036854775808", "9223372036854775807", "1e400", "nan", "0,0,0", "-1,3", "1,,2", "i4", "f64"}
	eachNode(t, func(e *evaluator, n *graph.Node, _ uint64) {
		args := argsOf(t, e, n)
		for name := range n.Attrs {
			changed := *n
			changed.Attrs = maps.Clone(n.Attrs)
			for _, v := range values {
				changed.Attrs[name] = v
				if op, err := ops.Bind(&changed); err == nil {
					attack(t, &changed, op, args)
				}
			}
			delete(changed.Attrs, name)
			if op, err := ops.Bind(&changed); err == nil {
				attack(t, &changed, op, args)
			}
		}
	})
}

// TestHostileSizes gives several numbers in the attributes of every node in testdata large values at once, such as pads and strides: what is small
// in the end may be large in between.
func TestHostileSizes(t *testing.T) {
	number := regexp.MustCompile(`-?\d+`)
	eachNode(t, func(e *evaluator, n *graph.Node, seed uint64) {
		args := argsOf(t, e, n)
		r := rand.New(rand.NewPCG(seed, 2))
		for range 40 {
			changed := *n
			changed.Attrs = maps.Clone(n.Attrs)
			large := []string{"3", "40", "1000", "5000", "100000", "3000000", "1000000000"}[r.IntN(7)]
			for _, name := range slices.Sorted(maps.Keys(n.Attrs)) {
				changed.Attrs[name] = number.ReplaceAllStringFunc(n.Attrs[name], func(v string) string {
					if r.IntN(2) == 0 {
						return v
					}
					return large
				})
			}
			if op, err := ops.Bind(&changed); err == nil {
				attack(t, &changed, op, args)
			}
		}
	})
}

// eachNode calls f for the nodes in testdata.
func eachNode(t *testing.T, f func(e *evaluator, n *graph.Node, seed uint64)) {
	for _, folder := range []string{"elementwise", "internal", "matmul_conv", "movement", "sums", "vision"} {
		models, err := filepath.Glob("testdata/" + folder + "/*.xml")
		if err != nil || len(models) == 0 {
			t.Fatalf("no models in testdata/%s: %v", folder, err)
		}
		for _, path := range models {
			g, e, _ := load(t, path)
			for i, result := range g.Results {
				f(e, result.In[0].Node, uint64(i))
			}
		}
	}
}

// argsOf is what is known of n's inputs when they are there.
func argsOf(t *testing.T, e *evaluator, n *graph.Node) []ops.Arg {
	args := make([]ops.Arg, len(n.In))
	for i, p := range n.In {
		out, err := e.evaluate(p.Node)
		if err != nil {
			t.Fatal(err)
		}
		args[i] = ops.Arg{Type: out[p.Out].Type, Shape: out[p.Out].Shape, Value: out[p.Out]}
	}
	return args
}

// TestInferBeforeRunning asks for types and shapes when the first input, or all values, or all shapes too are not known yet: what is returned must
// not differ from what it is in the end.
func TestInferBeforeRunning(t *testing.T) {
	eachNode(t, func(e *evaluator, n *graph.Node, _ uint64) {
		all := argsOf(t, e, n)
		final, err := e.evaluate(n)
		if err != nil {
			t.Fatal(err)
		}
		op, err := ops.Bind(n)
		if err != nil {
			t.Fatal(err)
		}
		for _, forget := range []func(i int, a *ops.Arg){
			func(i int, a *ops.Arg) {
				if i == 0 {
					a.Value, a.Shape = nil, nil
				}
			},
			func(_ int, a *ops.Arg) { a.Value = nil },
			func(_ int, a *ops.Arg) { a.Value, a.Shape = nil, nil },
		} {
			args := slices.Clone(all)
			for i := range args {
				forget(i, &args[i])
			}
			specs, err := op.Infer(args)
			if err != nil {
				t.Errorf("%s: %v", n.Name, err)
				continue
			}
			for o, f := range final {
				if s := specs[o]; s.Type != f.Type || s.Shape != nil && !slices.Equal(s.Shape, f.Shape) {
					t.Errorf("%s: output %d is %s%v before and %s%v in the end", n.Name, o, s.Type, s.Shape, f.Type, f.Shape)
				}
			}
		}
	})
}

// hostile changes one or two of args.
func hostile(r *rand.Rand, args []ops.Arg) []ops.Arg {
	args = slices.Clone(args)
	for range 1 + r.IntN(2) {
		if len(args) == 0 {
			break
		}
		i := r.IntN(len(args))
		switch a := &args[i]; r.IntN(8) {
		case 0:
			args = slices.Delete(args, i, i+1)
		case 1:
			args = append(args, *a)
		case 2:
			a.Value = nil
		case 3:
			a.Value, a.Shape = nil, nil
		case 4:
			*a = hostileArg(r, i, tensor.I64)
		case 5:
			*a = hostileArg(r, 1, a.Type)
		default:
			if a.Value != nil && a.Value.Len() > 0 {
				a.Value = a.Value.Clone()
				for range 1 + r.IntN(2) {
					spoil(r, a.Value, r.IntN(a.Value.Len()))
				}
			}
		}
	}
	return args
}

// spoil gives element i of t a value that it should not have.
func spoil(r *rand.Rand, t *tensor.Tensor, i int) {
	v := []int64{math.MinInt64, math.MaxInt64, math.MinInt32, math.MaxInt32, 1 << 40, 1 << 20, -1, 0, 1, 2, 3, -3}[r.IntN(12)]
	switch d := t.Any().(type) {
	case []float32:
		d[i] = []float32{float32(v), float32(math.NaN()), float32(math.Inf(-1))}[r.IntN(3)]
	case []int64:
		d[i] = v
	case []int32:
		d[i] = int32(v)
	case []uint64:
		d[i] = uint64(v)
	}
}

// attack reports whether op evaluated args.
func attack(t *testing.T, n *graph.Node, op ops.Op, args []ops.Arg) bool {
	defer func() {
		if p := recover(); p != nil {
			var list []string
			for _, a := range args {
				v := any(nil)
				if a.Value != nil {
					v = a.Value.Any()
				}
				list = append(list, fmt.Sprintf("%s%v=%v", a.Type, a.Shape, v))
			}
			t.Errorf("%s %v: panic: %v\ninputs %s", n.Name, n.Attrs, p, strings.Join(list, ", "))
		}
	}()
	specs, err := op.Infer(args)
	if err != nil {
		return false
	}
	out := make([]*tensor.Tensor, len(specs))
	for o, s := range specs {
		if s.Shape == nil {
			continue
		}
		if elements, err := tensor.Elements(s.Shape); err != nil || elements > 1<<16 {
			return false
		}
		out[o] = tensor.New(s.Type, s.Shape...)
	}
	operands := make([]ops.Operand, len(args))
	for i, a := range args {
		if a.Value == nil {
			return false
		}
		operands[i].Tensor = a.Value
	}
	if _, ok := op.(ops.Viewer); ok && out[0].Len() != operands[0].Len() {
		t.Errorf("%s: a view of %v has shape %v", n.Name, operands[0].Shape, out[0].Shape)
	}
	w := kernel.NewWorkers(2)
	defer w.Close()
	scratch := ops.ScratchOf(op, args, specs, 2)
	if scratch < 0 || scratch > 1<<24 {
		return false
	}
	if c, ok := op.(ops.Counter); ok && c.MACs(args, specs) > 1<<22 {
		return false
	}
	before := allocated()
	err = op.Eval(w, operands, out)
	checkScratch(t, n, args, out, scratch, allocated()-before)
	return err == nil
}

// checkScratch holds what an evaluation allocated against what the operation says that it needs beside inputs and outputs.
func checkScratch(t *testing.T, n *graph.Node, args []ops.Arg, out []*tensor.Tensor, scratch int64, took uint64) {
	room := scratch + 2<<20
	var list []string
	for _, a := range args {
		room += 16 * a.Value.Bytes()
		list = append(list, fmt.Sprintf("%s%v", a.Type, a.Shape))
	}
	for _, o := range out {
		if o != nil {
			room += 16 * o.Bytes()
		}
	}
	if int64(took) > room {
		t.Errorf("%s %v: %d bytes were allocated, of %d\ninputs %s", n.Name, n.Attrs, took, room, strings.Join(list, ", "))
	}
}

// allocated is the number of bytes that the process has allocated so far.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// hostileArg makes input i: the first mostly data, the others mostly of type index.
func hostileArg(r *rand.Rand, i int, index tensor.DType) ops.Arg {
	shapes := [][]int{nil, {}, {0}, {1}, {1}, {2}, {2}, {3}, {3}, {2, 3}, {2, 2}, {3, 3}, {1, 2}, {2, 0, 3}, {2, 3, 2}, {2, 2, 2}, {2, 4, 2, 2},
		{4, 2, 2, 2}, {1 << 30, 1 << 30, 1 << 30}, {math.MaxInt64, 2}, {0, math.MaxInt64, math.MaxInt64}, {1 << 38}}
	types := []tensor.DType{tensor.F32, index, index, index, tensor.Bool, tensor.F16, tensor.U8, tensor.U64, tensor.F64}
	if i == 0 {
		types = append(types, tensor.F32, tensor.F32, tensor.F32, tensor.F32)
	}
	a := ops.Arg{Type: types[r.IntN(len(types))], Shape: shapes[r.IntN(len(shapes))]}
	if i > 0 && r.IntN(2) == 0 {
		a.Shape = []int{[]int{1, 1, 2, 3, 4}[r.IntN(5)]}
	}
	elements, err := tensor.Elements(a.Shape)
	if a.Shape == nil || err != nil || elements > 64 || elements == 0 && len(a.Shape) > 3 || r.IntN(8) == 0 {
		return a
	}
	a.Value = tensor.New(a.Type, a.Shape...)
	extreme := r.IntN(3) == 0
	value := func() int64 {
		if extreme {
			return []int64{math.MinInt64, math.MaxInt64, math.MinInt32, math.MaxInt32, 1 << 20, -1, 0, 1, 2}[r.IntN(9)]
		}
		return int64(r.IntN(4)) - int64(r.IntN(5)/4)
	}
	switch d := a.Value.Any().(type) {
	case []float32:
		for i := range d {
			d[i] = float32(value())
		}
	case []float64:
		for i := range d {
			d[i] = []float64{math.NaN(), math.Inf(1), float64(value())}[r.IntN(3)]
		}
	case []int64:
		for i := range d {
			d[i] = value()
		}
	case []int32:
		for i := range d {
			d[i] = int32(value())
		}
	case []uint64:
		for i := range d {
			d[i] = uint64(value())
		}
	case []uint8:
		for i := range d {
			d[i] = uint8(value())
		}
	case []bool:
		for i := range d {
			d[i] = r.IntN(2) == 0
		}
	}
	return a
}

// FuzzEinsum reads equations from outside: each is refused with an error, or evaluated.
func FuzzEinsum(f *testing.F) {
	for _, s := range []string{"ij,jk->ik", "...i,i...->...", "ii", "i,i", "->", ",", "a->aa", "a......->a", "A\x00\x00", "\x00,\xff"} {
		f.Add(s, uint8(2), uint8(1))
	}
	f.Fuzz(func(t *testing.T, equation string, rank0, rank1 uint8) {
		n := &graph.Node{Op: "Einsum", Opset: "opset7", Attrs: graph.Attrs{"equation": equation}, Out: make([]graph.Output, 1)}
		op, err := ops.Bind(n)
		if err != nil {
			return
		}
		var args []ops.Arg
		for _, rank := range []uint8{rank0 % 6, rank1 % 6} {
			v := tensor.New(tensor.F32, slices.Repeat([]int{2}, int(rank))...)
			args = append(args, ops.Arg{Type: v.Type, Shape: v.Shape, Value: v})
		}
		attack(t, n, op, args)
		attack(t, n, op, args[:1])
	})
}
