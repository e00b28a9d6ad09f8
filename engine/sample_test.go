package engine

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"halfway/engine/tensor"
)

// ids and mask are the inputs of the model that these tests load samples for.
var (
	ids  = Input{Name: "ids", Names: []string{"ids", "tokens"}, Type: tensor.I64, Shape: []int{1, -1}, Bound: 10}
	mask = Input{Name: "mask", Names: []string{"mask"}, Type: tensor.F32, Shape: []int{1, -1}, Mask: true}
)

func TestLoadSamples(t *testing.T) {
	dir := t.TempDir()
	writeNPY(t, dir+"/ids.npy", ints(1, 2, 3))
	writeNPY(t, dir+"/mask.npy", floats(1, 1, 0))
	writeNPZ(t, dir+"/both.npz", tensor.Named{Name: "mask", Tensor: floats(1, 1, 0)}, tensor.Named{Name: "tokens", Tensor: ints(1, 2, 3)})
	writeNPZ(t, dir+"/positions.npz", tensor.Named{Name: "input_1", Tensor: floats(1, 1, 0)}, tensor.Named{Name: "input_0", Tensor: ints(1, 2, 3)})
	writeNPY(t, dir+"/a,b.npy", ints(1, 2, 3))
	for _, test := range []struct{ name, spec, warning string }{
		{"an archive, by any name of an input", dir + "/both.npz", ""},
		{"an archive, by position", dir + "/positions.npz", `were taken as the model's inputs by position: "ids" i64[1 ?], "mask" f32[1 ?]`},
		{"an array for each input", "ids=" + dir + "/ids.npy,mask=" + dir + "/mask.npy", ""},
		{"in any order, by any name", "mask=" + dir + "/mask.npy,tokens=" + dir + "/ids.npy", ""},
		{"a path with a comma", "ids=" + dir + "/a,b.npy,mask=" + dir + "/mask.npy", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			samples, warnings, err := LoadSamples(test.spec, []Input{ids, mask})
			if err != nil {
				t.Fatal(err)
			}
			if len(samples) != 1 || !slices.Equal(tensor.Data[int64](samples[0].Inputs["ids"]), []int64{1, 2, 3}) ||
				!slices.Equal(tensor.Data[float32](samples[0].Inputs["mask"]), []float32{1, 1, 0}) || len(samples[0].SHA256) != 64 {
				t.Errorf("found %+v", samples)
			}
			if test.warning == "" && len(warnings) > 0 || !strings.Contains(strings.Join(warnings, "\n"), test.warning) {
				t.Errorf("warnings %q, want %q", warnings, test.warning)
			}
		})
	}
}

// A value is only converted when it stays what it is.
func TestLoadSamplesConverts(t *testing.T) {
	dir := t.TempDir()
	writeNPY(t, dir+"/whole.npy", floats(3, 7))
	writeNPY(t, dir+"/half.npy", floats(3, 7.5))
	samples, warnings, err := LoadSamples(dir+"/whole.npy", []Input{ids})
	if err != nil {
		t.Fatal(err)
	}
	if got := tensor.Data[int64](samples[0].Inputs["ids"]); !slices.Equal(got, []int64{3, 7}) {
		t.Errorf("converted to %v", got)
	}
	if want := []string{`input "ids" was converted from f32 to i64, which changes no value`}; !slices.Equal(warnings, want) {
		t.Errorf("warnings %q, want %q", warnings, want)
	}
	if _, _, err = LoadSamples(dir+"/half.npy", []Input{ids}); err == nil || !strings.Contains(err.Error(), "save it as i64") {
		t.Errorf("7.5 as i64: %v", err)
	}
}

