"""Makes small models of com.microsoft operators, and of ONNX's own that OpenVINO lacks, with inputs and what ONNX Runtime gives for them.

python generate.py    needs numpy, onnx and onnxruntime 1.32; writes NAME.onnx and NAME.npz (in_X, out_Y) beside itself
"""
import pathlib

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto as T, helper as h, numpy_helper as nh

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(7)


def f(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def u8(*shape):
    return rng.integers(0, 256, shape).astype(np.uint8)


def i32(*values):
    return np.array(values, np.int32)


def case(name, op, inputs, outputs, constants=(), domain="com.microsoft", opset=17, **attributes):
    """inputs: (name, array) in order, None for one that is left out; those in constants are initializers."""
    names = [i[0] if i else "" for i in inputs]
    given = {i[0]: np.asarray(i[1]) for i in inputs if i}
    fed = {k: v for k, v in given.items() if k not in constants}
    node = h.make_node(op, names, outputs, name=name, domain=domain, **attributes)
    graph = h.make_graph([node], name, [h.make_tensor_value_info(k, h.np_dtype_to_tensor_dtype(v.dtype), v.shape) for k, v in fed.items()],
                         [h.make_empty_tensor_value_info(o) for o in outputs if o], [nh.from_array(given[k], k) for k in constants])
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", opset), h.make_opsetid("com.microsoft", 1)], ir_version=8)
    onnx.save(model, here / f"{name}.onnx")
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    results = session.run(None, fed)
    wanted = [o for o in outputs if o]
    np.savez(here / f"{name}.npz", **{f"in_{k}": v for k, v in fed.items()}, **{f"out_{k}": v for k, v in zip(wanted, results)})


x, gamma, beta, bias = ("x", f(2, 3, 8)), ("gamma", f(8)), ("beta", f(8)), ("bias", f(8))
skip = ("skip", f(2, 3, 8))
case("gelu", "Gelu", [x], ["y"])
case("fast-gelu", "FastGelu", [x, bias], ["y"])
case("quick-gelu", "QuickGelu", [x], ["y"], alpha=1.5)
case("bias-gelu", "BiasGelu", [x, bias], ["y"])
case("skip-layer-norm", "SkipLayerNormalization", [x, skip, gamma, beta, bias], ["y", "", "", "sum"], epsilon=1e-5)
case("skip-rms-norm", "SkipSimplifiedLayerNormalization", [x, skip, gamma, bias], ["y", "", "", "sum"], epsilon=1e-5)
case("rms-norm", "SimplifiedLayerNormalization", [x, gamma], ["y"], domain="", axis=-1, epsilon=1e-5)
case("embed", "EmbedLayerNormalization",
     [("ids", rng.integers(0, 9, (2, 5)).astype(np.int32)), ("segments", rng.integers(0, 2, (2, 5)).astype(np.int32)), ("words", f(9, 8)),
      ("places", f(6, 8)), ("parts", f(2, 8)), gamma, beta, ("mask", np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], np.int32))],
     ["y", "count"], constants=("words", "places", "parts", "gamma", "beta"), epsilon=1e-5)
case("fused-matmul", "FusedMatMul", [("a", f(2, 4, 3)), ("b", f(2, 5, 4))], ["y"], transA=1, transB=1, alpha=0.5)
case("fused-gemm", "FusedGemm", [("a", f(3, 4)), ("b", f(4, 5)), ("c", f(5))], ["y"], alpha=0.5, beta=2.0, activation="LeakyRelu",
     activation_alpha=0.2)
case("fused-conv", "FusedConv", [("image", f(1, 3, 6, 6)), ("w", f(4, 3, 3, 3)), ("b", f(4)), ("z", f(1, 4, 4, 4))], ["y"], activation="Relu")
case("fused-conv-clip", "FusedConv", [("image", f(1, 3, 6, 6)), ("w", f(4, 3, 3, 3)), ("b", f(4))], ["y"], activation="Clip",
     activation_params=[-0.5, 1.5])
q, k, v = ("q", f(2, 4, 16)), ("k", f(2, 6, 16)), ("v", f(2, 6, 16))
case("mha", "MultiHeadAttention", [q, k, v], ["y"], num_heads=2)
case("mha-bias-mask", "MultiHeadAttention", [q, k, v, ("bias3", f(48)), ("mask", i32([1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1])), ("added", f(2, 2, 4, 6))],
     ["y"], num_heads=2)
case("mha-past", "MultiHeadAttention", [q, ("k", f(2, 4, 16)), ("v", f(2, 4, 16)), None, None, None, ("pk", f(2, 2, 3, 8)), ("pv", f(2, 2, 3, 8))],
     ["y", "presentk", "presentv"], num_heads=2, unidirectional=1)
case("attention", "Attention", [("x", f(2, 4, 16)), ("w", f(16, 48)), ("b", f(48)), ("mask", i32([1, 1, 1, 0], [1, 1, 1, 1]))], ["y"], num_heads=2)
case("attention-causal-past", "Attention", [("x", f(2, 4, 16)), ("w", f(16, 48)), ("b", f(48)), None, ("past", f(2, 2, 2, 3, 8))], ["y", "present"],
     num_heads=2, unidirectional=1)
