"""Makes the models of this folder with their inputs and the outputs of OpenVINO's CPU plugin in f32.

One model an operation or family; each result has its own attributes. Run: python generate.py [NAME]...
"""
import os
import sys

import numpy as np
import openvino as ov
import openvino.opset1 as o1
from openvino.utils.node_factory import NodeFactory

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = {}
TYPES = {"f32": np.float32, "f64": np.float64, "f16": np.float16, "i64": np.int64, "i32": np.int32, "i16": np.int16, "i8": np.int8,
         "u64": np.uint64, "u32": np.uint32, "u16": np.uint16, "u8": np.uint8, "boolean": np.bool_}


class Model:
    """Collects parameters with their data and nodes whose outputs become results."""

    def __init__(self, name):
        self.name, self.params, self.data, self.results = name, [], [], []
        self.rng = np.random.default_rng(sum(map(ord, name)))

    def param(self, array, rank_only=False):
        array = np.asarray(array)
        shape = ov.PartialShape([-1] * array.ndim) if rank_only else ov.PartialShape(list(array.shape))
        p = o1.parameter(shape, ov.Type(array.dtype))
        p.set_friendly_name(f"p{len(self.params)}")
        self.params.append(p)
        self.data.append(array)
        return p

    def normal(self, *shape):
        return self.param(self.rng.standard_normal(shape).astype(np.float32))

    def count(self, *shape, dtype=np.float32):
        return self.param(np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype))

    def add(self, op, opset, inputs, attributes=None, name=""):
        """Adds operation op of the numbered opset; inputs are nodes or arrays, which become constants, or (node, output)."""
        def output(i):
            if isinstance(i, tuple):
                return i[0].output(i[1])
            if isinstance(i, ov.Node):
                return i.output(0)
            a = np.asarray(i)
            return (o1.constant(a) if a.size else ov.op.Constant(ov.Type(a.dtype), ov.Shape(a.shape), [])).output(0)
        node = NodeFactory(f"opset{opset}").create(op, [output(i) for i in inputs], attributes or {})
        node.set_friendly_name(f"{op}/{name or len(self.results)}")
        for i in range(node.get_output_size()):
            self.results.append(o1.result(node.output(i)))
        return node

    def save(self):
        model = ov.Model(self.results, self.params, self.name)
        compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1})
        request = compiled.create_infer_request()
        request.infer(dict(enumerate(self.data)))
        arrays = {f"input_{i}": a for i, a in enumerate(self.data)}
        for i in range(len(self.results)):
            arrays[f"output_{i}"] = request.get_output_tensor(i).data.copy()
        path = os.path.join(HERE, self.name)
        ov.serialize(model, path + ".xml", path + ".bin")
        np.savez_compressed(path + ".npz", **arrays)
        print(self.name, len(self.results), "results")


def model(f):
    MODELS[f.__name__.replace("_", "-")] = f
    return f


@model
def reshape(m):
    x, e = m.count(2, 3, 4), m.param(np.zeros((0, 3), np.float32))
    for shape, special in (([4, 6], False), ([-1, 2], False), ([0, -1], True), ([0, 0, 2, -1], True), ([24], True), ([1, -1, 1], False)):
        m.add("Reshape", 1, [x, np.array(shape)], {"special_zero": special}, f"{shape} {special}")
    for shape, special in (([-1, 3], True), ([0, -1], True), ([0, 7], False), ([0, 3, -1], True)):
        m.add("Reshape", 1, [e, np.array(shape)], {"special_zero": special}, f"empty {shape} {special}")
    m.add("Reshape", 1, [m.count(1), np.array([], np.int64)], {"special_zero": False}, "to scalar")
    y = m.count(1, 2, 1, 3, 1)
    m.add("Squeeze", 1, [y], {}, "all")
    for axes in ([0], [2, -1], [0, 0], [-3], 4, [0, 1, 2]):
        m.add("Squeeze", 1, [y, np.array(axes)], {}, f"{axes}")
    m.add("Squeeze", 15, [y, np.array([0, 1])], {"allow_axis_skip": True}, "skip")
    for axes in ([0], [0, -1], [1, 3, 2], 2, [0, 0], [0, -3]):
        m.add("Unsqueeze", 1, [x, np.array(axes)], {}, f"{axes}")


