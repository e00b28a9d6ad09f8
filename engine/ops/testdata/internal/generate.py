"""Makes the models of this folder: operations of the CPU plugin's own opsets, which no frontend makes. Expected are OpenVINO's outputs of the
operations that the plugin makes them of. Run: python generate.py"""
import os
import sys

import numpy as np
import openvino as ov
import openvino.opset15 as op

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from oracle import storage  # noqa: E402


class Internal:
    """A model whose nodes are written as text, each beside the subgraph that has its expected output."""

    def __init__(self):
        self.rng = np.random.default_rng(7)
        self.params, self.data, self.layers, self.edges, self.results = [], [], [], [], []

    def param(self, array):
        p = op.parameter(list(array.shape), ov.Type(array.dtype))
        self.layers.append(f'<layer id="p{len(self.params)}" name="p{len(self.params)}" type="Parameter" version="opset1">'
                           f'<data shape="{",".join(map(str, array.shape))}" element_type="{p.get_element_type().get_type_name()}"/>'
                           f"<output>{port(0, p)}</output></layer>")
        self.params.append(p)
        self.data.append(array)
        return p

    def normal(self, *shape):
        return self.param(self.rng.standard_normal(shape).astype(np.float32))

    def add(self, kind, version, name, inputs, attributes, expected):
        """A layer of a kind; expected is the node that gives the same output, or one for each output."""
        n = len(self.results)
        outputs = expected if isinstance(expected, list) else [expected]
        data = " ".join(f'{k}="{v}"' for k, v in attributes.items())
        self.layers.append(f'<layer id="n{n}" name="{kind}/{name}" type="{kind}" version="{version}"><data {data}/><input>'
                           + "".join(port(i, p) for i, p in enumerate(inputs))
                           + "</input><output>" + "".join(port(len(inputs) + o, e) for o, e in enumerate(outputs)) + "</output></layer>")
        for i, p in enumerate(inputs):
            self.edges.append(f'<edge from-layer="p{self.params.index(p)}" from-port="0" to-layer="n{n}" to-port="{i}"/>')
        for o, e in enumerate(outputs):
            self.layers.append(f'<layer id="r{n + o}" name="r{n + o}" type="Result" version="opset1"><input>{port(0, e)}</input></layer>')
            self.edges.append(f'<edge from-layer="n{n}" from-port="{len(inputs) + o}" to-layer="r{n + o}" to-port="0"/>')
            self.results.append(op.result(e))

    def save(self, name):
        compiled = ov.Core().compile_model(ov.Model(self.results, self.params), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        request = compiled.create_infer_request()
        request.infer(dict(enumerate(self.data)))
        arrays = {f"input_{i}": a for i, a in enumerate(self.data)}
        arrays |= {f"output_{i}": storage(request.get_output_tensor(i)) for i in range(len(self.results))}
        np.savez_compressed(os.path.join(HERE, name + ".npz"), **arrays)
        with open(os.path.join(HERE, name + ".xml"), "w") as f:
            f.write("\n".join(['<net name="internal" version="11">', "<layers>", *self.layers, "</layers>", "<edges>", *self.edges,
                               "</edges>", "</net>", ""]))


def port(i, node):
    dims = "".join(f"<dim>{d}</dim>" for d in node.output(0).get_shape())
    precision = {"f32": "FP32"}.get(name := node.get_element_type().get_type_name(), name.upper())
    return f'<port id="{i}" precision="{precision}">{dims}</port>'


def rotate(x, cos, sin, pairs):
    """x turned by angles, the elements of its last axis paired as the two index lists say."""
    first, second = pairs
    a, b = (op.gather(x, np.array(p), np.int64(3)) for p in pairs)
    y = op.concat([op.subtract(op.multiply(a, cos[0]), op.multiply(b, sin[0])), op.add(op.multiply(b, cos[1]), op.multiply(a, sin[1]))], 3)
    return op.gather(y, np.argsort(first + second), np.int64(3))


def columns(x, start, stop):
    return op.gather(x, np.arange(start, stop), np.int64(len(x.output(0).get_shape()) - 1))


def swap(x):
    return op.transpose(x, np.array([0, 2, 1, 3]))


def halves(n):
    return list(range(n // 2)), list(range(n // 2, n))


def rope(m):
    batch, heads, positions, size = 2, 3, 5, 8
    base = {"config.slice_start": 0, "config.slice_stop": 0, "config.input_trans0213": "false", "config.output_trans0213": "false",
            "config.is_interleaved": "false", "config.rotary_ndims": size, "config.is_chatglm": "false", "config.gather_position_arg_id": 0}

    def add(name, inputs, expected, **attributes):
        m.add("RoPE", "ie_internal_opset", name, inputs, base | {f"config.{k}": v for k, v in attributes.items()}, expected)

    x, y = m.normal(batch, heads, positions, size), m.normal(batch, positions, heads, size)
    cos, sin = m.normal(1, 1, positions, size), m.normal(1, 1, positions, size)
    both = [[columns(t, 0, size // 2), columns(t, size // 2, size)] for t in (cos, sin)]
    add("halves", [x, cos, sin], rotate(x, *both, halves(size)))
    add("positions first", [y, cos, sin], rotate(swap(y), *both, halves(size)), input_trans0213="true")
    short = [m.normal(positions, size // 2) for _ in range(2)]
    add("one angle a pair", [x, *short], rotate(x, *[[t, t] for t in short], halves(size)))
    add("part of a slice", [x, *(narrow := [m.normal(batch, 1, positions, 4) for _ in range(2)])],
        op.concat([rotate(columns(x, 1, 5), *[[columns(t, 0, 2), columns(t, 2, 4)] for t in narrow], halves(4)), columns(x, 5, 7)], 3),
        slice_start=1, slice_stop=7, rotary_ndims=4)
    table = [m.normal(1, 1, 9, size) for _ in range(2)]
    rows = m.param(m.rng.integers(0, 9, (batch, positions)).astype(np.int32))
    taken = [op.reshape(op.gather(t, rows, np.int64(2)), np.array([batch, 1, positions, size]), False) for t in table]
    add("rows by position", [x, *table, rows], rotate(x, *[[columns(t, 0, 4), columns(t, 4, 8)] for t in taken], halves(size)),
        gather_position_arg_id=3)
    sines = m.normal(batch, positions, 6)
    s, c = (op.unsqueeze(columns(sines, *r), np.int64(2)) for r in [(0, 3), (3, 6)])
    pairs = [0, 2, 4], [1, 3, 5]
    turned = op.concat([rotate(columns(y, 0, 6), [c, c], [s, s], pairs), columns(y, 6, 8)], 3)
    add("interleaved", [y, sines], turned, is_interleaved="true", rotary_ndims=6)
    add("interleaved, swapped", [y, sines], swap(turned), is_interleaved="true", rotary_ndims=6, output_trans0213="true")


def plugin_forms(m):
    x = m.normal(3, 4)
    scale = op.add(op.multiply(x, np.float32(0.5)), np.float32(2))
    for power in [1, 2, 0.5, -1, 1.5]:
        value = op.power(op.abs(scale), np.float32(power)) if power in (0.5, 1.5) else op.power(scale, np.float32(power))
        m.add("PowerStatic", "cpu_plugin_opset", power, [x], {"scale": 0.5, "shift": 2, "power": power, "out-type": "f32"}, value)
    m.add("LeakyRelu", "cpu_plugin_opset", "", [x], {"negative_slope": 0.3, "out-type": "f32"}, op.prelu(x, np.float32(0.3)))
    for alpha in [1, 1.7]:
        m.add("SwishCPU", "cpu_plugin_opset", alpha, [x], {"alpha": alpha}, op.swish(x, np.float32(alpha)))


def relaxed(m):
    x = m.normal(2, 3)
    a, b = (m.param(m.rng.integers(0, 256, (2, 3)).astype(np.uint8)) for _ in range(2))
    flags = m.param(np.array([[0, 1, 1], [1, 0, 1]], np.uint8))
    scale = [m.param(np.float32(v).reshape(1, 1)) for v in [-2, 2, 0, 255]]

    def add(kind, name, inputs, expected, types="", out="", **attributes):
        m.add(kind, "type_relaxed_opset10" if kind == "IsNaN" else "type_relaxed_opset1", name, inputs,
              {"type_relax": "true", "input_data_types": types, "output_data_types": out, **attributes}, expected)

    def f32(v):
        return op.convert(v, "f32")

    add("FakeQuantize", "u8", [x, *scale], op.convert(op.round(op.fake_quantize(x, *scale, 256)), "u8"), out="u8", levels=256)
    add("FakeQuantize", "of u8", [a, *scale], op.fake_quantize(f32(a), *scale, 256), levels=256)
    add("Subtract", "f32", [a, b], op.subtract(f32(a), f32(b)), out="f32")
    add("Multiply", "typed", [a, b], op.multiply(f32(a), f32(b)), types="f32, f32", out="f32")
    add("LessEqual", "u8", [a, b], op.convert(op.less_equal(f32(a), f32(b)), "u8"), out="u8")
    add("LogicalAnd", "u8", [flags, flags], flags_and(flags, flags), types="boolean, boolean", out="u8")
    add("IsNaN", "u8", [x], op.convert(op.is_nan(x), "u8"), out="u8")
    add("Select", "", [flags, x, x], op.select(op.convert(flags, "boolean"), x, x), types="boolean")


def flags_and(a, b):
    return op.convert(op.logical_and(op.convert(a, "boolean"), op.convert(b, "boolean")), "u8")


def cached_attention(m):
    beams = m.param(np.array([1, 0], np.int32))
    scale = m.param(np.array([0.3], np.float32))

    def add(name, heads, shared, length, past, mask=None, scaled=False, causal=False, flat=False):
        q, k, v = m.normal(2, heads, length, 8), m.normal(2, shared, length, 8), m.normal(2, shared, length, 8)
        cache = [m.normal(2, shared, past, 8) for _ in range(2)]
        keys, values = (op.concat([op.gather(c, beams, np.int64(0)), new], 2) for c, new in zip(cache, (k, v)))
        each = np.repeat(np.arange(shared), heads // shared)
        all_keys, all_values = (op.gather(t, each, np.int64(1)) for t in (keys, values))
        inputs, rest = [q, k, v], {}
        if mask:
            inputs.append(m.normal(*mask))
            rest["attention_mask"] = inputs[3]
        if scaled:
            inputs.append(scale)
            rest["scale"] = op.reshape(scale, np.array([], np.int64), False)
        if causal:
            rest["attention_mask"] = op.constant(np.tril(np.ones((length, past + length), bool), past))
        y = op.scaled_dot_product_attention(q, all_keys, all_values, causal=False, **rest)
        if flat:
            y = op.reshape(swap(y), np.array([2, length, heads * 8]), False)
        attributes = {"output_BLHxS": flat, "fuse_causal_attn": False, "is_causal": causal, "fuse_concat": True}
        m.add("ScaledDotProductAttentionWithKVCache", "cpu_plugin_opset", name, [*inputs, beams, *cache],
              {f"config.{a}": str(b).lower() for a, b in attributes.items()} | {"config.permute_axes": ""}, [y, keys, values])

    add("one step", 2, 2, 1, 3)
    add("shared heads, masked, scaled", 4, 2, 3, 2, (2, 1, 3, 5), True)
    add("mask of heads, nothing before", 4, 2, 3, 0, (1, 4, 3, 3))
    add("causal, flat", 4, 1, 3, 2, causal=True, flat=True)


for f in [rope, plugin_forms, relaxed, cached_attention]:
    model = Internal()
    f(model)
    model.save(f.__name__.replace("_", "-"))
