// Command gen writes the model and the input of testdata/tiny-lm: a language model of four decoder layers with random weights, in the form
// and with the names that OpenVINO's PyTorch frontend gives to a LLaMA. It is right in f32 and breaks in bf16 for two reasons that real
// models have:
//
//   - the positions of the input start at 1000, as in a chunk of a long text: bf16 has 8 significant bits, so from 256 on the integers that
//     the rotary embedding turns into angles are no longer exact;
//   - in the MLP of layer 2 pairs of hidden units carry the same large value, 2^12, and their difference is what counts: massive activations
//     that cancel.
//
// The plugin keeps the positions in f32 by itself where it recognises the rotary embedding; so in the view plugin only the second is found, in
// the view plain both.
//
// Run it in the module's root: go run ./testdata/tiny-lm/gen
package main

import (
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"

	"halfway/engine/tensor"
)

const (
	folder   = "testdata/tiny-lm"
	tokens   = 48
	vocab    = 256
	hidden   = 32
	heads    = 4
	headSize = hidden / heads
	mlp      = 64
	layers   = 4
	position = 1000 // of the first token
	pairs    = 12   // hidden units that cancel
	outlier  = 1 << 12
)

func main() {
	m := newModel(rand.New(rand.NewPCG(7, 11)))
	logits := m.languageModel()
	m.result(logits)
	if err := m.write(folder + "/model"); err != nil {
		log.Fatal(err)
	}
	if err := tensor.WriteNPZ(folder+"/input.npz", sample(m.rng)); err != nil {
		log.Fatal(err)
	}
}

// sample is a text of random tokens somewhere in the middle of a document.
func sample(rng *rand.Rand) []tensor.Named {
	ids, positions := make([]int64, tokens), make([]int64, tokens)
	for i := range ids {
		ids[i], positions[i] = rng.Int64N(vocab), position+int64(i)
	}
	return []tensor.Named{
		{Name: "input_ids", Tensor: tensor.Of(tensor.I64, ids, 1, tokens)},
		{Name: "position_ids", Tensor: tensor.Of(tensor.I64, positions, 1, tokens)},
	}
}

func (m *model) languageModel() value {
	ids := m.parameter("input_ids", 1, tokens)
	positions := m.parameter("position_ids", 1, tokens)

	const embed = "__module.model.embed_tokens/aten::embedding/"
	table := m.weight("self.model.embed_tokens.weight", m.normal(vocab*hidden, 1), vocab, hidden)
	index := m.op("Convert", "opset1", embed+"Convert", `destination_type="i32"`, "I32", []int{1, tokens}, ids)
	x := m.op("Gather", "opset8", embed+"Gather", `batch_dims="0"`, "FP32", []int{1, tokens, hidden},
		table, index, m.ints(embed+"Constant", 0))

	cos, sin := m.rotary(positions)
	for l := range layers {
		x = m.layer(l, x, cos, sin)
	}
	x = m.rms("__module.model.norm", x)
	return m.linear("__module.lm_head", "self.lm_head.weight", x, m.normal(vocab*hidden, 1/math.Sqrt(hidden)), hidden, vocab)
}