func TestLoadSamplesFromFolders(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"/steps", "/other"} {
		if err := os.Mkdir(dir+sub, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	writeNPY(t, dir+"/b.npy", ints(2))
	writeNPY(t, dir+"/a.npy", ints(1))
	writeNPY(t, dir+"/steps/step-10.npy", ints(12))
	writeNPY(t, dir+"/steps/step-009.npy", ints(11))
	writeNPY(t, dir+"/steps/step-000.npy", ints(10, 10))
	if err := os.WriteFile(dir+"/notes.txt", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	samples, warnings, err := LoadSamples(dir, []Input{ids})
	if err != nil {
		t.Fatal(err)
	}
	var found [][]int64
	for _, s := range samples {
		var all []int64
		for _, inputs := range s.Inferences() {
			all = append(all, tensor.Data[int64](inputs["ids"])...)
		}
		found = append(found, all)
	}
	if want := [][]int64{{1}, {2}, {10, 10, 11, 12}}; !slices.EqualFunc(found, want, slices.Equal) {
		t.Errorf("samples %v, want %v", found, want)
	}
	if want := []string{"notes.txt is no .npz or .npy file", "other is no folder of steps"}; len(warnings) != 2 ||
		!strings.Contains(warnings[0], want[0]) || !strings.Contains(warnings[1], want[1]) {
		t.Errorf("warnings %q, want %q", warnings, want)
	}

	steps, _, err := LoadSamples(dir+"/steps", []Input{ids})
	if err != nil || len(steps) != 1 || len(steps[0].Then) != 2 || steps[0].SHA256 != samples[2].SHA256 {
		t.Errorf("the folder of steps itself: %+v, %v", steps, err)
	}
	writeNPY(t, dir+"/steps/step-9.npy", ints(1))
	if _, _, err := LoadSamples(dir+"/steps", []Input{ids}); err == nil || !strings.Contains(err.Error(), "the step 9 twice") {
		t.Errorf("a step given twice: %v", err)
	}
}

func TestBadSamplesAreErrors(t *testing.T) {
	dir := t.TempDir()
	writeNPY(t, dir+"/ids.npy", ints(1, 2, 3))
	writeNPZ(t, dir+"/one.npz", tensor.Named{Name: "ids", Tensor: ints(1)})
	writeNPZ(t, dir+"/typo.npz", tensor.Named{Name: "ids", Tensor: ints(1)}, tensor.Named{Name: "masc", Tensor: floats(1)})
	writeNPZ(t, dir+"/twice.npz", tensor.Named{Name: "ids", Tensor: ints(1)}, tensor.Named{Name: "tokens", Tensor: ints(1)})
	writeNPZ(t, dir+"/shape.npz", tensor.Named{Name: "ids", Tensor: tensor.New(tensor.I64, 2, 3)}, tensor.Named{Name: "mask", Tensor: floats(1)})
	if err := os.WriteFile(dir+"/text.npz", []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir+"/empty", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, spec, want string }{
		{"a missing file", dir + "/none.npz", "no such file"},
		{"an empty folder", dir + "/empty", "holds no .npz or .npy file"},
		{"another format", dir + "/text.npz", "neither an .npz archive nor an .npy array"},
		{"one array for two inputs", dir + "/ids.npy", "give an .npz, or NAME="},
		{"an input without an array", dir + "/one.npz", `input "mask" is missing`},
		{"a misspelled name", dir + "/typo.npz", `no input is called "masc" (did you mean "mask"?)`},
		{"one input by two names", dir + "/twice.npz", `input "ids" is given twice`},
		{"a shape that does not fit", dir + "/shape.npz", `input "ids" has the shape [2 3], but the model wants [1 ?]`},
		{"a device", "/dev/zero", "not a regular file"},
		{"a seed that is no number", "random:x", "seed from 0"},
		{"random data of unknown shape", "random", "give --shape ids=SHAPE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, _, err := LoadSamples(test.spec, []Input{ids, mask}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("found error %v, want %q", err, test.want)
			}
		})
	}
}

