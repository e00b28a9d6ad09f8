"""Makes the models of this folder with their inputs and OpenVINO's outputs. Run: python generate.py [NAME]..."""
import os
import sys

import numpy as np
from openvino import Type

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from oracle import Model  # noqa: E402

MODELS = {}


def model(f=None, **options):
    if f is None:
        return lambda g: model(g, **options)
    MODELS[f.__name__.replace("_", "-")] = f, options


@model
def arithmetic(m):
    x, y = m.uniform(-3, 3, 2, 3, 4), m.uniform(-3, 3, 2, 3, 4)
    for op in ["Add", "Subtract", "Multiply", "Divide", "Maximum", "Minimum", "SquaredDifference", "Mod", "FloorMod"]:
        m.add(op, 1, [x, y])
    m.add("Power", 1, [m.uniform(0, 3, 2, 3, 4), y])
    for exponent in [0.5, -0.5, 2, 3, -1, 1, 0, 1.7]:
        m.add("Power", 1, [m.uniform(0.1, 3, 7), np.float32(exponent)], str(exponent))
    m.add("Power", 1, [x, np.float32(3)], "negative-base")


@model
def broadcast(m):
    x = m.normal(2, 3, 4, 5)
    for shape in [(), (1,), (5,), (4, 1), (3, 1, 1), (2, 1, 1, 1), (1, 3, 1, 5), (2, 1, 4, 1), (1, 1, 1, 1, 1), (6, 1, 1, 1, 1)]:
        y = m.normal(*shape)
        m.add("Add", 1, [x, y], f"{shape} right")
        m.add("Subtract", 1, [y, x], f"{shape} left")
    m.add("Multiply", 1, [m.normal(4, 1, 3), m.normal(5, 1)], "both")
    m.add("Add", 1, [m.normal(2, 3), m.normal(2, 3)], "none", auto_broadcast="none")
    m.add("Add", 1, [m.normal(0, 3), m.normal(1, 3)], "empty")
    for shape, axis in [((4, 5), -1), ((2,), 0), ((3, 4), 1), ((3, 1), 1), ((2, 1, 4), 0)]:
        m.add("Add", 1, [x, m.normal(*shape)], f"pdpd {shape} {axis}", **{"auto_broadcast": "pdpd", "auto_broadcast.auto_broadcast_axis": axis})


@model
def comparison(m):
    x = m.param(np.array([1, 2, 3, np.nan, np.nan, np.inf, -np.inf, 0, -0.0], np.float32))
    y = m.param(np.array([2, 2, 2, 1, np.nan, np.inf, np.inf, -0.0, 0], np.float32))
    a, b = (m.param(m.rng.integers(-3, 4, (2, 5)).astype(np.int32)) for _ in range(2))
    for op in ["Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"]:
        # the plugin's Greater and GreaterEqual are true of NaN, against IEEE 754, the reference kernels and ONNX Runtime
        m.add(op, 1, [x, y] if "Greater" not in op else [m.normal(9), m.normal(9)], "f32")
        m.add(op, 1, [a, b], "i32")
        m.add(op, 1, [a, np.int32(1)], "scalar")
    p, q = m.param(np.array([[False, False, True, True]])), m.param(np.array([[False], [True]]))
    for op in ["LogicalAnd", "LogicalOr", "LogicalXor"]:
        m.add(op, 1, [p, q])
    m.add("LogicalNot", 1, [p])
    m.add("Select", 1, [p, m.normal(3, 1, 1), m.normal(2, 4)], "f32")
    m.add("Select", 1, [q, m.param(np.array([7], np.int32)), np.arange(8, dtype=np.int32).reshape(2, 4)], "i32")


def operands(m, t):
    """Two parameters of integers of both signs, and whether the type has signs."""
    signed = np.issubdtype(t, np.signedinteger)
    sign = -1 if signed else 1
    return m.param(np.array([7, 7 * sign, 10, 5 * sign, 0, 13], t)), m.param(np.array([2, 2, 3 * sign, 2 * sign, 3, 5], t)), signed