// rotary turns positions into the cosines and sines of one head, each of shape [1, 1, tokens, headSize].
func (m *model) rotary(positions value) (cos, sin value) {
	const name = "__module.model.rotary_emb/"
	frequencies := make([]float32, headSize/2)
	for i := range frequencies {
		frequencies[i] = float32(math.Pow(10000, -2*float64(i)/headSize))
	}
	column := m.op("Unsqueeze", "opset1", name+"aten::unsqueeze/Unsqueeze", "", "I64", []int{1, tokens, 1},
		positions, m.ints(name+"aten::unsqueeze/Constant", 2))
	float := m.op("Convert", "opset1", name+"aten::to/Convert", `destination_type="f32"`, "FP32", []int{1, tokens, 1}, column)
	angles := m.binary("Multiply", name+"aten::mul/Multiply", []int{1, tokens, headSize / 2},
		float, m.weight(name+"aten::mul/Constant", frequencies, 1, 1, headSize/2))
	both := m.op("Concat", "opset1", name+"aten::cat/Concat", `axis="-1"`, "FP32", []int{1, tokens, headSize}, angles, angles)
	shape := []int{1, 1, tokens, headSize}
	axis := m.ints(name+"aten::unsqueeze/Constant_1", 1)
	cos = m.op("Cos", "opset1", name+"aten::cos/Cos", "", "FP32", []int{1, tokens, headSize}, both)
	cos = m.op("Unsqueeze", "opset1", name+"aten::unsqueeze/Unsqueeze_1", "", "FP32", shape, cos, axis)
	sin = m.op("Sin", "opset1", name+"aten::sin/Sin", "", "FP32", []int{1, tokens, headSize}, both)
	sin = m.op("Unsqueeze", "opset1", name+"aten::unsqueeze/Unsqueeze_2", "", "FP32", shape, sin, axis)
	return cos, sin
}

func (m *model) layer(l int, x, cos, sin value) value {
	name := fmt.Sprintf("__module.model.layers.%d", l)
	attended := m.attention(name+".self_attn", fmt.Sprintf("self.model.layers.%d.self_attn", l), m.rms(name+".input_layernorm", x), cos, sin)
	x = m.binary("Add", name+"/aten::add/Add", x.shape, x, attended)
	fed := m.feedForward(l, m.rms(name+".post_attention_layernorm", x))
	return m.binary("Add", name+"/aten::add/Add_1", x.shape, x, fed)
}

// rms is x / sqrt(mean(x^2) + 1e-6) * weight over the last dimension.
func (m *model) rms(name string, x value) value {
	row := []int{1, tokens, 1}
	square := m.binary("Power", name+"/aten::pow/Power", x.shape, x, m.scalar(name+"/aten::pow/Constant", 2))
	mean := m.op("ReduceMean", "opset1", name+"/aten::mean/ReduceMean", `keep_dims="true"`, "FP32", row,
		square, m.ints(name+"/aten::mean/Constant", -1))
	sum := m.binary("Add", name+"/aten::add/Add", row, mean, m.scalar(name+"/aten::add/Constant", 1e-6))
	root := m.op("Sqrt", "opset1", name+"/aten::rsqrt/Sqrt", "", "FP32", row, sum)
	inverse := m.op("Divide", "opset1", name+"/aten::rsqrt/Divide", `auto_broadcast="numpy" m_pythondiv="true"`, "FP32", row,
		m.scalar(name+"/aten::rsqrt/Constant", 1), root)
	scaled := m.binary("Multiply", name+"/aten::mul/Multiply", x.shape, x, inverse)
	weight := m.normal(hidden, 0.1)
	for i := range weight {
		weight[i]++
	}
	return m.binary("Multiply", name+"/aten::mul/Multiply_1", x.shape, m.weight(name+".weight", weight, 1, 1, hidden), scaled)
}

func (m *model) attention(name, weights string, x, cos, sin value) value {
	shape := []int{1, heads, tokens, headSize}
	n := 0
	project := func(part string, deviation float64) value {
		w := m.normal(hidden*hidden, deviation/math.Sqrt(hidden))
		v := m.linear(name+"."+part, weights+"."+part+".weight", x, w, hidden, hidden)
		split := m.op("Reshape", "opset1", m.numbered(name+"/aten::view/Reshape", n), `special_zero="false"`, "FP32",
			[]int{1, tokens, heads, headSize}, v, m.ints(m.numbered(name+"/aten::view/Constant", n), 1, tokens, heads, headSize))
		v = m.op("Transpose", "opset1", m.numbered(name+"/aten::transpose/Transpose", n), "", "FP32", shape,
			split, m.ints(m.numbered(name+"/aten::transpose/Constant", n), 0, 2, 1, 3))
		n++
		return v
	}
	q := m.rotate(name, 0, project("q_proj", 1.7), cos, sin)
	k := m.rotate(name, 1, project("k_proj", 1.7), cos, sin)
	v := project("v_proj", 1)
	core := m.op("ScaledDotProductAttention", "opset13", name+"/aten::scaled_dot_product_attention/ScaledDotProductAttention",
		`causal="true"`, "FP32", shape, q, k, v)
	back := m.op("Transpose", "opset1", name+"/aten::transpose/Transpose_3", "", "FP32", []int{1, tokens, heads, headSize},
		core, m.ints(name+"/aten::transpose/Constant_3", 0, 2, 1, 3))
	joined := m.op("Reshape", "opset1", name+"/aten::reshape/Reshape", `special_zero="false"`, "FP32", x.shape,
		back, m.ints(name+"/aten::reshape/Constant", 1, tokens, hidden))
	return m.linear(name+".o_proj", weights+".o_proj.weight", joined, m.normal(hidden*hidden, 1/math.Sqrt(hidden)), hidden, hidden)
}

