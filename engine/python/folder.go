package python

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"halfway/engine"
	"halfway/engine/program"
	"halfway/engine/tensor"
)

// A Folder is where arrays lie that go to a worker and come from it. One goroutine at a time uses it.
type Folder struct {
	*program.Folder
	files map[*tensor.Tensor]string
}

// NewFolder makes a private folder below temp ("": the system's) whose name begins with prefix.
func NewFolder(temp, prefix string) (*Folder, error) {
	folder, err := program.NewFolder(temp, prefix)
	return &Folder{Folder: folder, files: map[*tensor.Tensor]string{}}, err
}

// Write puts a sample's inputs into files, each once, and returns their paths by inference and input. An input has any of its Names.
func (f *Folder) Write(inputs []engine.Input, s engine.Sample) ([][]string, error) {
	var all [][]string
	for n, given := range s.Inferences() {
		paths := []string{}
		for _, in := range inputs {
			at := slices.IndexFunc(in.Names, func(name string) bool { return given[name] != nil })
			if at < 0 {
				return nil, fmt.Errorf("%s: input %q is missing", s.Source, in.Name)
			}
			t := given[in.Names[at]]
			if t.Type != in.Type {
				return nil, fmt.Errorf("%s: input %q is %s, the model wants %s", s.Source, in.Name, t.Type, in.Type)
			}
			path, err := f.file(t)
			if err != nil {
				return nil, fmt.Errorf("%s: inference %d: input %q: %w", s.Source, n, in.Name, err)
			}
			paths = append(paths, path)
		}
		all = append(all, paths)
	}
	return all, nil
}

// file is the array t as a file, written once.
func (f *Folder) file(t *tensor.Tensor) (string, error) {
	if path, ok := f.files[t]; ok {
		return path, nil
	}
	path := filepath.Join(f.Path, fmt.Sprintf("input-%d.npy", len(f.files)))
	err := tensor.WriteWhole(path, func(w io.Writer) error { return tensor.WriteNPY(w, t) })
	if err == nil {
		f.files[t] = path
	}
	return path, err
}

// An Array is a file that a worker wrote, and its type, since numpy has no bf16: such an array comes as f32.
type Array [2]string

// Read reads the outputs of all inferences, which are as described each. As many arrays as these are expected, times the inferences.
func (f *Folder) Read(outputs []engine.Output, arrays []Array) (engine.Observation, error) {
	o := engine.Observation{Work: 1}
	h := sha256.New()
	for i, a := range arrays {
		if filepath.Dir(a[0]) != f.Path {
			return o, fmt.Errorf("the file %q is not in %s", a[0], f.Path)
		}
		t, err := tensor.ReadNPYFile(a[0])
		if err != nil {
			return o, err
		}
		if err := os.Remove(a[0]); err != nil { // the next run's is another file
			return o, err
		}
		if a[1] == "bf16" && t.Type == tensor.F32 {
			t.Type = tensor.BF16
		}
		out := outputs[i%len(outputs)]
		out.Tensor = t
		o.Outputs = append(o.Outputs, out)
		h.Write(tensor.Digest(t))
	}
	o.Key = hex.EncodeToString(h.Sum(nil))
	return o, nil
}
