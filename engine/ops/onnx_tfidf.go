package ops

import (
	"fmt"
	"slices"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// TfIdfVectorizer is ONNX's operator of this name for integers: how often each n-gram of a pool occurs in a row, also with elements skipped between
// its members. https://onnx.ai/onnx/operators/onnx__TfIdfVectorizer.html The plugin has no such node.
func init() {
	register("TfIdfVectorizer", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		d.Required("ngram_counts", "ngram_indexes", "pool")
		o := &tfIdf{least: d.Int("min_gram_length", 1), most: d.Int("max_gram_length", 1), skips: d.Int("max_skip_count", 0),
			mode: d.Enum("mode", "TF", "TF", "IDF", "TFIDF"), indexes: d.Ints("ngram_indexes"), weights: d.Floats("weights")}
		starts, pool := d.Ints("ngram_counts"), d.Ints("pool")
		if err := d.Err(); err != nil {
			return nil, err
		}
		return o, o.fill(starts, pool)
	})
}

type tfIdf struct {
	least, most, skips int
	mode               string
	indexes            []int
	weights            []float64
	grams              map[string]int // the number of an n-gram by its members
}

// fill reads the pool: starts[n-1] is where its n-grams begin.
func (o *tfIdf) fill(starts, pool []int) error {
	if o.least < 1 || o.most < o.least || o.most > len(starts) || o.skips < 0 || o.skips > 1<<20 {
		return fmt.Errorf("grams of %d to %d elements with up to %d skipped, from %d lists", o.least, o.most, o.skips, len(starts))
	}
	o.grams = map[string]int{}
	number := 0
	for i, from := range starts {
		to := len(pool)
		if i+1 < len(starts) {
			to = starts[i+1]
		}
		if from < 0 || to < from || to > len(pool) || (to-from)%(i+1) != 0 {
			return fmt.Errorf("%d-grams lie from %d to %d of a pool of %d", i+1, from, to, len(pool))
		}
		for at := from; at < to; at += i + 1 {
			o.grams[gramKey(pool[at:at+i+1])] = number
			number++
		}
	}
	if number != len(o.indexes) || len(o.weights) != 0 && len(o.weights) != number {
		return fmt.Errorf("%d n-grams with %d indexes and %d weights", number, len(o.indexes), len(o.weights))
	}
	if len(o.indexes) > 0 && (slices.Min(o.indexes) < 0 || slices.Max(o.indexes) >= 1<<24) {
		return fmt.Errorf("ngram_indexes reach from %d to %d", slices.Min(o.indexes), slices.Max(o.indexes))
	}
	return nil
}

func gramKey(members []int) string { return fmt.Sprint(members) }

func (o *tfIdf) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 1, 1); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 0); err != nil {
		return nil, err
	}
	if err := wantRank(in, 0, 1, 2); err != nil || in[0].Shape == nil {
		return []Spec{{Type: tensor.F32}}, err
	}
	return []Spec{{tensor.F32, joinShapes(in[0].Shape[:len(in[0].Shape)-1], []int{o.size()})}}, nil
}

// size is the length of a row of the result.
func (o *tfIdf) size() int {
	if len(o.indexes) == 0 {
		return 0
	}
	return slices.Max(o.indexes) + 1
}

func (o *tfIdf) Eval(_ *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	clear(out[0].F32s())
	last := len(in[0].Shape) - 1
	rows, length, size := product(in[0].Shape[:last]), in[0].Shape[last], o.size()
	values := intValues(in[0].Tensor)
	for r := range rows {
		o.count(values[r*length:][:length], out[0].F32s()[r*size:][:size])
	}
	return nil
}

// count adds the occurrences in row to counts, then weighs them.
func (o *tfIdf) count(row []int, counts []float32) {
	members := make([]int, o.most)
	for n := o.least; n <= o.most; n++ {
		for step := 1; step <= o.skips+1 && (step-1)*(n-1) < len(row); step++ {
			for at := 0; at+(n-1)*step < len(row); at++ {
				for i := range n {
					members[i] = row[at+i*step]
				}
				if number, ok := o.grams[gramKey(members[:n])]; ok {
					counts[o.indexes[number]]++
				}
			}
			if n == 1 {
				break // nothing lies between
			}
		}
	}
	if o.mode == "TF" {
		return
	}
	for number, i := range o.indexes {
		weight := float32(1)
		if len(o.weights) > 0 {
			weight = float32(o.weights[number])
		}
		if o.mode == "IDF" {
			counts[i] = min(counts[i], 1)
		}
		counts[i] *= weight
	}
}
