"""Makes the models of this folder with their inputs and the outputs of OpenVINO: of its CPU plugin in f32, in `types` of its reference kernels.

One model a family; each node has its own attributes, each result compares one of them. Run: python generate.py [NAME]...
"""
import os
import sys

import numpy as np
from openvino import Shape, Tensor, Type
from openvino.op import Constant

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from oracle import Model  # noqa: E402

MODELS = {}


def model(f):
    MODELS[f.__name__.replace("_", "-")] = f
    return f


@model
def matmul(m):
    for a, b in [((3, 5), (5, 4)), ((7, 33), (33, 17)), ((2, 3, 5), (5, 4)), ((2, 3, 5), (2, 5, 4)), ((4, 1, 3, 5), (2, 5, 4)), ((5,), (5, 4)),
                 ((3, 5), (5,)), ((5,), (5,)), ((2, 3, 5), (5,)), ((5,), (2, 5, 4)), ((1, 1, 2, 3), (5, 1, 3, 2)), ((1, 70), (70, 40))]:
        m.add("MatMul", 1, [m.normal(*a), m.normal(*b)], f"{a}x{b}", transpose_a=False, transpose_b=False)
    for ta in [False, True]:
        for tb in [False, True]:
            a, b = (2, 9, 6) if ta else (2, 6, 9), (11, 9) if tb else (9, 11)
            m.add("MatMul", 1, [m.normal(*a), m.normal(*b)], f"ta{ta}-tb{tb}", transpose_a=ta, transpose_b=tb)
    m.add("MatMul", 1, [m.normal(5), m.normal(5)], "vectors-are-not-transposed", transpose_a=True, transpose_b=True)


@model
def types(m):
    def ints(kind, *shape):
        return m.param(m.rng.integers(0, 9, shape).astype(kind))
    for kind in [np.int32, np.int64, np.uint32, np.uint64]:
        m.add("MatMul", 1, [ints(kind, 2, 3, 4), ints(kind, 4, 5)], kind.__name__, transpose_a=False, transpose_b=False)
    m.add("MatMul", 1, [ints(np.int32, 4, 3), ints(np.int32, 5, 4)], "i32-transposed", transpose_a=True, transpose_b=True)
    m.add("MaxPool", 8, [ints(np.int32, 1, 2, 6, 7)], "i32", **{**POOL, "dilations": [1, 1], "index_element_type": "i64", "axis": 0})


WINDOW = dict(strides=[1, 1], pads_begin=[0, 0], pads_end=[0, 0], dilations=[1, 1], auto_pad="explicit")


@model
def convolution(m):
    x = m.normal(2, 3, 9, 11)
    for name, kernel, v in [
        ("1x1", (1, 1), {}), ("3x3", (3, 3), {}), ("pads", (3, 3), dict(pads_begin=[1, 2], pads_end=[2, 0])), ("stride", (3, 3), dict(strides=[2, 3])),
        ("1x1-stride", (1, 1), dict(strides=[2, 2])), ("dilated", (3, 2), dict(dilations=[2, 3], pads_begin=[2, 2], pads_end=[2, 2])),
        ("upper", (4, 3), dict(auto_pad="same_upper", strides=[2, 2])), ("lower", (4, 3), dict(auto_pad="same_lower", strides=[2, 2])),
        ("lower-dilated", (2, 3), dict(auto_pad="same_lower", dilations=[2, 2])),
        ("valid-ignores-pads", (3, 3), dict(auto_pad="valid", pads_begin=[1, 1], pads_end=[1, 1])), ("wide-pads", (2, 2), dict(pads_begin=[5, 4], pads_end=[3, 6])),
    ]:
        m.add("Convolution", 1, [x, m.normal(7, 3, *kernel)], name, **{**WINDOW, **v})
    line = dict(strides=[2], pads_begin=[1], pads_end=[2], dilations=[1], auto_pad="explicit")
    m.add("Convolution", 1, [m.normal(2, 4, 21), m.normal(5, 4, 3)], "1d", **line)
    cube = dict(strides=[1, 2, 1], pads_begin=[1, 0, 1], pads_end=[0, 1, 1], dilations=[1, 1, 2], auto_pad="explicit")
    m.add("Convolution", 1, [m.normal(1, 2, 5, 6, 7), m.normal(3, 2, 2, 3, 2)], "3d", **cube)