@model(reference=True)
def integers(m):
    for t in [np.int64, np.int32, np.uint64, np.uint32]:
        name = np.dtype(t).name
        x, y, signed = operands(m, t)
        for op in ["Add", "Subtract", "Multiply", "Maximum", "Minimum", "Mod", "FloorMod"]:
            m.add(op, 1, [x, y], name)
        m.add("Divide", 1, [np.array(v.data) for v in m.data[-2:]], f"{name} constants")
        m.add("Divide", 1, [x, y], f"{name} truncating", m_pythondiv=False)
        m.add("Power", 1, [x, np.array([0, 1, 1, 2, 3, 1], t)], name)
        m.add("Multiply", 1, [m.param(np.array([2**31 - 1], t)), np.array([3], t)], f"{name} wraps")
        for op in ["Abs", "Relu", "Floor", "Ceiling"] + ["Sign", "Negative"] * signed:
            m.add(op, 1, [x], name)
        m.add("Clamp", 1, [x], name, min=1.5, max=6.5)
        for op in ["ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceMean"]:
            m.add(op, 1, [x, np.array([0])], name, keep_dims=False)


@model
def narrow_integers(m):
    for t in [np.int32, np.int16, np.int8, np.uint16, np.uint8]:
        name = np.dtype(t).name
        x, y, signed = operands(m, t)
        for op in ["Add", "Multiply", "Maximum", "Minimum", "Mod", "FloorMod"] + ["Subtract"] * signed:
            m.add(op, 1, [x, y], name)
        if t in [np.int8, np.uint8]:
            for op in ["Add", "Subtract", "Multiply"]:
                m.add(op, 1, [m.param(np.array([100, 5, 120, 90, 0], t)), m.param(np.array([100, 10, 30, 60, 1], t))], f"{name} saturates")
        for python in [True, False]:  # the plugin cuts towards zero either way
            m.add("Divide", 1, [x, y], f"{name} m_pythondiv={python}", m_pythondiv=python)
        for op in ["Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"]:
            m.add(op, 1, [x, y], name)
        for op in ["BitwiseAnd", "BitwiseOr", "BitwiseXor"]:
            m.add(op, 13, [x, y], name)
        m.add("BitwiseNot", 13, [x], name)
        shift = np.array([0, 1, 2, 3, 1, 2], t)
        m.add("BitwiseLeftShift", 15, [x, shift], name)
        m.add("BitwiseRightShift", 15, [x, shift], name)


@model
def functions(m):
    x = m.param(np.concatenate([np.linspace(-9, 9, 61), m.rng.standard_normal(40)]).astype(np.float32))
    for op in ["Abs", "Ceiling", "Floor", "Negative", "Relu", "Sign", "Tanh", "Sigmoid", "Erf", "Sin", "Cos", "Atan", "Asinh", "Exp"]:
        m.add(op, 1 if op != "Asinh" else 4, [x])
    for op, opset in [("HSwish", 4), ("Mish", 4), ("SoftPlus", 4), ("HSigmoid", 5), ("SoftSign", 9), ("Swish", 4)]:
        m.add(op, opset, [x])
    m.add("Swish", 4, [x, np.float32(1.5)], "beta")
    m.add("Gelu", 2, [x])
    for mode in ["ERF", "TANH"]:
        m.add("Gelu", 7, [x], mode, approximation_mode=mode)
    m.add("Elu", 1, [x], alpha=0.7)
    m.add("Selu", 1, [x, np.float32(1.67), np.float32(1.05)])
    m.add("HardSigmoid", 1, [x, np.float32(0.2), np.float32(0.5)])
    m.add("Clamp", 1, [x], min=-1.5, max=2.25)
    halves = m.param(np.array([-2.5, -1.5, -0.5, -0.0, 0.5, 1.5, 2.5, 2.4, 1e9, 0.49999997], np.float32))
    for mode in ["half_to_even", "half_away_from_zero"]:
        m.add("Round", 5, [halves], mode, mode=mode)
    for op in ["Sinh", "Cosh", "Tan"]:
        m.add(op, 1, [m.uniform(-1.4, 1.4, 30)])
    for op in ["Sqrt", "Log"]:
        m.add(op, 1, [m.uniform(0, 10, 30)])
    for op in ["Acos", "Asin"]:
        m.add(op, 1, [m.uniform(-1, 1, 30)])
    m.add("Atanh", 4, [m.uniform(-0.99, 0.99, 30)])
    m.add("Acosh", 4, [m.uniform(1, 9, 30)])
    for shape, slope in [((2, 3, 3), (3,)), ((2, 3, 4), (1,)), ((2, 3, 4), (3, 1)), ((2, 3, 4), (4,)), ((2, 3, 4), (2, 3, 4)), ((5,), (5,)), ((4, 3), (3,))]:
        m.add("PRelu", 1, [m.normal(*shape), m.normal(*slope)], f"{shape} {slope}")


