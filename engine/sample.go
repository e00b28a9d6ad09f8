package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"halfway/engine/tensor"
)

// An Input is what is known of one input of a model.
type Input struct {
	Name  string       // what messages call it and Sample.Inputs is keyed by
	Names []string     // all names by which users may call it
	Type  tensor.DType // of its elements
	Shape []int        // -1 where dynamic; nil for any rank
	Bound int64        // exclusive bound of integer values; 0 when not known
	Mask  bool         // random data is all ones
}

// LoadSamples reads what one --input argument names:
//
//   - an .npz archive or, for a model with one input, an .npy array: one sample;
//   - a folder: a sample for each of its .npz and .npy files, sorted by name, and for each of its folders of steps;
//   - a folder of steps (step-000.npz, step-001.npz, ... and nothing else): one sample, whose inferences share the model's state;
//   - NAME=x.npy,NAME2=y.npy: one sample, an array for each input;
//   - random or random:SEED: one generated sample (see randomSample).
//
// Arrays are matched by input name, else, with a warning, by position when they are called exactly input_0, input_1, ... or arr_0,
// arr_1, ... Values are converted to the model's types where that is exact, with a warning; shapes must fit the model's. Every array must
// have an input and every input an array. Errors name the file and the input.
func LoadSamples(spec string, inputs []Input) (samples []Sample, warnings []string, err error) {
	if seed, ok, err := parseRandom(spec); err != nil {
		return nil, nil, err
	} else if ok {
		s, err := randomSample(seed, inputs)
		return []Sample{s}, nil, err
	}
	l := &loader{inputs: inputs}
	switch info, statErr := os.Stat(spec); {
	case statErr == nil && info.IsDir():
		samples, err = l.folder(spec)
	case statErr == nil || !strings.Contains(spec, "="):
		var s Sample
		s, err = l.file(spec)
		samples = []Sample{s}
	default:
		var s Sample
		s, err = l.pairs(spec)
		samples = []Sample{s}
	}
	if err != nil {
		return nil, nil, err
	}
	return samples, l.warnings, nil
}

// loader reads samples for one model.
type loader struct {
	inputs   []Input
	warnings []string
}

// warn notes a warning once.
func (l *loader) warn(format string, args ...any) {
	if w := fmt.Sprintf(format, args...); !slices.Contains(l.warnings, w) {
		l.warnings = append(l.warnings, w)
	}
}

// step is the name of a file in a folder of steps.
var step = regexp.MustCompile(`^step-[0-9]+\.np[zy]$`)

func areSteps(files []string) bool {
	return len(files) > 0 && !slices.ContainsFunc(files, func(name string) bool { return !step.MatchString(name) })
}

func (l *loader) folder(dir string) ([]Sample, error) {
	var samples []Sample
	files, folders, err := l.entries(dir)
	if err != nil {
		return nil, err
	}
	if areSteps(files) {
		s, err := l.steps(dir, files)
		return []Sample{s}, err
	}
	for _, name := range files {
		s, err := l.file(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		samples = append(samples, s)
	}
	for _, name := range folders {
		sub := filepath.Join(dir, name)
		files, _, err := l.entries(sub)
		if err != nil {
			return nil, err
		}
		if !areSteps(files) {
			l.warn("%s: %s is no folder of steps (step-000.npz, ...) and was left out", dir, name)
			continue
		}
		s, err := l.steps(sub, files)
		if err != nil {
			return nil, err
		}
		samples = append(samples, s)
	}
	if len(samples) == 0 {
		return nil, fmt.Errorf("read samples: folder %s holds no .npz or .npy file", dir)
	}
	return samples, nil
}

// entries lists the arrays and the folders in dir, by name.
func (l *loader) entries(dir string) (files, folders []string, err error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, nil, fmt.Errorf("read samples: %w", err)
	}
	for _, e := range entries {
		switch ext := filepath.Ext(e.Name()); {
		case ext == ".npz" || ext == ".npy":
			files = append(files, e.Name())
		case e.IsDir():
			folders = append(folders, e.Name())
		default:
			l.warn("%s: %s is no .npz or .npy file and was left out", dir, e.Name())
		}
	}
	return files, folders, nil
}