@model
def group_convolution(m):
    x = m.normal(2, 6, 9, 11)
    for name, weights, v in [
        ("3-groups", (3, 4, 2, 3, 3), dict(pads_begin=[1, 1], pads_end=[1, 1])), ("depthwise", (6, 1, 1, 3, 3), dict(pads_begin=[1, 1], pads_end=[1, 1])),
        ("depthwise-stride", (6, 1, 1, 5, 5), dict(pads_begin=[2, 2], pads_end=[2, 2], strides=[2, 2])), ("multiplier", (6, 2, 1, 3, 2), dict(dilations=[2, 1])),
        ("depthwise-stride-3", (6, 1, 1, 2, 4), dict(auto_pad="same_upper", strides=[3, 3], dilations=[1, 2])), ("1-group", (1, 5, 6, 1, 1), {}),
    ]:
        m.add("GroupConvolution", 1, [x, m.normal(*weights)], name, **{**WINDOW, **v})
    line = dict(strides=[1], pads_begin=[2], pads_end=[2], dilations=[2], auto_pad="explicit")
    m.add("GroupConvolution", 1, [m.normal(1, 4, 19), m.normal(4, 1, 1, 3)], "1d", **line)
    cube = dict(strides=[1, 1, 2], pads_begin=[1, 1, 1], pads_end=[1, 1, 1], dilations=[1, 1, 1], auto_pad="explicit")
    m.add("GroupConvolution", 1, [m.normal(1, 4, 4, 5, 6), m.normal(4, 1, 1, 3, 3, 3)], "3d", **cube)


DECONV = {**WINDOW, "output_padding": [0, 0]}


@model
def deconvolution(m):
    x = m.normal(2, 5, 4, 6)
    for name, kernel, v in [
        ("2x2-stride-2", (2, 2), dict(strides=[2, 2])), ("3x3", (3, 3), {}), ("pads", (4, 3), dict(strides=[2, 2], pads_begin=[1, 1], pads_end=[1, 0])),
        ("output-padding", (3, 3), dict(strides=[2, 3], output_padding=[1, 2])), ("gaps", (2, 2), dict(strides=[3, 4])),
        ("dilated", (3, 2), dict(dilations=[2, 3], strides=[2, 2])), ("upper", (3, 3), dict(auto_pad="same_upper", strides=[2, 2])),
        ("lower", (3, 3), dict(auto_pad="same_lower", strides=[2, 2])), ("valid", (3, 4), dict(auto_pad="valid", strides=[2, 2], pads_begin=[1, 1], pads_end=[1, 1])),
    ]:
        m.add("ConvolutionBackpropData", 1, [x, m.normal(5, 3, *kernel)], name, **{**DECONV, **v})
    for auto in ["explicit", "same_upper", "same_lower", "valid"]:
        m.add("ConvolutionBackpropData", 1, [x, m.normal(5, 3, 3, 3), np.array([8, 11], np.int64)], f"shape-{auto}", **{**DECONV, "strides": [2, 2], "auto_pad": auto})
    m.add("ConvolutionBackpropData", 1, [m.normal(1, 3, 7), m.normal(3, 2, 4)], "1d", strides=[2], pads_begin=[1], pads_end=[1], dilations=[1],
          auto_pad="explicit", output_padding=[0])
    m.add("ConvolutionBackpropData", 1, [m.normal(1, 3, 2, 3, 4), m.normal(3, 2, 2, 3, 2)], "3d", strides=[2, 1, 2], pads_begin=[0, 1, 0], pads_end=[1, 0, 0],
          dilations=[1, 1, 1], auto_pad="explicit", output_padding=[0, 0, 1])
    g = m.normal(2, 6, 4, 5)
    m.add("GroupConvolutionBackpropData", 1, [g, m.normal(3, 2, 4, 3, 3)], "groups", **{**DECONV, "strides": [2, 2], "pads_begin": [1, 1], "pads_end": [1, 1]})
    m.add("GroupConvolutionBackpropData", 1, [g, m.normal(6, 1, 1, 2, 2)], "depthwise", **{**DECONV, "strides": [2, 2]})