@model
def limits(m):
    x = m.param(np.array([np.inf, -np.inf, np.nan, 0, -0.0, 1e-40, 3e38, -3e38, 89, -105], np.float32))
    for op in ["Abs", "Ceiling", "Floor", "Negative", "Relu", "Sign", "Tanh", "Sigmoid", "Erf", "Sqrt", "Log"]:
        m.add(op, 1, [x])
    m.add("Exp", 1, [m.param(np.array([np.inf, -np.inf, 0, 89, -105], np.float32))])  # of NaN the plugin has infinity
    for op in ["Swish", "HSwish", "Mish", "SoftPlus"]:
        m.add(op, 4, [x])
    for op in ["IsNaN", "IsInf", "IsFinite"]:
        m.add(op, 10, [m.param(np.array([np.inf, -np.inf, np.nan, 0, 3e38], np.float32))])
    for negative in [False, True]:
        m.add("IsInf", 10, [x], f"negative={negative}", detect_negative=negative, detect_positive=not negative)
    m.add("Clamp", 1, [x], min=-1.5, max=2.25)
    m.add("FakeQuantize", 1, [x, np.float32(-1), np.float32(1), np.float32(-1), np.float32(1)], levels=256)
    y = m.param(np.array([1, np.nan, 2, np.inf, 0, 0, 3e38, -3e38, 2, 2], np.float32))
    for op in ["Add", "Multiply", "Divide", "Maximum", "Minimum"]:
        m.add(op, 1, [x, y])


@model
def reduction(m):
    x = m.normal(2, 3, 4, 5, shift=0.5)
    y = m.param(m.rng.integers(-3, 4, (2, 3, 4)).astype(np.int32))
    b = m.param(m.rng.random((2, 3, 4)) < 0.7)
    for axes in [[0], [3], [-1], [1, 2], [0, 3], [1, 3], [0, 2], [2, 3], [3, 2], [0, 1, 2, 3]]:
        for op in ["ReduceMean", "ReduceSum"]:
            m.add(op, 1, [x, np.array(axes, np.int64)], f"{axes}", keep_dims=False)
    for axes, keep in [([2], True), ([0, 1], False), (1, False)]:
        axes = np.array(axes, np.int32)
        for op in ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"]:
            m.add(op, 1, [x, axes], f"{axes} {keep}", keep_dims=keep)
        for op in ["ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"]:
            m.add(op, 1, [y, axes], f"{axes} {keep} i32", keep_dims=keep)
        for op in ["ReduceL1", "ReduceL2"]:
            m.add(op, 4, [x, axes], f"{axes} {keep}", keep_dims=keep)
        for op in ["ReduceLogicalAnd", "ReduceLogicalOr"]:
            m.add(op, 1, [b, axes], f"{axes} {keep}", keep_dims=keep)
    for axis in [0, 1, 2, 3]:
        m.add("Softmax", 1, [x], f"1 {axis}", axis=axis)
    for axis in [-1, -3, 0]:
        m.add("Softmax", 8, [x], f"8 {axis}", axis=axis)
        m.add("LogSoftmax", 5, [x], f"{axis}", axis=axis)
    for exclusive in [False, True]:
        for reverse in [False, True]:
            m.add("CumSum", 3, [x, np.int64(-2)], f"{exclusive} {reverse}", exclusive=exclusive, reverse=reverse)
            m.add("CumSum", 3, [y, np.int32(0)], f"{exclusive} {reverse} i32", exclusive=exclusive, reverse=reverse)