cos, sin = ("cos", np.cos(np.outer(np.arange(32), np.arange(1, 5) / 4)).astype(np.float32)), ("sin", np.sin(np.outer(np.arange(32), np.arange(1, 5) / 4)).astype(np.float32))
case("rotary", "RotaryEmbedding", [("x", f(2, 2, 3, 8)), ("at", np.array([[3, 4, 5], [0, 1, 2]])), cos, sin], ["y"])
case("rotary-interleaved-offset", "RotaryEmbedding", [("x", f(2, 3, 16)), ("at", np.array([7])), cos, sin], ["y"], interleaved=1)
wide = [(n, g(np.outer(np.arange(32), np.arange(1, 9) / 8)).astype(np.float32)) for n, g in (("cos", np.cos), ("sin", np.sin))]
case("gqa-prompt", "GroupQueryAttention",
     [("q", f(1, 5, 32)), ("k", f(1, 5, 16)), ("v", f(1, 5, 16)), ("pk", f(1, 1, 0, 16)), ("pv", f(1, 1, 0, 16)), ("last", i32(4)), ("total", np.array(5, np.int32)), *wide],
     ["y", "presentk", "presentv"], num_heads=2, kv_num_heads=1, do_rotary=1)
case("gqa-decode", "GroupQueryAttention",
     [("q", f(2, 1, 32)), ("k", f(2, 1, 16)), ("v", f(2, 1, 16)), ("pk", f(2, 1, 6, 16)), ("pv", f(2, 1, 6, 16)), ("last", i32(6, 6)), ("total", np.array(7, np.int32)), *wide],
     ["y", "presentk", "presentv"], num_heads=2, kv_num_heads=1, do_rotary=1, rotary_interleaved=1, local_window_size=4)
case("gqa-packed-softcap", "GroupQueryAttention",
     [("q", f(1, 5, 64)), None, None, ("pk", f(1, 1, 0, 16)), ("pv", f(1, 1, 0, 16)), ("last", i32(4)), ("total", np.array(5, np.int32))],
     ["y", "presentk", "presentv"], num_heads=2, kv_num_heads=1, softcap=5.0)
blocks = ("w", u8(6, 3, 8)), ("s", np.abs(f(18)))
case("matmul-4-bits", "MatMulNBits", [("a", f(2, 3, 40)), *blocks], ["y"], constants=("w", "s"), K=40, N=6, bits=4, block_size=16)
case("matmul-4-bits-zeros", "MatMulNBits", [("a", f(2, 3, 40)), *blocks, ("z", u8(12))], ["y"], constants=("w", "s", "z"), K=40, N=6, bits=4, block_size=16)
scale, zero = ("s", np.float32(0.05)), ("z", np.uint8(120))
case("dynamic-quantize-matmul", "DynamicQuantizeMatMul", [("a", f(3, 8)), ("b", u8(8, 5)), ("s", np.array([0.02], np.float32)), ("z", np.array([128], np.uint8)), ("bias", f(5))], ["y"])
case("matmul-integer-to-float", "MatMulIntegerToFloat", [("a", u8(3, 8)), ("b", u8(8, 5)), ("s", np.float32(0.02)), ("s2", np.float32(0.05)), ("z", np.uint8(120)), ("z2", np.uint8(130))], ["y"])
pair = [("a", u8(2, 5)), ("as", np.float32(0.04)), ("az", np.uint8(118)), ("b", u8(2, 5)), ("bs", np.float32(0.03)), ("bz", np.uint8(131))]
case("qlinear-add", "QLinearAdd", pair + [scale, zero], ["y"])
case("qlinear-mul", "QLinearMul", pair + [scale, zero], ["y"])
case("qlinear-concat", "QLinearConcat", [scale, zero] + pair, ["y"], constants=("s", "z", "as", "az", "bs", "bz"), axis=1)
case("qlinear-leaky-relu", "QLinearLeakyRelu", pair[:3] + [scale, zero], ["y"], constants=("s", "z", "as", "az"), alpha=0.1)
case("qlinear-sigmoid", "QLinearSigmoid", pair[:3] + [("ys", np.float32(1 / 256)), ("yz", np.uint8(0))], ["y"], constants=("as", "az", "ys", "yz"))
image = ("image", f(1, 2, 5, 6))
case("resize-crop", "Resize", [image, ("roi", np.array([0, 0, 0.2, 0.1, 1, 1, 0.9, 1.3], np.float32)), None, ("sizes", np.array([1, 2, 7, 4]))], ["y"],
     constants=("sizes", "roi"), domain="", opset=19, mode="linear", coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=3.0)
case("resize-smaller-smooth", "Resize", [image, None, ("scales", np.array([0.6, 0.7], np.float32))], ["y"], constants=("scales",), domain="", opset=19,
     mode="linear", antialias=1, axes=[2, 3])
case("resize-keep-aspect", "Resize", [image, None, None, ("sizes", np.array([9, 9]))], ["y"], constants=("sizes",), domain="", opset=19, axes=[2, 3],
     keep_aspect_ratio_policy="not_larger")
case("n-grams", "TfIdfVectorizer", [("x", i32([1, 2, 3, 1, 2], [5, 1, 2, 2, 3]))], ["y"], domain="", mode="TFIDF", min_gram_length=1, max_gram_length=2,
     max_skip_count=1, ngram_counts=[0, 2], ngram_indexes=[0, 1, 2, 3], pool_int64s=[1, 5, 1, 2, 2, 3], weights=[1.0, 2.0, 0.5, 3.0])
case("determinants", "Det", [("x", f(3, 4, 4))], ["y"], domain="")
