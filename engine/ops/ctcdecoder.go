package ops

import (
	"fmt"

	"halfway/engine/graph"
	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// CTCGreedyDecoder (opset1) and CTCGreedyDecoderSeqLen (opset6): the most probable class of every step, without blanks and, with merge_repeated,
// without immediate repetitions; -1 after the end.
// https://docs.openvino.ai/2026/documentation/openvino-ir-format/operation-sets/operation-specs/sequence/ctc-greedy-decoder-seq-len-6.html
func init() {
	register("CTCGreedyDecoder", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		return ctcDecoder{d.Bool("ctc_merge_repeated", true)}, d.Err()
	})
	register("CTCGreedyDecoderSeqLen", func(n *graph.Node) (Op, error) {
		d := n.Attrs.Decode()
		o := ctcDecoderSeqLen{merge: d.Bool("merge_repeated", true), classes: d.DType("classes_index_type", tensor.I32),
			lengths: d.DType("sequence_length_type", tensor.I32)}
		for _, t := range []tensor.DType{o.classes, o.lengths} {
			if err := wantIndexType(t); err != nil && d.Err() == nil {
				return nil, err
			}
		}
		return o, d.Err()
	})
}

// bestPath writes the decoded classes of n steps of scores to dst and returns their number. Step t has its classes from t*stride on.
func bestPath[E real](dst []int, scores []E, n, stride, classes, blank int, merge bool) int {
	length, previous := 0, -1
	for t := range n {
		step := scores[t*stride:][:classes]
		best := 0
		for c, v := range step {
			if v > step[best] {
				best = c
			}
		}
		if best != blank && !(merge && best == previous) {
			dst[length] = best
			length++
		}
		previous = best
	}
	return length
}

// decodePaths decodes the sequences, each from its offset in the scores on, to lines of size steps that are filled up with -1.
func decodePaths(scores *tensor.Tensor, starts, lengths []int, size, stride, classes, blank int, merge bool) (paths, decoded []int) {
	paths, decoded = make([]int, len(starts)*size), make([]int, len(starts))
	for i, start := range starts {
		line := paths[i*size:][:size]
		if scores.Type == tensor.F64 {
			decoded[i] = bestPath(line, tensor.Data[float64](scores)[start:], lengths[i], stride, classes, blank, merge)
		} else {
			decoded[i] = bestPath(line, scores.F32s()[start:], lengths[i], stride, classes, blank, merge)
		}
		for t := decoded[i]; t < size; t++ {
			line[t] = -1
		}
	}
	return paths, decoded
}

// ctcDecoder has probabilities [T, N, C] and a mask [T, N] that is 0 from the end of each sequence on; the blank is the last class.
type ctcDecoder struct{ merge bool }

func (c ctcDecoder) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	if err := wantRank(in, 0, 3); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0, 1); err != nil {
		return nil, err
	}
	s := in[0].Shape
	if s == nil {
		return []Spec{{Type: in[0].Type}}, nil
	}
	if s[2] == 0 {
		return nil, fmt.Errorf("input 0 has shape %v, want classes", s)
	}
	return []Spec{{in[0].Type, []int{s[1], s[0], 1, 1}}}, wantShape(in, 1, s[0], s[1])
}

func (c ctcDecoder) Eval(_ *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	steps, batch, classes := in[0].Shape[0], in[0].Shape[1], in[0].Shape[2]
	mask := floatValues(in[1].Tensor)
	starts, lengths := make([]int, batch), make([]int, batch)
	for b := range batch {
		starts[b] = b * classes
		for lengths[b] < steps && (lengths[b] == 0 || mask[lengths[b]*batch+b] != 0) {
			lengths[b]++
		}
	}
	if steps == 0 {
		return nil
	}
	paths, _ := decodePaths(in[0].Tensor, starts, lengths, steps, batch*classes, classes, classes-1, c.merge)
	for i, v := range paths {
		if out[0].Type == tensor.F64 {
			tensor.Data[float64](out[0])[i] = float64(v)
		} else {
			out[0].F32s()[i] = float32(v)
		}
	}
	return nil
}

// ctcDecoderSeqLen has scores [N, T, C], the lengths [N] and perhaps the number of the blank, which else is the last class. Its outputs are the
// classes [N, T] and their numbers [N].
type ctcDecoderSeqLen struct {
	merge            bool
	classes, lengths tensor.DType
}

func (c ctcDecoderSeqLen) Infer(in []Arg) ([]Spec, error) {
	if err := wantInputs(in, 2, 3); err != nil {
		return nil, err
	}
	if err := wantRank(in, 0, 3); err != nil {
		return nil, err
	}
	if err := wantFloats(in, 0); err != nil {
		return nil, err
	}
	if err := wantIntegers(in, 1); err != nil {
		return nil, err
	}
	s := in[0].Shape
	if len(in) == 3 {
		blank, ok, err := scalar(in, 2, "blank_index")
		if err != nil {
			return nil, err
		}
		if ok && s != nil && (blank < 0 || blank >= s[2]) {
			return nil, fmt.Errorf("blank_index is %d, but there are %d classes", blank, s[2])
		}
	}
	if s == nil {
		return []Spec{{Type: c.classes}, {Type: c.lengths}}, nil
	}
	if s[2] == 0 {
		return nil, fmt.Errorf("input 0 has shape %v, want classes", s)
	}
	return []Spec{{c.classes, []int{s[0], s[1]}}, {c.lengths, []int{s[0]}}}, wantShape(in, 1, s[0])
}

func (c ctcDecoderSeqLen) Eval(_ *kernel.Workers, in []Operand, out []*tensor.Tensor) error {
	batch, steps, classes := in[0].Shape[0], in[0].Shape[1], in[0].Shape[2]
	blank := classes - 1
	if len(in) == 3 {
		blank = intValues(in[2].Tensor)[0]
	}
	starts, lengths := make([]int, batch), intValues(in[1].Tensor)
	for b, n := range lengths {
		if n < 0 || n > steps {
			return fmt.Errorf("length of sequence %d is %d, but there are %d steps", b, n, steps)
		}
		starts[b] = b * steps * classes
	}
	paths, decoded := decodePaths(in[0].Tensor, starts, lengths, steps, classes, classes, blank, c.merge)
	putInts(out[0], func(i int) int { return paths[i] })
	if len(out) > 1 {
		putInts(out[1], func(i int) int { return decoded[i] })
	}
	return nil
}