@model(reference=True)
def nothing(m):
    """Reductions along no axes, which the plugin refuses, and operations on no elements."""
    x, none = m.normal(2, 3), m.param(np.zeros((2, 0, 3), np.float32))
    for op in ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd"]:
        m.add(op, 1, [x, np.zeros(0, np.int64)], "no axes", keep_dims=False)
    for op in ["Relu", "Exp", "Softmax"]:
        m.add(op, 1, [none])
    m.add("Add", 1, [none, m.normal(2, 1, 1)])


@model
def reduction_limits(m):
    """Reductions of nothing and of infinities, where the plugin's extremes begin at the largest finite numbers, and of 8 bits, which saturate."""
    for shape, values in [("no elements", np.zeros((2, 0, 3))), ("infinite", np.full((2, 3, 1), np.inf)), ("-infinite", np.full((2, 3, 1), -np.inf))]:
        x = m.param(values.astype(np.float32))
        for op in ["ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceMean"]:
            m.add(op, 1, [x, np.array([1])], shape, keep_dims=True)
    for t, low, high in [(np.int8, 20, 127), (np.uint8, 20, 255)]:
        x = m.param(m.rng.integers(low, high, (3, 9, 5)).astype(t))
        for op in ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1"] + ["ReduceL2"] * (t == np.int8):
            m.add(op, 4 if op[6] == "L" else 1, [x, np.array([1])], t.__name__, keep_dims=True)


@model
def saturation(m):
    """Of 8 bits, what is beyond them becomes the nearest of their values, and what is beyond 32 the lowest."""
    for t, values in [(np.int8, [-128, -127, -1, 0, 1, 127, 100, 3]), (np.uint8, [0, 1, 2, 127, 128, 200, 255, 16])]:
        x, name = m.param(np.array(values, t)), t.__name__
        for op in ["Abs", "Exp", "Sqrt", "Relu"] + ["Negative"] * (t == np.int8):
            m.add(op, 1, [x], name)
        m.add("Power", 1, [x, m.param(np.array([2, 2, 2, 3, 1, 1, 2, 2], t))], name)
        y, z = (m.param(m.rng.choice(np.array(values, t), shape)) for shape in [(3, 8), (8, 4)])
        m.add("MatMul", 1, [y, z], name, transpose_a=False, transpose_b=False)
    m.add("Convert", 1, [m.param(np.array([np.inf, -np.inf, np.nan, 7.5], np.float16))], "f16", destination_type="i32")


@model
def normalization(m):
    x = m.normal(2, 6, 4, 5, scale=2, shift=1)
    for across in [False, True]:
        for variance in [False, True]:
            m.add("MVN", 2, [x], f"2 {across} {variance}", across_channels=across, normalize_variance=variance, eps=1e-3)
    for axes in [[2, 3], [-1], [1, 2, 3], [1], [0, 2]]:
        for mode in ["INSIDE_SQRT", "OUTSIDE_SQRT"]:
            m.add("MVN", 6, [x, np.array(axes, np.int64)], f"6 {axes} {mode}", normalize_variance=True, eps=1e-2, eps_mode=mode)
    m.add("MVN", 6, [x, np.array([3], np.int64)], "no variance", normalize_variance=False, eps=1e-2, eps_mode="INSIDE_SQRT")
    m.add("MVN", 6, [m.normal(1000, shift=30), np.array([0], np.int64)], "large mean", normalize_variance=True, eps=1e-9, eps_mode="INSIDE_SQRT")