@model
def transpose(m):
    for shape, orders in (((5,), [[0]]), ((19, 37), [[1, 0], []]), ((3, 5, 7), [[0, 2, 1], [2, 1, 0], [1, 2, 0], [2, 0, 1], []]),
                          ((2, 3, 9, 10), [[0, 2, 1, 3], [0, 2, 3, 1], [0, 3, 1, 2], [3, 2, 1, 0], [0, 1, 3, 2]]),
                          ((2, 1, 3, 2, 4), [[4, 3, 2, 1, 0], [1, 0, 3, 2, 4]]), ((70, 130), [[1, 0]])):
        x = m.normal(*shape)
        for order in orders:
            m.add("Transpose", 1, [x, np.array(order, np.int64)], {}, f"{shape} {order}")
    for name, t in TYPES.items():
        m.add("Transpose", 1, [m.param((m.rng.integers(0, 2, (3, 4, 5))).astype(t)), np.array([2, 0, 1], np.int32)], {}, name)


@model
def concat_split(m):
    a, b, c = m.normal(2, 3, 4), m.normal(2, 5, 4), m.normal(2, 3, 1)
    m.add("Concat", 1, [a, b], {"axis": 1}, "1")
    m.add("Concat", 1, [a, c, a], {"axis": -1}, "-1")
    m.add("Concat", 1, [a, a], {"axis": 0}, "0")
    m.add("Concat", 1, [a], {"axis": 2}, "single")
    for t in ("i64", "i8", "f16", "boolean"):
        m.add("Concat", 1, [m.param(m.rng.integers(0, 2, (2, n)).astype(TYPES[t])) for n in (1, 3)], {"axis": 1}, t)
    x = m.normal(4, 6, 3)
    for axis, n in ((0, 2), (1, 3), (-2, 6), (2, 1)):
        m.add("Split", 1, [x, np.array(axis)], {"num_splits": n}, f"{axis} {n}")
    for axis, lengths in ((0, [1, 3]), (1, [2, -1, 1]), (-1, [-1]), (1, [0, 6]), (1, [6, -1])):
        m.add("VariadicSplit", 1, [x, np.array(axis), np.array(lengths)], {}, f"{axis} {lengths}")
    m.add("VariadicSplit", 1, [x, np.array([1]), np.array([2, 4], np.int32)], {}, "axis of rank 1")


@model
def slice(m):
    x = m.count(5, 4, 3)
    big = 2**63 - 1
    for begin, end, step in ((-10, 10, 1), (10, -10, -1), (4, -6, -1), (4, 0, -1), (-1, -100, -2), (0, big, 2), (1, big, 3), (0, 5, big),
                             (4, -big, -9), (3, 4, 1), (3, 1, 1), (7, 9, 1), (0, 0, -1), (2, -1, 1)):
        m.add("Slice", 8, [x, np.array([begin]), np.array([end]), np.array([step]), np.array([0])], {}, f"{begin} {end} {step}")
    m.add("Slice", 8, [x, np.array([1, 0, 2]), np.array([4, 3, -4]), np.array([2, 1, -1])], {}, "all axes")
    m.add("Slice", 8, [x, np.array([0, 1], np.int32), np.array([2, 4], np.int32), np.array([1, 2], np.int32), np.array([-1, 1], np.int32)], {},
          "named axes")
    bounds = [m.param(np.array(v)) for v in ([1], [-1], [2])]
    m.add("Slice", 8, [x, *bounds, np.array([1])], {}, "bounds not constant")
    for t in ("i64", "u8", "f16"):
        m.add("Slice", 8, [m.param(np.arange(12).reshape(3, 4).astype(TYPES[t])), np.array([3]), np.array([0]), np.array([-2]), np.array([1])], {}, t)


@model
def slice_scatter(m):
    x = m.normal(5, 4, 3)
    for begin, end, step, axes, shape in (([1], [4], [2], [0], (2, 4, 3)), ([4, 2], [0, -4], [-2, -1], [0, 2], (2, 4, 3)),
                                          ([0, 0, 1], [5, 2, 2], [1, 1, 1], None, (5, 2, 1)), ([2], [2], [1], [1], (5, 0, 3))):
        inputs = [x, m.normal(*shape), np.array(begin), np.array(end), np.array(step)] + ([] if axes is None else [np.array(axes)])
        m.add("SliceScatter", 15, inputs, {}, f"{begin} {end} {step} {axes}")