func TestRandomSamples(t *testing.T) {
	inputs := []Input{
		{Name: "ids", Type: tensor.I64, Shape: []int{100}, Bound: 7},
		{Name: "mask", Type: tensor.I64, Shape: []int{100}, Mask: true},
		{Name: "small", Type: tensor.I8, Shape: []int{100}, Bound: 1 << 40},
		{Name: "x", Type: tensor.F32, Shape: []int{10000}},
		{Name: "half", Type: tensor.BF16, Shape: []int{100}},
	}
	load := func(spec string) Sample {
		samples, _, err := LoadSamples(spec, inputs)
		if err != nil {
			t.Fatal(err)
		}
		return samples[0]
	}
	s, same, other := load("random"), load("random:0"), load("random:1")
	for _, in := range inputs {
		if !tensor.Equal(s.Inputs[in.Name], same.Inputs[in.Name]) {
			t.Errorf("%s differs between two draws of one seed", in.Name)
		}
		if tensor.Equal(s.Inputs[in.Name], other.Inputs[in.Name]) != in.Mask {
			t.Errorf("%s of another seed: equal is not %v", in.Name, in.Mask)
		}
	}
	seen := map[int64]bool{}
	for _, v := range tensor.Data[int64](s.Inputs["ids"]) {
		seen[v] = true
		if v < 0 || v >= 7 {
			t.Errorf("%d is not below the bound of 7", v)
		}
	}
	if len(seen) != 7 {
		t.Errorf("%d of 7 values occur", len(seen))
	}
	var sum, squares float64
	for _, v := range tensor.Data[float32](s.Inputs["x"]) {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	if mean, variance := sum/10000, squares/10000; mean < -0.05 || mean > 0.05 || variance < 0.95 || variance > 1.05 {
		t.Errorf("mean %v and variance %v, want 0 and 1", mean, variance)
	}
}

// Arrays and Steps are each other's inverse.
func TestArrays(t *testing.T) {
	outputs := []Output{{Name: "y", Tensor: floats(1)}, {Name: "z", Tensor: floats(2)}, {Name: "y", Tensor: floats(3)}, {Name: "z", Tensor: floats(4)}}
	s := Sample{Source: "x", Then: []map[string]*tensor.Tensor{{}}}
	arrays := s.Arrays(outputs)
	var names []string
	for _, a := range arrays {
		names = append(names, a.Name)
	}
	if want := []string{"step-000.y", "step-000.z", "step-001.y", "step-001.z"}; !slices.Equal(names, want) {
		t.Errorf("called %q, want %q", names, want)
	}
	steps, err := s.Steps(arrays)
	if err != nil {
		t.Fatal(err)
	}
	var back []Output
	for _, step := range steps {
		for _, a := range step {
			back = append(back, Output{Name: a.Name, Tensor: a.Tensor})
		}
	}
	if !reflect.DeepEqual(back, outputs) {
		t.Errorf("%v came back as %v", outputs, back)
	}
	for _, name := range []string{"y", "step-002.y", "step-1.y", "step-+01.y"} {
		if _, err := s.Steps([]tensor.Named{{Name: name}}); err == nil {
			t.Errorf("%q is taken for an output of two steps", name)
		}
	}
	if one := (Sample{}).Arrays(outputs[:2]); one[0].Name != "y" || one[1].Name != "z" {
		t.Errorf("outputs of one inference are called %q and %q", one[0].Name, one[1].Name)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"input_ids", "attention_mask", "x"}
	for text, want := range map[string]string{"input-ids": "input_ids", "Input_Id": "input_ids", "mask": "", "y": "x", "attention": "", "": "x"} {
		if got, _ := Nearest(text, names); got != want {
			t.Errorf("nearest to %q: %q, want %q", text, got, want)
		}
	}
}

func ints(values ...int64) *tensor.Tensor {
	t := tensor.New(tensor.I64, 1, len(values))
	copy(tensor.Data[int64](t), values)
	return t
}

func floats(values ...float32) *tensor.Tensor {
	t := tensor.New(tensor.F32, 1, len(values))
	copy(tensor.Data[float32](t), values)
	return t
}

func writeNPZ(t *testing.T, path string, arrays ...tensor.Named) {
	t.Helper()
	if err := tensor.WriteNPZ(path, arrays); err != nil {
		t.Fatal(err)
	}
}

func writeNPY(t *testing.T, path string, array *tensor.Tensor) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := tensor.WriteNPY(f, array); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