// steps reads one sample of several inferences, in the order of the numbers in the names of the files.
func (l *loader) steps(dir string, files []string) (Sample, error) {
	number := func(name string) string { // without leading zeros
		return strings.TrimLeft(strings.TrimSuffix(strings.TrimPrefix(name, "step-"), filepath.Ext(name)), "0")
	}
	files = slices.SortedFunc(slices.Values(files), func(a, b string) int {
		a, b = number(a), number(b)
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	sample := Sample{Source: dir}
	h := sha256.New()
	for i, name := range files {
		if i > 0 && number(name) == number(files[i-1]) {
			return Sample{}, fmt.Errorf("read samples: %s holds the step %s twice: %s and %s", dir, cmp.Or(number(name), "0"), files[i-1], name)
		}
		s, err := l.file(filepath.Join(dir, name))
		if err != nil {
			return Sample{}, err
		}
		fmt.Fprintf(h, "%s  %s\n", s.SHA256, name)
		if i == 0 {
			sample.Inputs = s.Inputs
		} else {
			sample.Then = append(sample.Then, s.Inputs)
		}
	}
	sample.SHA256 = hex.EncodeToString(h.Sum(nil))
	return sample, nil
}

// file reads one sample from an .npz or .npy file, told apart by how they start.
func (l *loader) file(path string) (Sample, error) {
	sum, start, err := hashFile(path)
	if err != nil {
		return Sample{}, err
	}
	var arrays []tensor.Named
	switch {
	case strings.HasPrefix(start, "PK"):
		if arrays, err = tensor.ReadNPZ(path); err == nil {
			arrays, err = l.match(path, arrays)
		}
	case strings.HasPrefix(start, "\x93NUMPY"):
		arrays, err = l.single(path)
	default:
		err = fmt.Errorf("read sample %s: it is neither an .npz archive nor an .npy array", path)
	}
	if err != nil {
		return Sample{}, err
	}
	return l.sample(path, hex.EncodeToString(sum), arrays)
}

func (l *loader) single(path string) ([]tensor.Named, error) {
	if len(l.inputs) != 1 {
		return nil, fmt.Errorf("read sample %s: one array, but the model has the inputs %s: give an .npz, or NAME=%s for each", path,
			l.list(), path)
	}
	t, err := tensor.ReadNPYFile(path)
	if err != nil {
		return nil, err
	}
	return []tensor.Named{{Name: l.inputs[0].Name, Tensor: t}}, nil
}

// pairs reads NAME=x.npy,NAME2=y.npy. The sample's hash is that of the lines "hash  name" of its files, in the order of the inputs.
func (l *loader) pairs(spec string) (Sample, error) {
	var arrays []tensor.Named
	sums := map[*tensor.Tensor][]byte{}
	for _, p := range l.splitPairs(spec) {
		t, err := tensor.ReadNPYFile(p.path)
		if err != nil {
			return Sample{}, fmt.Errorf("input %q: %w", p.name, err)
		}
		if sums[t], _, err = hashFile(p.path); err != nil {
			return Sample{}, err
		}
		arrays = append(arrays, tensor.Named{Name: p.name, Tensor: t})
	}
	arrays, err := l.match(spec, arrays)
	if err != nil {
		return Sample{}, err
	}
	h := sha256.New()
	for _, a := range arrays {
		fmt.Fprintf(h, "%x  %s\n", sums[a.Tensor], a.Name)
	}
	return l.sample(spec, hex.EncodeToString(h.Sum(nil)), arrays)
}

type pair struct{ name, path string }

// splitPairs splits at the commas that a NAME= follows, so that paths may hold commas and the model's names anything.
func (l *loader) splitPairs(spec string) []pair {
	var pairs []pair
	for rest, more := spec, true; more; {
		name := l.leadingName(rest)
		path := strings.TrimPrefix(rest[len(name):], "=")
		rest, more = "", false
		for i := range len(path) {
			if path[i] == ',' && l.leadingName(path[i+1:]) != "" {
				path, rest, more = path[:i], path[i+1:], true
				break
			}
		}
		pairs = append(pairs, pair{name, path})
	}
	return pairs
}

// leadingName returns the name that s=... starts with: the longest of the model's that fits, else what stands before the first = and has no
// comma.
func (l *loader) leadingName(s string) string {
	best, _, ok := strings.Cut(s, "=")
	if !ok || strings.Contains(best, ",") {
		best = ""
	}
	for _, in := range l.inputs {
		for _, name := range append(slices.Clone(in.Names), in.Name) {
			if strings.HasPrefix(s, name+"=") && len(name) > len(best) {
				best = name
			}
		}
	}
	return best
}

// hashFile returns the SHA-256 of a regular file, and its first bytes.
func hashFile(path string) (sum []byte, start string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", fmt.Errorf("read sample: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, "", fmt.Errorf("read sample %s: it is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, "", fmt.Errorf("read sample: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	head := make([]byte, 8)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, "", fmt.Errorf("read sample: %w", err)
	}
	h.Write(head[:n])
	if _, err := io.Copy(h, f); err != nil {
		return nil, "", fmt.Errorf("read sample: %w", err)
	}
	return h.Sum(nil), string(head[:n]), nil
}

// sample checks and converts arrays, which are in the order of the inputs.
func (l *loader) sample(source, sum string, arrays []tensor.Named) (Sample, error) {
	s := Sample{Source: source, SHA256: sum, Inputs: map[string]*tensor.Tensor{}}
	for i, a := range arrays {
		in := l.inputs[i]
		if !fits(a.Tensor.Shape, in.Shape) {
			return Sample{}, fmt.Errorf("read sample %s: input %q has the shape %v, but the model wants %s", source, in.Name, a.Tensor.Shape,
				shapeText(in.Shape))
		}
		t, err := tensor.ConvertExact(a.Tensor, in.Type)
		if err != nil {
			return Sample{}, fmt.Errorf("read sample %s: input %q is %s, but the model wants %s, and the conversion is not exact: %w: "+
				"save it as %s", source, in.Name, a.Tensor.Type, in.Type, err, in.Type)
		}
		if t.Type != a.Tensor.Type {
			l.warn("input %q was converted from %s to %s, which changes no value", in.Name, a.Tensor.Type, in.Type)
		}
		s.Inputs[in.Name] = t
	}
	return s, nil
}

func fits(shape, want []int) bool {
	if want == nil {
		return true
	}
	return slices.EqualFunc(shape, want, func(d, w int) bool { return d == w || w < 0 })
}

// shapeText prints a shape as messages show it: "[1 64]", "?" where dynamic.
func shapeText(shape []int) string {
	if shape == nil {
		return "any shape"
	}
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = fmt.Sprint(d)
		if d < 0 {
			parts[i] = "?"
		}
	}
	return "[" + strings.Join(parts, " ") + "]"
}
