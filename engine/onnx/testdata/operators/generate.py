"""Makes operators.zip: models of one operator each, in forms and opsets that are easy to get wrong, with inputs and what ONNX Runtime gives.

python generate.py    needs numpy, onnx and onnxruntime 1.32; the zip holds NAME.onnx and NAME.npz (in_X, out_Y)
"""
import io
import itertools
import pathlib
import zipfile

import numpy as np
import onnxruntime as ort
from onnx import helper as h, numpy_helper as nh

rng = np.random.default_rng(11)
archive = zipfile.ZipFile(pathlib.Path(__file__).parent / "operators.zip", "w", zipfile.ZIP_DEFLATED)


def f(*shape, t=np.float32):
    return np.asarray(rng.standard_normal(shape)).astype(t)


def ints(low, high, *shape, t=np.int64):
    return np.asarray(rng.integers(low, high, shape)).astype(t)


def case(name, op, opset, inputs, outputs=1, constants=(), domain="", **attributes):
    """inputs: arrays in order, None for one that is left out; those whose places are in constants are initializers."""
    names = [f"i{k}" if a is not None else "" for k, a in enumerate(inputs)]
    given = {f"i{k}": np.asarray(a) for k, a in enumerate(inputs) if a is not None}
    fed = {k: v for k, v in given.items() if int(k[1:]) not in constants}
    results = [f"o{k}" for k in range(outputs)]
    node = h.make_node(op, names, results, name=op, domain=domain, **{k: v for k, v in attributes.items() if v is not None})
    several(name, opset, [node], fed, {k: v for k, v in given.items() if k not in fed}, results)