// rotate applies the rotary embedding to the i-th of query and key: x * cos + (-x2, x1) * sin, x1 and x2 the halves of a head.
func (m *model) rotate(name string, i int, x, cos, sin value) value {
	half := []int{1, heads, tokens, headSize / 2}
	slice := func(j, from, to int) value {
		return m.op("Slice", "opset8", m.numbered(name+"/aten::slice/Slice", 2*i+j), "", "FP32", half, x,
			m.ints("", int64(from)), m.ints("", int64(to)), m.ints("", 1), m.ints("", 3))
	}
	first, second := slice(0, 0, headSize/2), slice(1, headSize/2, headSize)
	negative := m.binary("Multiply", m.numbered(name+"/aten::neg/Multiply", i), half, second, m.scalar("", -1))
	swapped := m.op("Concat", "opset1", m.numbered(name+"/aten::cat/Concat", i), `axis="-1"`, "FP32", x.shape, negative, first)
	straight := m.binary("Multiply", m.numbered(name+"/aten::mul/Multiply", 2*i), x.shape, x, cos)
	crossed := m.binary("Multiply", m.numbered(name+"/aten::mul/Multiply", 2*i+1), x.shape, swapped, sin)
	return m.binary("Add", m.numbered(name+"/aten::add/Add", i), x.shape, straight, crossed)
}

// feedForward is down(silu(gate(x)) * up(x)); in layer 2 with units that cancel in pairs.
func (m *model) feedForward(l int, x value) value {
	name, weights := fmt.Sprintf("__module.model.layers.%d.mlp", l), fmt.Sprintf("self.model.layers.%d.mlp", l)
	gate := m.normal(mlp*hidden, 1/math.Sqrt(hidden))
	up := m.normal(mlp*hidden, 1/math.Sqrt(hidden))
	down := m.normal(hidden*mlp, 1/math.Sqrt(mlp))
	if l == 2 {
		cancel(gate, up, down)
	}
	wide := []int{1, tokens, mlp}
	g := m.linear(name+".gate_proj", weights+".gate_proj.weight", x, gate, hidden, mlp)
	g = m.op("Swish", "opset4", name+".act_fn/aten::silu/Swish", "", "FP32", wide, g)
	u := m.linear(name+".up_proj", weights+".up_proj.weight", x, up, hidden, mlp)
	product := m.binary("Multiply", name+"/aten::mul/Multiply", wide, g, u)
	return m.linear(name+".down_proj", weights+".down_proj.weight", product, down, mlp, hidden)
}

// cancel makes unit i+pairs carry the large common part of unit i, which the down projection takes out again.
func cancel(gate, up, down []float32) {
	for i := range pairs {
		a, b := i*hidden, (i+pairs)*hidden
		copy(gate[b:b+hidden], gate[a:a+hidden])
		for j := range hidden {
			common := outlier * up[b+j]
			up[a+j] += common
			up[b+j] = common
		}
		for row := range hidden {
			down[row*mlp+i+pairs] = -down[row*mlp+i]
		}
	}
}

func (m *model) write(base string) error {
	if err := os.WriteFile(base+".xml", m.xml(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(base+".bin", m.bin, 0o644)
}
