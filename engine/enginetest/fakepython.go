package enginetest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"halfway/engine/tensor"
)

// The model that FakePython runs is a chain of matrix products, m0, m1, ..., of which one is wrong when it is enforced.
const (
	FakeNodes   = 12
	FakeCulprit = 6
)

// The variables that say what FakePython does wrong.
const (
	FaultVariable = "HALFWAY_TEST_FAULT" // what goes wrong, see faults
	RunsVariable  = "HALFWAY_TEST_RUNS"  // in which of all runs of all workers, counted from 1: "3,7"; "" for each
	StateVariable = "HALFWAY_TEST_STATE" // a folder: runs are counted there, and workers and their children leave their numbers
)

// FakePython stands for a Python interpreter with openvino or onnxruntime, whatever script it is given: it speaks as the script does, and fails as
// the variables say. A test's own binary becomes it.
func FakePython() {
	w := &fakeWorker{out: bufio.NewWriter(os.Stdout), state: os.Getenv(StateVariable), fault: os.Getenv(FaultVariable)}
	w.note("pids", os.Getpid())
	if w.fault == "no greeting" {
		os.Exit(3)
	}
	w.answer(map[string]any{"version": "2026.4.1-fake"})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		w.request = fakeRequest{}
		if err := json.Unmarshal(lines.Bytes(), &w.request); err != nil {
			panic(err)
		}
		w.serve()
	}
}

type fakeWorker struct {
	out          *bufio.Writer
	state, fault string
	request      fakeRequest
}

type fakeRequest struct {
	ID                      int
	Op, Model, Folder, Hint string
	Kept                    []int
	Inferences              [][]string
}