@model
def scaling(m):
    x = m.normal(2, 6, 4, 5, scale=2, shift=1)
    for axes in [[1], [1, 2, 3], [3], [2, 3], []]:
        for mode in ["add", "max"]:
            m.add("NormalizeL2", 1, [x, np.array(axes, np.int64)], f"{axes} {mode}", eps=0.5, eps_mode=mode)
    m.add("GRN", 1, [x], bias=0.3)
    # bias 1: the plugin takes every other one for 1 too, against the specification
    for axes, size in [([1], 3), ([1], 5), ([2, 3], 3)]:
        m.add("LRN", 1, [x, np.array(axes, np.int64)], f"{axes} {size}", alpha=0.7, beta=0.75, bias=1.0, size=size)
    for bias in [2.0, 1.7]:  # which the plugin reads as an integer
        m.add("LRN", 1, [x, np.array([1])], f"bias {bias}", alpha=0.7, beta=0.75, bias=bias, size=3)
    gamma, beta, mean = (m.normal(6) for _ in range(3))
    variance = m.uniform(0.1, 2, 6)
    m.add("BatchNormInference", 1, [gamma, beta, x, mean, variance], "1", epsilon=1e-2)
    m.add("BatchNormInference", 5, [x, gamma, beta, mean, variance], "5", epsilon=1e-2)
    for groups in [1, 2, 3, 6]:
        m.add("GroupNormalization", 12, [x, gamma, beta], f"{groups}", num_groups=groups, epsilon=1e-3)


@model
def quantization(m):
    x = m.normal(2, 3, 4, 4, scale=2)
    f = np.float32
    for levels in [2, 5, 16, 255, 256]:
        m.add("FakeQuantize", 1, [x, f(-1.5), f(2.25), f(-1.25), f(2.5)], f"{levels}", levels=levels)
    m.add("FakeQuantize", 1, [x, f(0), f(2.55), f(0), f(2.55)], "positive", levels=256)
    low, high = (v * m.rng.uniform(0.5, 2, (1, 3, 1, 1)).astype(f) for v in [f(-1), f(1)])
    m.add("FakeQuantize", 1, [x, low, high, low, high], "channels", levels=256)
    m.add("FakeQuantize", 1, [x, low, high, f(-1), f(1)], "channels in", levels=32)
    m.add("FakeQuantize", 1, [x, f(-1), f(1), low, high], "channels out", levels=32)


def half(m, element, *shape):
    """A parameter of f16, or of bf16 as numpy's f16 with the bits of a bf16."""
    x = m.rng.standard_normal(shape).astype(np.float32)
    if element == "f16":
        return m.param(x.astype(np.float16))
    bits = (x.view(np.uint32) >> 16).astype(np.uint16)
    return m.param(bits.view(np.float16), Type.bf16)


@model
def halves(m):
    for e in ["f16", "bf16"]:
        x, y = half(m, e, 3, 4, 5), half(m, e, 4, 1)
        for op in ["Add", "Multiply", "Divide", "Maximum", "Greater", "SquaredDifference"]:
            m.add(op, 1, [x, y], e)
        for op in ["Relu", "Sigmoid", "Tanh", "Exp", "Erf", "Sin", "Floor"]:
            m.add(op, 1, [x], e)
        m.add("Gelu", 7, [x], e)
        m.add("Softmax", 8, [x], e, axis=-1)
        m.add("Softmax", 8, [x], f"{e} 1", axis=1)
        for op in ["ReduceSum", "ReduceMean", "ReduceMax"]:
            m.add(op, 1, [x, np.array([1])], e, keep_dims=True)
        m.add("MVN", 6, [x, np.array([2])], e, normalize_variance=True, eps=1e-3, eps_mode="INSIDE_SQRT")
        for to in ["f32", "i32", "u8", "boolean", "bf16" if e == "f16" else "f16"]:
            m.add("Convert", 1, [x], f"{e} {to}", destination_type=to)