POOL = dict(strides=[2, 2], pads_begin=[0, 0], pads_end=[0, 0], kernel=[3, 3], rounding_type="floor", auto_pad="explicit")
POOLS = {
    "floor": {}, "ceil": dict(rounding_type="ceil"), "pads": dict(pads_begin=[1, 2], pads_end=[2, 1]),
    "pads-ceil": dict(pads_begin=[1, 1], pads_end=[1, 1], rounding_type="ceil"), "stride-over-kernel": dict(kernel=[2, 2], strides=[3, 4]),
    "upper": dict(auto_pad="same_upper"), "lower": dict(auto_pad="same_lower", kernel=[2, 4]), "valid": dict(auto_pad="valid", rounding_type="ceil"),
    "last-window-in-pad": dict(kernel=[2, 2], pads_begin=[1, 1], pads_end=[1, 1], strides=[3, 3], rounding_type="ceil"),
    "upper-last-window-outside": dict(auto_pad="same_upper", kernel=[2, 2], strides=[5, 4], rounding_type="ceil"),
    "valid-last-window-outside": dict(auto_pad="valid", kernel=[2, 2], strides=[5, 4], rounding_type="ceil"),
    "last-windows-past-the-end": dict(kernel=[2, 2], pads_begin=[1, 0], pads_end=[1, 1], strides=[6, 4], rounding_type="ceil"),
}


@model
def max_pool(m):
    x = m.normal(2, 3, 10, 12)
    for name, v in POOLS.items():
        m.add("MaxPool", 1, [x], name, **{**POOL, **v})
    for name, v in {"plain": {}, "dilated": dict(dilations=[2, 3]), "axis-2": dict(axis=2), "i32": dict(index_element_type="i32"),
                    "pads": dict(pads_begin=[1, 2], pads_end=[2, 1]), "axis-1": dict(axis=-3), "valid": dict(auto_pad="valid", rounding_type="ceil")}.items():
        m.add("MaxPool", 8, [x], name, **{**POOL, "dilations": [1, 1], "index_element_type": "i64", "axis": 0, **v})
    for name in ["floor", "ceil", "pads-ceil", "last-window-in-pad"]:
        rounding = dict(rounding_type="ceil_torch") if name != "floor" else {}
        m.add("MaxPool", 14, [x], name + "-torch", **{**POOL, "dilations": [1, 1], "index_element_type": "i64", "axis": 0, **POOLS[name], **rounding})
    m.add("MaxPool", 1, [m.normal(2, 3, 15)], "1d", strides=[2], pads_begin=[1], pads_end=[0], kernel=[4], rounding_type="floor", auto_pad="explicit")
    m.add("MaxPool", 1, [m.normal(1, 2, 4, 5, 6)], "3d", strides=[1, 2, 2], pads_begin=[1, 0, 1], pads_end=[0, 1, 1], kernel=[2, 3, 3],
          rounding_type="floor", auto_pad="explicit")


@model
def avg_pool(m):
    x = m.normal(2, 3, 10, 12)
    for exclude in [True, False]:
        for name, v in POOLS.items():
            if name != "last-window-in-pad":
                m.add("AvgPool", 1, [x], f"{name}-{exclude}", **{**POOL, "exclude-pad": exclude, **v})
        for name in ["ceil", "pads-ceil", "last-window-in-pad"]:
            m.add("AvgPool", 14, [x], f"{name}-torch-{exclude}", **{**POOL, "exclude-pad": exclude, **POOLS[name], "rounding_type": "ceil_torch"})
        m.add("AvgPool", 1, [m.normal(1, 2, 4, 5, 6)], f"3d-{exclude}", strides=[1, 2, 2], pads_begin=[1, 0, 1], pads_end=[0, 1, 1], kernel=[2, 3, 3],
              rounding_type="floor", auto_pad="explicit", **{"exclude-pad": exclude})
        m.add("AvgPool", 1, [m.normal(2, 3, 15)], f"1d-{exclude}", strides=[2], pads_begin=[1], pads_end=[0], kernel=[4], rounding_type="floor",
              auto_pad="explicit", **{"exclude-pad": exclude})