def several(name, opset, nodes, fed, constants, results):
    """A model of several nodes."""
    graph = h.make_graph(nodes, name, [h.make_tensor_value_info(k, h.np_dtype_to_tensor_dtype(v.dtype), v.shape) for k, v in fed.items()],
                         [h.make_empty_tensor_value_info(o) for o in results], [nh.from_array(v, k) for k, v in constants.items()])
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", opset), h.make_opsetid("com.microsoft", 1)], ir_version=10)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    arrays = {f"in_{k}": v for k, v in fed.items()} | {f"out_{k}": v for k, v in zip(results, session.run(None, fed))}
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    for ending, data in (("onnx", model.SerializeToString()), ("npz", packed.getvalue())):
        archive.writestr(zipfile.ZipInfo(f"{name}.{ending}", (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)


x = f(1, 2, 5, 4)
for auto, (stride, size, dilation), out in itertools.product((None, "SAME_UPPER", "SAME_LOWER", "VALID"), ((2, 3, 1), (1, 2, 2), (3, 2, 1)), (None, 1, 2)):
    whole = [(n - 1) * stride + (size - 1) * dilation + 1 for n in (5, 4)]
    case(f"ConvTranspose {auto} {stride} {size} {dilation} {out}", "ConvTranspose", 11, [x, f(2, 3, size, size), f(3)], constants=(1,), strides=[stride] * 2,
         dilations=[dilation] * 2, auto_pad=auto, output_shape=out and [whole[0] - out, whole[1] - 3 + out])
for op, size, pads, counted in (("AveragePool", 3, [1, 0, 1, 1], 1), ("AveragePool", 2, [0, 1, 0, 1], 1), ("AveragePool", 3, [1] * 4, 0), ("LpPool", 3, [0] * 4, None),
                                ("LpPool", 2, [1, 0, 1, 1], None), ("MaxPool", 3, [1, 0, 1, 1], None)):
    for stride in (2, 3):
        case(f"{op} ceil {size} {pads} {counted} {stride}", op, 22, [f(1, 2, 7, 6)], kernel_shape=[size] * 2, strides=[stride] * 2, pads=pads, ceil_mode=1,
             count_include_pad=counted)
for a, b in itertools.product((np.float32, np.float64, np.int32, np.int64), repeat=2):
    case(f"Pow {a.__name__} {b.__name__}", "Pow", 15, [np.abs(f(3, 4) * 3).astype(a) + a(1), np.array([2, 1.5, 0.5, 3]).astype(b)])
for op, t in itertools.product(("ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"), (np.float32, np.int32)):
    positive = np.abs(f(2, 3, 4) * 3).astype(t) + t(1)
    case(f"{op} {t.__name__}", op, 18, [positive, np.array([1, 2])])
    if t == np.float32:
        case(f"{op} of each", op, 18, [-f(2, 3) if op in ("ReduceL1", "ReduceL2") else positive], noop_with_empty_axes=1)
for pads in ([-1, 1, 0, -1], [0, -1, 0, 3], [5, 0, 1, 7]):
    case(f"Pad wrap {pads}", "Pad", 19, [f(3, 4), np.array(pads)], mode="wrap")
regions, batches = np.array([[0, 0, 7, 7], [1, 2, 5.5, 6.3], [-2, -1, 3, 3]], np.float32), np.array([0, 1, 0])
for mode, samples, place in itertools.product(("avg", "max"), (0, 2), ("half_pixel", "output_half_pixel")):
    case(f"RoiAlign {mode} {samples} {place}", "RoiAlign", 16, [f(2, 2, 8, 9), regions, batches], mode=mode, sampling_ratio=samples, output_height=2, output_width=3,
         spatial_scale=0.7, coordinate_transformation_mode=place)
case("MaxRoiPool", "MaxRoiPool", 7, [f(1, 2, 8, 8), np.array([[0, 1, 1, 5, 6], [0, 0, 0, 7, 7]], np.float32)], pooled_shape=[2, 2])
corner = rng.uniform(0, 10, (1, 12, 2))
boxes = np.concatenate([corner, corner + rng.uniform(0.5, 4, (1, 12, 2))], -1).astype(np.float32)
touching = np.array([[[0, 0, 2, 2], [0, 1, 2, 3], [0, 2, 2, 4], [5, 5, 6, 6]]], np.float32)
for name, where, threshold in (("default", boxes, None), ("0", boxes, 0), ("0.3", boxes, 0.3), ("equal", touching, 1 / 3)):
    case(f"NonMaxSuppression {name}", "NonMaxSuppression", 11, [where, np.abs(f(1, 2, where.shape[1])), np.array([9]),
                                                                None if threshold is None else np.array([threshold], np.float32)], constants=(3,))
for mode, place, sizes in itertools.product(("linear", "cubic"), ("half_pixel", "align_corners", "pytorch_half_pixel", "asymmetric"), ([7, 4], [1, 9])):
    case(f"Resize {mode} {place} {sizes} smooth", "Resize", 18, [x, None, None, np.array([1, 2] + sizes)], constants=(3,), mode=mode,
         coordinate_transformation_mode=place, antialias=1)
    case(f"Resize {mode} {place} {sizes}", "Resize", 18, [x, None, None, np.array([1, 2] + sizes)], constants=(3,), mode=mode,
         coordinate_transformation_mode=place)
case("GatherElements of a corner", "GatherElements", 13, [f(2, 3, 4), ints(-2, 2, 2, 3, 2)], axis=1)
case("MatMul over nothing", "MatMul", 13, [f(3, 0), f(0, 4)], constants=(1,))
case("BatchNormalization of two types", "BatchNormalization", 15, [f(2, 3, 4, t=np.float16), f(3), f(3), f(3), np.abs(f(3))])
case("LayerNormalization f16", "LayerNormalization", 17, [f(2, 3, 8, t=np.float16), f(8, t=np.float16)], outputs=3)
for opset, axis in itertools.product((11, 13), (0, 1, 2)):
    case(f"Softmax {opset} {axis}", "Softmax", opset, [f(2, 3, 4)], axis=axis)
steps, lengths = f(4, 3, 2), np.array([4, 2, 3], np.int32)
for direction, ways in (("forward", 1), ("reverse", 1), ("bidirectional", 2)):
    w, r, b = f(ways, 20, 2), f(ways, 20, 5), f(ways, 40)
    case(f"LSTM peepholes {direction}", "LSTM", 14, [steps, w, r, b, lengths, f(ways, 3, 5), f(ways, 3, 5), f(ways, 15)], outputs=3, constants=(1, 2), hidden_size=5,
         direction=direction)
for function in ("HardSigmoid", "LeakyRelu", "Elu", "Softsign", "Softplus"):
    case(f"GRU {function}", "GRU", 14, [steps, f(1, 15, 2), f(1, 15, 5)], outputs=2, constants=(1, 2), hidden_size=5, activations=["Sigmoid", function])
case("RNN with parameters", "RNN", 14, [steps, f(1, 5, 2), f(1, 5, 5)], outputs=2, constants=(1, 2), hidden_size=5, activations=["ScaledTanh"],
     activation_alpha=[0.3], activation_beta=[0.4])

M, u8 = "com.microsoft", lambda *s: ints(0, 256, *s, t=np.uint8)
s, z = np.float32(0.03), u8()
case("QLinearMatMul", "QLinearMatMul", 10, [u8(2, 4, 6), s, z, u8(6, 5), s, u8(), np.float32(0.4), u8()])
case("QLinearConv", "QLinearConv", 10, [u8(1, 4, 6, 6), s, z, ints(-128, 128, 6, 2, 3, 3, t=np.int8), np.abs(f(6)) * s, np.zeros(6, np.int8), np.float32(0.9), u8(),
                                        ints(-2000, 2000, 6, t=np.int32)], constants=(3, 4, 5), group=2, pads=[1] * 4)
case("DynamicQuantizeMatMul", "DynamicQuantizeMatMul", 13, [f(3, 8), u8(8, 5), np.array([0.02], np.float32), u8(1), f(5)], domain=M)
for transposed in (0, 1):
    case(f"QGemm {transposed}", "QGemm", 13, [u8(3, 4), s, z, u8(*((5, 4) if transposed else (4, 5))), np.abs(f(5)) * s, u8(5), ints(-500, 500, 5, t=np.int32),
                                               np.float32(0.3), u8()], domain=M, constants=(3, 4, 5), transB=transposed, alpha=1.5)
case("QLinearAveragePool", "QLinearAveragePool", 13, [u8(1, 3, 6, 7), s, z, s, u8()], domain=M, kernel_shape=[3, 3])
case("QLinearWhere", "QLinearWhere", 13, [f(2, 5) > 0, u8(2, 5), s, z, u8(2, 5), s, u8(), s, u8()], domain=M)
case("NhwcMaxPool", "NhwcMaxPool", 13, [u8(1, 6, 7, 3)], domain=M, kernel_shape=[3, 3], strides=[2, 2])
for masked in (False, True):
    case(f"QAttention {masked}", "QAttention", 13, [u8(2, 4, 16), u8(16, 48), f(48), s / 3, s / 3, np.array([[1, 1, 1, 0], [1] * 4], np.int32) if masked else None,
                                                    u8(), u8()], domain=M, constants=(1,), num_heads=2)
for bits, zeros, chosen in ((2, True, False), (4, True, False), (4, False, True), (8, True, False)):
    case(f"MatMulNBits {bits} {zeros} {chosen}", "MatMulNBits", 17, [f(3, 40), u8(6, 3, 2 * bits), np.abs(f(18)), u8(6 * -(-3 * bits // 8)) if zeros else None,
                                                                     ints(0, 3, 40, t=np.int32) if chosen else None], domain=M, constants=(1, 2, 3) if zeros else (1, 2),
         K=40, N=6, bits=bits, block_size=16)
for bits, zeros in itertools.product((4, 8), (False, True)):
    case(f"GatherBlockQuantized {bits} {zeros}", "GatherBlockQuantized", 21, [u8(8, 4 * bits), np.array([[1, 3], [7, 0]]), np.abs(f(8, 2))] +
         ([u8(8, bits // 4)] if zeros else []), domain=M, constants=(0, 2, 3) if zeros else (0, 2), gather_axis=0, quantize_axis=1, block_size=16, bits=bits)
for first, second in itertools.product((0, 1), repeat=2):
    case(f"FusedMatMul {first} {second}", "FusedMatMul", 17, [f(*[(2, 3, 4), (3, 2, 4)][first]), f(*[(2, 4, 5), (4, 2, 5)][second])], domain=M, transBatchA=first,
         transBatchB=second)


def group(name, past, batch=1, length=1, held=None, extra=(), **attributes):
    """Attention of 4 heads over 2 shared ones, with a cache of past places of which held are used."""
    held = past if held is None else held
    total = held + length
    case(f"GroupQueryAttention {name}", "GroupQueryAttention", 17,
         [f(batch, length, 64), f(batch, length, 32), f(batch, length, 32), f(batch, 2, past, 16), f(batch, 2, past, 16),
          np.array([total - 1, total - 3][:batch], np.int32), np.array(total, np.int32), *extra], outputs=3, domain=M, num_heads=4, kv_num_heads=2, **attributes)


group("of several lengths", 6, batch=2)
group("of several lengths in a window", 6, batch=2, local_window_size=3)
group("shared cache", 12, held=5)
group("shared cache, window", 12, held=5, local_window_size=3)
group("shared cache, prompt", 12, length=5, held=0)
group("smooth", 0, length=5, smooth_softmax=1)
group("sinks", 6, extra=[None, None, None, None, f(4)])
case("Attention with ends and starts", "Attention", 17, [f(2, 4, 16), f(16, 48), f(48), np.array([3, 4, 1, 0], np.int32)], domain=M, num_heads=2)


class Quantized:
    """Nodes on values that are quantized and dequantized; steps are powers of two, so that no rounding depends on the order of arithmetic."""

    def __init__(self):
        self.nodes, self.constants = [], {}

    def constant(self, value):
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(value)
        return name

    def add(self, op, *inputs, **attributes):
        inputs = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        self.nodes.append(h.make_node(op, inputs, [f"v{len(self.nodes)}"], name=f"{op}{len(self.nodes)}", **attributes))
        return self.nodes[-1].output[0]

    def both(self, x, step, zero):
        """x quantized and dequantized."""
        step, zero = self.constant(np.float32(step)), self.constant(zero)
        return self.add("DequantizeLinear", self.add("QuantizeLinear", x, step, zero), step, zero)

    def save(self, name, last, x):
        several(name, 17, self.nodes, {"x": x}, self.constants, [last])


for zero in (np.uint8(3), np.int8(0)):
    q = Quantized()
    bias = q.both(q.add("DequantizeLinear", ints(-90, 90, 4, t=np.int32), np.array([1 / 32], np.float32), np.zeros(1, np.int32)), 1 / 32, zero)
    weights = q.add("DequantizeLinear", ints(-90, 90, 4, 4, t=np.int8), 2.0 ** -np.array([5, 6, 5, 7], np.float32), np.zeros(4, np.int8), axis=1)
    y = q.both(q.add("Add", bias, q.both(q.add("MatMul", q.both("x", 1 / 16, zero), weights), 1 / 16, zero)), 1 / 8, zero)
    q.save(f"quantized sum with a vector {zero.dtype}", y, f(1, 3, 4))

    q = Quantized()
    y = q.both(q.add("Unsqueeze", q.both("x", 1 / 16, zero), np.array([2])), 1 / 16, zero)
    y = q.add("Reshape", q.add("Expand", y, np.array([1, 2, 3, 4, 8])), np.array([1, 6, 4, 8]))
    y = q.both(q.add("Transpose", y, perm=[0, 1, 3, 2]), 1 / 16, zero)
    q.save(f"quantized heads repeated {zero.dtype}", q.add("MatMul", q.both(q.add("Sin", y), 1 / 16, zero), f(4, 3)), f(1, 2, 4, 8))
lowest = np.finfo(np.float32).min
for name, step, zero in (("u8", -lowest / 255, np.uint8(255)), ("i8", -lowest / 127, np.int8(0)), ("infinite", np.inf, np.int8(0)), ("NaN", 0.5, np.uint8(9))):
    q = Quantized()
    quantized = q.add("QuantizeLinear", "x", np.float32(step), zero)
    q.save(f"quantized mask {name}", quantized, np.array([lowest, 0, -0.0, 1, lowest / 4, np.nan if name == "NaN" else 0], np.float32))
archive.close()