@model
def doubles(m):
    """The plugin computes f64 in f32: expected are numpy's values."""
    a, b = m.rng.standard_normal((3, 4)), m.rng.standard_normal((4,))
    x, y, p = m.param(a), m.param(b), m.param(np.abs(a))
    for op, f in [("Add", np.add), ("Subtract", np.subtract), ("Multiply", np.multiply), ("Divide", np.divide), ("Maximum", np.maximum),
                  ("Minimum", np.minimum), ("Mod", np.fmod), ("FloorMod", np.mod), ("Greater", np.greater), ("NotEqual", np.not_equal)]:
        m.add(op, 1, [x, y], expected=f(a, b))
    m.add("Power", 1, [p, y], expected=np.abs(a) ** b)
    for op, f in [("Abs", np.abs), ("Negative", np.negative), ("Sign", np.sign), ("Floor", np.floor), ("Ceiling", np.ceil), ("Exp", np.exp),
                  ("Tanh", np.tanh), ("Sin", np.sin), ("Cos", np.cos), ("Atan", np.arctan)]:
        m.add(op, 1, [x], expected=f(a))
    for op, f in [("ReduceSum", np.sum), ("ReduceMean", np.mean), ("ReduceMax", np.max), ("ReduceProd", np.prod)]:
        for axis in [0, 1]:
            m.add(op, 1, [x, np.array([axis])], f"{axis}", expected=f(a, axis=axis), keep_dims=False)
    e = np.exp(a - a.max(1, keepdims=True))
    m.add("Softmax", 8, [x], expected=e / e.sum(1, keepdims=True), axis=1)
    m.add("CumSum", 3, [x, np.int64(0)], expected=np.cumsum(a, 0))


@model
def convert(m):
    x = m.param(np.array([1.5, -1.5, 2.5, -2.5, 300, -300, 70000, 3e9, -3e9, 1e20, np.inf, -np.inf, np.nan, 0.3, -0.0, 255.9], np.float32))
    for to in ["i32", "i16", "i8", "u8", "u16", "boolean", "f16", "bf16"]:
        m.add("Convert", 1, [x], f"f32 {to}", destination_type=to)
    small = m.param(np.array([1.5, -1.5, 2.5, -2.5, 300, -300, 70000], np.float32))
    for to in ["i64", "u32", "u64"]:
        m.add("Convert", 1, [small], f"f32 {to}", destination_type=to)
    wide = m.param(np.array([300, -300, 70000, -70000, 127, -128, -1, 0, 1, 2**31 - 1], np.int32))
    for to in ["i64", "i16", "i8", "u8", "u16", "u32", "u64", "boolean", "f32", "f16", "bf16"]:
        m.add("Convert", 1, [wide], f"i32 {to}", destination_type=to)
    byte = m.param(np.array([0, 1, 127, 128, 255], np.uint8))
    for to in ["i64", "i32", "i16", "i8", "u32", "boolean", "f32", "f16"]:
        m.add("Convert", 1, [byte], f"u8 {to}", destination_type=to)
    flags = m.param(np.array([True, False]))
    for to in ["i64", "i32", "u8", "f32", "f16"]:
        m.add("Convert", 1, [flags], f"boolean {to}", destination_type=to)
    m.add("ConvertLike", 1, [small, wide])
    x = np.array([0.1, 1.06, 1.0625, 1.1875, 448, 464, 465, 480, 1e4, -1e6, np.inf, -np.inf, 2**-9, 2**-10, 1.5 * 2**-10, 57344, 61439, 61440,
                  2**-16, 2**-17, 1.5 * 2**-17, 0, 1.06251, 464.05, 17.001], np.float32)
    y, shape = m.param(x), m.normal(2, 3, 4, scale=30)
    for to in ["f8e4m3", "f8e5m2"]:
        eighth = m.hidden("Convert", 1, [y], destination_type=to)
        m.add("Convert", 1, [eighth], f"{to} f32", destination_type="f32")
        m.add("FakeConvert", 13, [y, np.float32(1)], to, destination_type=to)
        m.add("FakeConvert", 13, [shape, m.uniform(0.5, 2, 3, 1), m.normal(3, 1)], f"{to} scaled", destination_type=to)


def main(names):
    for name, (f, options) in MODELS.items():
        if not names or name in names:
            m = Model(HERE, name, **options)
            f(m)
            m.save()


main(sys.argv[1:])