// note adds a number to a file of the state, and returns how many there are.
func (w *fakeWorker) note(file string, n int) int {
	f, err := os.OpenFile(filepath.Join(w.state, file), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Fprintln(f, n)
	all, _ := os.ReadFile(f.Name())
	return bytes.Count(all, []byte("\n"))
}

func (w *fakeWorker) answer(a map[string]any) {
	if a["id"] == nil {
		a["id"] = w.request.ID
	}
	line, err := json.Marshal(a)
	if err != nil {
		panic(err)
	}
	_, _ = w.out.Write(append(line, '\n'))
	_ = w.out.Flush()
}

func (w *fakeWorker) serve() {
	r := w.request
	switch r.Op {
	case "read":
		square := []int{2, 2}
		w.answer(map[string]any{"inputs": []any{map[string]any{"names": []string{"x"}, "type": "f32", "shape": square},
			map[string]any{"names": []string{"w"}, "type": "f32", "shape": square}}, "outputs": [][]string{{"y"}}})
	case "compile":
		for name, content := range map[string]string{"graph.xml": FakeIR(), "model.blob": "no constants"} {
			if err := os.WriteFile(filepath.Join(r.Folder, name), []byte(content), 0o600); err != nil {
				w.answer(map[string]any{"error": "OSError: " + err.Error()})
				return
			}
		}
		w.answer(map[string]any{"hint": "bf16", "constants": []int{0, 0}})
	case "load":
		w.answer(map[string]any{})
	case "run":
		w.run()
	}
}

// run answers with an output that is wrong where the culprit is enforced, or does what it was told to do wrong.
func (w *fakeWorker) run() {
	r := w.request
	y := []float32{1, 2, 3, 4}
	if w.enforced() {
		y = []float32{1, 2, 3, 40}
	}
	fault := ""
	if len(r.Inferences) > 0 {
		runs, n := os.Getenv(RunsVariable), w.note("runs", 0)
		if runs == "" || slices.Contains(strings.Split(runs, ","), strconv.Itoa(n)) {
			fault = w.fault
		}
	}
	a := map[string]any{"outputs": w.save(y), "nodes": w.nodes()}
	if f := faults[fault]; f != nil {
		f(w, a)
	}
	w.answer(a)
	if fault == "die afterwards" {
		die()
	}
}

// enforced reports whether the culprit is: in OpenVINO unless it is kept, in ONNX Runtime where what it makes or reads is rounded.
func (w *fakeWorker) enforced() bool {
	if w.request.Model == "" {
		return w.request.Hint == "bf16" && !slices.Contains(w.request.Kept, FakeCulprit)
	}
	model, err := os.ReadFile(w.request.Model)
	if err != nil {
		panic(err)
	}
	return bytes.Contains(model, fmt.Appendf(nil, "m%d/", FakeCulprit-1))
}

// save writes the outputs, as numpy does: an error that the disk makes is the answer.
func (w *fakeWorker) save(y []float32) [][]string {
	var outputs [][]string
	for i := range w.request.Inferences {
		path := filepath.Join(w.request.Folder, fmt.Sprintf("%d.npy", i))
		var b bytes.Buffer
		err := tensor.WriteNPY(&b, tensor.Of(tensor.F32, y, 2, 2))
		if w.fault == "large outputs" {
			b.Write(make([]byte, 1<<20))
		}
		if err == nil {
			err = os.WriteFile(path, b.Bytes(), 0o600)
		}
		if err != nil {
			w.answer(map[string]any{"error": "OSError: " + err.Error()})
			return nil
		}
		outputs = append(outputs, []string{path, "f32"})
	}
	return outputs
}

// nodes is the execution graph.
func (w *fakeWorker) nodes() [][]any {
	rows := [][]any{}
	for i := range FakeNodes {
		precision := "bf16"
		if w.request.Hint == "f32" || slices.Contains(w.request.Kept, i) {
			precision = "f32"
		}
		rows = append(rows, []any{fmt.Sprintf("m%d", i), "MatMul", precision, []string{precision}})
	}
	return rows
}

// FakeIR is the model as an IR, which has no constants.
func FakeIR() string {
	const dims = "<dim>2</dim><dim>2</dim>"
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><net name="fake" version="11"><layers>`)
	for i, name := range []string{"x", "w"} {
		fmt.Fprintf(&b, `<layer id="%d" name="%s" type="Parameter" version="opset1"><data shape="2,2" element_type="f32"/>`+
			`<output><port id="0" precision="FP32" names="%s">%s</port></output></layer>`, i, name, name, dims)
	}
	edges, last := "", `from-layer="0" from-port="0"`
	for i := range FakeNodes {
		fmt.Fprintf(&b, `<layer id="%d" name="m%d" type="MatMul" version="opset1"><data transpose_a="false" transpose_b="false"/>`+
			`<input><port id="0">%s</port><port id="1">%s</port></input><output><port id="2" precision="FP32">%s</port></output></layer>`, i+2, i, dims, dims, dims)
		edges += fmt.Sprintf(`<edge %s to-layer="%d" to-port="0"/><edge from-layer="1" from-port="0" to-layer="%d" to-port="1"/>`, last, i+2, i+2)
		last = fmt.Sprintf(`from-layer="%d" from-port="2"`, i+2)
	}
	fmt.Fprintf(&b, `<layer id="%d" name="y" type="Result" version="opset1"><input><port id="0">%s</port></input></layer></layers><edges>%s<edge %s to-layer="%d" `+
		`to-port="0"/></edges></net>`, FakeNodes+2, dims, edges, last, FakeNodes+2)
	return b.String()
}

func die() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill()
	}
	select {}
}

// faults are what may go wrong in a run; each is told the answer that would be right.
var faults = map[string]func(w *fakeWorker, a map[string]any){
	"die at once": func(w *fakeWorker, _ map[string]any) {
		_ = os.Remove(filepath.Join(w.request.Folder, "0.npy"))
		die()
	},
	"die with arrays written": func(*fakeWorker, map[string]any) { die() },
	"die within the answer": func(w *fakeWorker, _ map[string]any) {
		fmt.Fprint(os.Stdout, `{"id": 7, "outputs": [["`)
		die()
	},
	"die with last words": func(*fakeWorker, map[string]any) {
		fmt.Fprintln(os.Stderr, "Fatal Python error: Segmentation fault")
		os.Exit(134)
	},
	"exit": func(*fakeWorker, map[string]any) { os.Exit(0) },
	"hang": func(w *fakeWorker, _ map[string]any) {
		child := exec.Command("sleep", "1000")
		if child.Start() == nil {
			w.note("pids", child.Process.Pid)
		}
		time.Sleep(time.Hour)
	},
	"endless line":      func(*fakeWorker, map[string]any) { flood(strings.Repeat("x", 1<<16)) },
	"endless lines":     func(*fakeWorker, map[string]any) { flood(strings.Repeat("warning: x\n", 1<<12)) },
	"one line too many": func(*fakeWorker, map[string]any) { fmt.Println("Downloading: 100 %") },
	"64 MiB of errors": func(*fakeWorker, map[string]any) {
		for range 1 << 10 {
			fmt.Fprint(os.Stderr, strings.Repeat("warning\n", 1<<13))
		}
	},
	"half of an array":    func(w *fakeWorker, _ map[string]any) { w.rewrite(func(b []byte) []byte { return b[:len(b)-6] }) },
	"half of a header":    func(w *fakeWorker, _ map[string]any) { w.rewrite(func(b []byte) []byte { return b[:40] }) },
	"an empty file":       func(w *fakeWorker, _ map[string]any) { w.rewrite(func([]byte) []byte { return nil }) },
	"no file":             func(w *fakeWorker, _ map[string]any) { _ = os.Remove(filepath.Join(w.request.Folder, "0.npy")) },
	"another rank":        func(w *fakeWorker, _ map[string]any) { w.replace(tensor.Of(tensor.F32, []float32{1, 2, 3, 4}, 4)) },
	"another type":        func(w *fakeWorker, _ map[string]any) { w.replace(tensor.New(tensor.I64, 2, 2)) },
	"an output less":      func(_ *fakeWorker, a map[string]any) { a["outputs"] = [][]string{} },
	"an output more":      func(_ *fakeWorker, a map[string]any) { o := a["outputs"].([][]string); a["outputs"] = append(o, o...) },
	"a file elsewhere":    func(_ *fakeWorker, a map[string]any) { a["outputs"] = [][]string{{"/etc/hostname", "f32"}} },
	"another answer":      func(_ *fakeWorker, a map[string]any) { a["id"] = -1 },
	"outputs of no shape": func(_ *fakeWorker, a map[string]any) { a["outputs"] = 3 },
	"null":                func(*fakeWorker, map[string]any) { fmt.Println("null") },
	"an exception":        func(_ *fakeWorker, a map[string]any) { a["error"] = "RuntimeError: could not create a primitive" },
}

// flood prints for ever.
func flood(text string) {
	for {
		if _, err := os.Stdout.WriteString(text); err != nil {
			os.Exit(1)
		}
	}
}

// rewrite changes the file of the first output.
func (w *fakeWorker) rewrite(change func([]byte) []byte) {
	path := filepath.Join(w.request.Folder, "0.npy")
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, change(b), 0o600)
	}
	if err != nil {
		panic(err)
	}
}

func (w *fakeWorker) replace(t *tensor.Tensor) {
	w.rewrite(func([]byte) []byte {
		var b bytes.Buffer
		if err := tensor.WriteNPY(&b, t); err != nil {
			panic(err)
		}
		return b.Bytes()
	})
}