@model
def strided_slice(m):
    x = m.count(2, 3, 4)
    big = 2**31 - 1

    def add(name, start, stop, step=None, **masks):
        inputs = [x, np.array(start), np.array(stop)] + ([] if step is None else [np.array(step)])
        names = ("begin_mask", "end_mask", "new_axis_mask", "shrink_axis_mask", "ellipsis_mask")
        m.add("StridedSlice", 1, inputs, {n: masks.get(n[:3], [0] * len(start) if n[:3] in ("beg", "end") else []) for n in names}, name)

    add("plain", [0, 1, 1], [2, 3, 3])
    add("steps", [0, 2, 3], [2, 0, -5], [1, -1, -2])
    add("begin mask", [1, 1, 1], [2, 2, 2], [1, 1, 1], beg=[1, 0, 1])
    add("end mask", [0, 1, 1], [1, 1, 1], [1, 1, 1], end=[1, 1, 0])
    add("masks, step < 0", [0, 0, 0], [0, 0, 0], [-1, -1, -2], beg=[1, 1, 1], end=[1, 1, 1])
    add("fewer than the rank", [1], [2])
    add("shrink", [1, 0, 2], [2, 3, 3], [1, 1, 1], shr=[1, 0, 1])
    add("shrink from the end", [-1, 0], [0, 3], [1, 1], shr=[1, 0])
    add("shrink to a scalar", [1, 2, 3], [2, 3, 4], [1, 1, 1], shr=[1, 1, 1])
    add("new axis", [0, 1], [0, 2], [1, 1], new=[1, 0])
    add("new axes in the middle and at the end", [0, 0, 0, 0, 0], [1, 1, 2, 3, 1], [1, 1, 1, 1, 1], new=[0, 1, 0, 0, 1])
    add("new axis and shrink at once", [1, 0], [2, 2], [1, 1], new=[1, 0], shr=[1, 0])
    add("ellipsis in the middle", [1, 0, 1], [2, 0, 3], [1, 1, 1], ell=[0, 1, 0])
    add("ellipsis first", [0, 1], [0, 3], [1, 2], ell=[1, 0])
    add("ellipsis last", [1, 0], [2, 0], [1, 1], ell=[0, 1])
    add("ellipsis for nothing", [0, 0, 0, 1], [2, 3, 0, 3], [1, 1, 1, 1], ell=[0, 0, 1, 0])
    add("ellipsis and new axis", [0, 0, 1], [0, 0, 3], [1, 1, 1], new=[1, 0, 0], ell=[0, 1, 0])
    add("ellipsis, new axis, shrink", [1, 0, 0, 2], [2, 0, 0, 3], [1, 1, 1, 1], ell=[0, 1, 0, 0], new=[0, 0, 1, 0], shr=[1, 0, 0, 1])
    add("beyond the ends", [-big, 0, 5], [big, big, big], [1, 2, 1])
    add("empty", [1, 0, 0], [1, 3, 4], [1, 1, 1])
    begin, end = m.param(np.array([1, 0])), m.param(np.array([2, -1]))
    m.add("StridedSlice", 1, [x, begin, end], {"begin_mask": [0, 0], "end_mask": [0, 0]}, "bounds not constant")


@model
def gather(m):
    x = m.normal(4, 3, 5)
    i = m.param(np.array([[0, 3, -1], [-4, 4, 1]], np.int32))
    for axis in (0, 1, 2, -1):
        j = m.param(m.rng.integers(0, 3, (2, 2)).astype(np.int64))
        m.add("Gather", 1, [x, j, np.array(axis)], {}, f"1 {axis}")
        m.add("Gather", 7, [x, j, np.array(axis)], {"batch_dims": 0}, f"7 {axis}")
        m.add("Gather", 8, [x, j, np.array([axis])], {"batch_dims": 0}, f"8 {axis}")
    for opset in (1, 7, 8):
        m.add("Gather", opset, [x, i, np.array(0)], {}, f"{opset} outside")
    m.add("Gather", 8, [x, np.array(2), np.array(1)], {}, "scalar index")
    m.add("Gather", 8, [x, m.param(np.array(1)), np.array(2)], {}, "scalar index not constant")
    b = m.param(np.array([[0, 2], [1, -1], [2, 2], [0, 1]]))
    for axis, batch in ((1, 1), (2, 1), (1, -1), (2, -1)):
        m.add("Gather", 8, [x, b, np.array(axis)], {"batch_dims": batch}, f"axis {axis} batch_dims {batch}")
    m.add("Gather", 7, [x, m.param(m.rng.integers(0, 5, (4, 3, 2)).astype(np.int32)), np.array(2)], {"batch_dims": 2}, "7 batch_dims 2")
    for name, t in TYPES.items():
        m.add("Gather", 8, [m.param(m.rng.integers(0, 2, (4, 3)).astype(t)), np.array([1, 0, 3]), np.array(0)], {}, name)
        m.add("Gather", 8, [m.param(m.rng.integers(0, 2, (7,)).astype(t)), np.array([1, 0, 6]), np.array(0)], {}, name + " elements")