@model
def adaptive_pool(m):
    for name, shape, out in [("1d", (2, 3, 11), [4]), ("2d", (2, 3, 7, 10), [3, 4]), ("2d-larger", (1, 2, 3, 4), [5, 6]), ("3d", (1, 2, 4, 5, 6), [2, 3, 1])]:
        x = m.normal(*shape)
        m.add("AdaptiveAvgPool", 8, [x, np.array(out, np.int64)], name)
        m.add("AdaptiveMaxPool", 8, [x, np.array(out, np.int64)], name, index_element_type="i32")


@model
def attention(m):
    def qkv(*batch, l=5, s=7, e=6, ev=8, kv=None):
        kv = batch if kv is None else kv
        return [m.normal(*batch, l, e), m.normal(*kv, s, e), m.normal(*kv, s, ev)]

    def sdpa(inputs, name, causal=False):
        m.add("ScaledDotProductAttention", 13, inputs, name, causal=causal)
    sdpa(qkv(2, 3), "plain")
    sdpa(qkv(2, 3), "causal", causal=True)
    sdpa(qkv(2), "rank-3")
    sdpa(qkv(2, 3, s=4), "causal-short", causal=True)
    sdpa(qkv(2, 3) + [m.normal(5, 7)], "mask")
    sdpa(qkv(2, 3) + [m.normal(2, 1, 5, 7)], "mask-broadcast")
    boolean = m.rng.random((2, 1, 5, 7)) < 0.6
    boolean[..., 0] = True
    sdpa(qkv(2, 3) + [m.param(boolean)], "mask-bool")
    sdpa(qkv(2, 3) + [m.normal(5, 7), m.param(np.float32(0.2))], "scale")
    sdpa(qkv(2, 3) + [np.float32(0), m.param(np.float32(0.7))], "causal-scale", causal=True)
    sdpa(qkv(1, 2, l=70, s=70, e=16, ev=16), "long-causal", causal=True)


@model
def deformable(m):
    x = m.normal(2, 4, 7, 8)
    def offsets(groups, kernel, out):
        return m.param((2 * m.rng.standard_normal((2, 2 * groups * kernel[0] * kernel[1], *out))).astype(np.float32))
    def mask(groups, kernel, out):
        return m.param(m.rng.random((2, groups * kernel[0] * kernel[1], *out)).astype(np.float32))
    base = {**WINDOW, "group": 1, "deformable_group": 1}
    m.add("DeformableConvolution", 1, [x, offsets(1, (3, 3), (5, 6)), m.normal(6, 4, 3, 3)], "plain", **base)
    m.add("DeformableConvolution", 1, [x, offsets(2, (3, 2), (4, 5)), m.normal(6, 2, 3, 2)], "groups", **{**base, "group": 2, "deformable_group": 2, "strides": [2, 2],
          "pads_begin": [1, 1], "pads_end": [1, 1], "dilations": [1, 1]})
    for channels, pad in [(6, False), (5, True)]:  # of different shapes: the plugin reuses a kernel although bilinear_interpolation_pad differs
        m.add("DeformableConvolution", 8, [x, offsets(2, (3, 3), (7, 8)), m.normal(channels, 4, 3, 3), mask(2, (3, 3), (7, 8))], f"mask-{pad}",
              **{**base, "deformable_group": 2, "pads_begin": [1, 1], "pads_end": [1, 1], "bilinear_interpolation_pad": pad})


@model
def binary(m):
    x = m.normal(2, 8, 6, 7)
    for name, v in {"plain": {}, "pads": dict(pads_begin=[1, 2], pads_end=[2, 0]), "upper": dict(auto_pad="same_upper", strides=[2, 2])}.items():
        for value in [0.0, 1.0, -1.0]:
            weights = Constant(Tensor(m.rng.integers(0, 256, 5 * 9).astype(np.uint8), Shape([5, 8, 3, 3]), Type.u1))
            m.add("BinaryConvolution", 1, [x, weights], f"{name}{value}", **{**WINDOW, "mode": "xnor-popcount", "pad_value": value, **v})


for name in sys.argv[1:] or MODELS:
    m = Model(HERE, name, reference=name == "types")
    MODELS[name](m)
    m.save()