@model
def pad(m):
    x = m.normal(4, 3, 5)
    for mode in ("constant", "edge", "reflect", "symmetric"):
        for begin, end in (([1, 0, 2], [0, 2, 1]), ([0, 0, 4], [0, 0, 0]), ([0, 0, 0], [0, 0, 0]), ([2, 1, 3], [2, 2, 3])):
            m.add("Pad", 1, [x, np.array(begin), np.array(end)], {"pad_mode": mode}, f"1 {mode} {begin} {end}")
        for begin, end in (([-1, 0, 2], [2, -1, -2]), ([-2, 0, -3], [-2, 0, -1]), ([2, 0, 3], [-1, 0, -4])):
            m.add("Pad", 12, [x, np.array(begin), np.array(end)], {"pad_mode": mode}, f"12 {mode} {begin} {end}")
    m.add("Pad", 1, [x, np.array([1, 0, 0]), np.array([0, 0, 1]), np.float32(2.5)], {"pad_mode": "constant"}, "value")
    for t in ("i32", "u8", "i64", "f16"):
        m.add("Pad", 1, [m.param(m.rng.integers(0, 9, (2, 3)).astype(TYPES[t])), np.array([1, 2]), np.array([0, 1]), TYPES[t](7)],
              {"pad_mode": "constant"}, t)
        m.add("Pad", 1, [m.param(m.rng.integers(0, 9, (2, 3)).astype(TYPES[t])), np.array([1, 2]), np.array([0, 1])], {"pad_mode": "reflect"},
              t + " reflect")


@model
def tile_broadcast(m):
    x = m.normal(2, 3)
    for repeats in ([1, 1], [2, 1], [1, 3], [2, 3], [2, 1, 2], [3]):
        m.add("Tile", 1, [x, np.array(repeats)], {}, f"{repeats}")
    m.add("Tile", 1, [m.normal(2, 1, 3), np.array([2, 2])], {}, "fewer repeats")
    m.add("Tile", 1, [m.param(np.array(True)), np.array([3])], {}, "scalar")
    for target in ([2, 3], [4, 2, 3], [1, 2, 3]):
        m.add("Broadcast", 3, [x, np.array(target)], {"mode": "numpy"}, f"numpy {target}")
        m.add("Broadcast", 1, [x, np.array(target)], {"mode": "numpy"}, f"1 numpy {target}")
    y, s = m.normal(2, 1, 3), m.normal()
    for target in ([2, 4, 3], [5, 2, 2, 3]):
        m.add("Broadcast", 3, [y, np.array(target)], {"mode": "numpy"}, f"numpy {target}")
    for target in ([1], [4, 1], [2, 4, 1], [3, 1, 1, 1]):
        m.add("Broadcast", 3, [y, np.array(target)], {"mode": "bidirectional"}, f"bidirectional {target}")
    m.add("Broadcast", 3, [s, np.array([2, 3])], {"mode": "numpy"}, "scalar")
    for target, axes in (([2, 4, 3], [0, 2]), ([2, 3, 4], [0, 1]), ([5, 2, 3], [1, 2])):
        m.add("Broadcast", 3, [x, np.array(target), np.array(axes)], {"mode": "explicit"}, f"explicit {target} {axes}")
        m.add("Broadcast", 1, [x, np.array(target), np.array(axes)], {"mode": "explicit"}, f"1 explicit {target} {axes}")
    m.add("Broadcast", 3, [m.normal(3), np.array([2, 3, 2]), np.array([1])], {"mode": "explicit"}, "explicit middle")
    m.add("Broadcast", 3, [m.param(np.arange(3)), m.param(np.array([2, 3]))], {"mode": "numpy"}, "target not constant")


@model
def shape_range(m):
    x, s = m.normal(2, 3, 4), m.normal()
    m.add("ShapeOf", 1, [x], {}, "1")
    m.add("ShapeOf", 3, [x], {"output_type": "i64"}, "i64")
    m.add("ShapeOf", 3, [x], {"output_type": "i32"}, "i32")
    m.add("ShapeOf", 3, [s], {"output_type": "i64"}, "scalar")
    for start, stop, step in ((0, 5, 2), (5, 0, -2), (-3, 3, 1), (0, 0, 1)):
        for t in ("i32", "i64"):
            m.add("Range", 4, [m.param(TYPES[t](v)) for v in (start, stop, step)], {"output_type": t}, f"{t} {start} {stop} {step}")
            m.add("Range", 1, [m.param(TYPES[t](v)) for v in (start, stop, step)], {}, f"1 {t} {start} {stop} {step}")
    for start, stop, step in ((0.1, 7, 0.1), (2, -1, -0.3), (0, 64, 1)):
        m.add("Range", 4, [m.param(np.float32(v)) for v in (start, stop, step)], {"output_type": "f32"}, f"f32 {start} {stop} {step}")
    m.add("Range", 4, [m.param(np.int64(v)) for v in (1, 9, 3)], {"output_type": "f32"}, "i64 to f32")


for name in sys.argv[1:] or MODELS:
    m = Model(name)
    MODELS[name](m)
    m.save()
