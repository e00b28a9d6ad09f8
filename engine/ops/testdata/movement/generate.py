"""Makes the models of this folder with their inputs and the outputs of OpenVINO's CPU plugin in f32.

One model an operation or family; each result has its own attributes. Run: python generate.py [NAME]...
"""
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from oracle import Model  # noqa: E402

MODELS = {}
TYPES = {"f32": np.float32, "f64": np.float64, "f16": np.float16, "i64": np.int64, "i32": np.int32, "i16": np.int16, "i8": np.int8,
         "u64": np.uint64, "u32": np.uint32, "u16": np.uint16, "u8": np.uint8, "boolean": np.bool_}


def model(f):
    MODELS[f.__name__.replace("_", "-")] = f
    return f


def count(m, *shape):
    """A parameter with the numbers from 0 on."""
    return m.param(np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(np.float32))


def randint(m, limit, *shape, dtype=np.int64):
    return m.param(m.rng.integers(0, limit, shape).astype(dtype))


@model
def reshape(m):
    x, e = count(m, 2, 3, 4), m.param(np.zeros((0, 3), np.float32))
    for shape, special in (([4, 6], False), ([-1, 2], False), ([0, -1], True), ([0, 0, 2, -1], True), ([24], True), ([1, -1, 1], False)):
        m.add("Reshape", 1, [x, np.array(shape)], f"{shape} {special}", special_zero=special)
    for shape, special in (([-1, 3], True), ([0, -1], True), ([0, 7], False), ([0, -1], False), ([0, 3, -1], True)):
        m.add("Reshape", 1, [e, np.array(shape)], f"empty {shape} {special}", special_zero=special)
    m.add("Reshape", 1, [count(m, 1), np.array([], np.int64)], "to scalar", special_zero=False)
    y = count(m, 1, 2, 1, 3, 1)
    m.add("Squeeze", 1, [y], "all")
    for axes in ([0], [2, -1], [0, 0], [-3], 4, [0, 1, 2]):
        m.add("Squeeze", 1, [y, np.array(axes)], f"{axes}")
    m.add("Squeeze", 15, [y, np.array([0, 1])], "skip", allow_axis_skip=True)
    for axes in ([0], [0, -1], [1, 3, 2], 2, [0, 0], [0, -3], [0, -5]):
        m.add("Unsqueeze", 1, [x, np.array(axes)], f"{axes}")
    m.add("Identity", 16, [x])


@model
def transpose(m):
    for shape, orders in (((5,), [[0]]), ((19, 37), [[1, 0], []]), ((3, 5, 7), [[0, 2, 1], [2, 1, 0], [1, 2, 0], [2, 0, 1], []]),
                          ((2, 3, 9, 10), [[0, 2, 1, 3], [0, 2, 3, 1], [0, 3, 1, 2], [3, 2, 1, 0], [0, 1, 3, 2]]),
                          ((2, 1, 3, 2, 4), [[4, 3, 2, 1, 0], [1, 0, 3, 2, 4]]), ((33, 70), [[1, 0]])):
        x = m.normal(*shape)
        for order in orders:
            m.add("Transpose", 1, [x, np.array(order, np.int64)], f"{shape} {order}")
    for name, t in TYPES.items():
        m.add("Transpose", 1, [randint(m, 2, 3, 4, 5, dtype=t), np.array([2, 0, 1], np.int32)], name)


@model
def concat_split(m):
    a, b, c = m.normal(2, 3, 4), m.normal(2, 5, 4), m.normal(2, 3, 1)
    m.add("Concat", 1, [a, b], "1", axis=1)
    m.add("Concat", 1, [a, c, a], "-1", axis=-1)
    m.add("Concat", 1, [a, a], "0", axis=0)
    m.add("Concat", 1, [a], "single", axis=2)
    for t in ("i64", "i8", "f16", "boolean"):
        m.add("Concat", 1, [randint(m, 2, 2, n, dtype=TYPES[t]) for n in (1, 3)], t, axis=1)
    x = m.normal(4, 6, 3)
    for axis, n in ((0, 2), (1, 3), (-2, 6), (2, 1)):
        m.add("Split", 1, [x, np.array(axis)], f"{axis} {n}", num_splits=n)
    for axis, lengths in ((0, [1, 3]), (1, [2, -1, 1]), (-1, [-1]), (1, [0, 6]), (1, [6, -1])):
        m.add("VariadicSplit", 1, [x, np.array(axis), np.array(lengths)], f"{axis} {lengths}")
    m.add("VariadicSplit", 1, [x, np.array([1]), np.array([2, 4], np.int32)], "axis of rank 1")


@model
def slice(m):
    x = count(m, 5, 4, 3)
    big = 2**63 - 1
    for begin, end, step in ((-10, 10, 1), (10, -10, -1), (4, -6, -1), (4, 0, -1), (-1, -100, -2), (0, big, 2), (1, big, 3), (0, 5, big),
                             (4, -big, -9), (3, 4, 1), (3, 1, 1), (7, 9, 1), (0, 0, -1), (2, -1, 1), (-9, -10, -1), (-9, -10, -2)):
        m.add("Slice", 8, [x, np.array([begin]), np.array([end]), np.array([step]), np.array([0])], f"{begin} {end} {step}")
    m.add("Slice", 8, [x, np.array([1, 0, 2]), np.array([4, 3, -4]), np.array([2, 1, -1])], "all axes")
    m.add("Slice", 8, [x, np.array([0, 1], np.int32), np.array([2, 4], np.int32), np.array([1, 2], np.int32), np.array([-1, 1], np.int32)],
          "named axes")
    bounds = [m.param(np.array(v)) for v in ([1], [-1], [2])]
    m.add("Slice", 8, [x, *bounds, np.array([1])], "bounds not constant")
    for t in ("i64", "u8", "f16"):
        m.add("Slice", 8, [m.param(np.arange(12).reshape(3, 4).astype(TYPES[t])), np.array([3]), np.array([0]), np.array([-2]), np.array([1])], t)


@model
def slice_scatter(m):
    x = m.normal(5, 4, 3)
    for begin, end, step, axes, shape in (([1], [4], [2], [0], (2, 4, 3)), ([4, 2], [0, -4], [-2, -1], [0, 2], (2, 4, 3)),
                                          ([0, 0, 1], [5, 2, 2], [1, 1, 1], None, (5, 2, 1)), ([2], [2], [1], [1], (5, 0, 3))):
        inputs = [x, m.normal(*shape), np.array(begin), np.array(end), np.array(step)] + ([] if axes is None else [np.array(axes)])
        m.add("SliceScatter", 15, inputs, f"{begin} {end} {step} {axes}")


@model
def strided_slice(m):
    x = count(m, 2, 3, 4)
    big = 2**31 - 1

    def add(name, start, stop, step=None, **masks):
        inputs = [x, np.array(start), np.array(stop)] + ([] if step is None else [np.array(step)])
        names = ("begin_mask", "end_mask", "new_axis_mask", "shrink_axis_mask", "ellipsis_mask")
        m.add("StridedSlice", 1, inputs, name, **{n: masks.get(n[:3], [0] * len(start) if n[:3] in ("beg", "end") else []) for n in names})

    add("plain", [0, 1, 1], [2, 3, 3])
    add("steps", [0, 2, 3], [2, 0, -5], [1, -1, -2])
    add("begin mask", [1, 1, 1], [2, 2, 2], [1, 1, 1], beg=[1, 0, 1])
    add("end mask", [0, 1, 1], [1, 1, 1], [1, 1, 1], end=[1, 1, 0])
    add("backwards from before the first", [-7, -9], [-9, -10], [-1, -2])
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
    m.add("StridedSlice", 1, [x, begin, end], "bounds not constant", begin_mask=[0, 0], end_mask=[0, 0])


@model
def gather(m):
    x = m.normal(4, 3, 5)
    i = m.param(np.array([[0, 3, -1], [-4, 4, 1]], np.int32))
    for axis in (0, 1, 2, -1):
        j = randint(m, 3, 2, 2, dtype=np.int64)
        m.add("Gather", 1, [x, j, np.array(axis)], f"1 {axis}")
        m.add("Gather", 7, [x, j, np.array(axis)], f"7 {axis}", batch_dims=0)
        m.add("Gather", 8, [x, j, np.array([axis])], f"8 {axis}", batch_dims=0)
    for opset in (1, 7, 8):
        m.add("Gather", opset, [x, i, np.array(0)], f"{opset} outside")
    m.add("Gather", 8, [x, np.array(2), np.array(1)], "scalar index")
    m.add("Gather", 8, [x, m.param(np.array(1)), np.array(2)], "scalar index not constant")
    b = m.param(np.array([[0, 2], [1, -1], [2, 2], [0, 1]]))
    for axis, batch in ((1, 1), (2, 1), (1, -1), (2, -1)):
        m.add("Gather", 8, [x, b, np.array(axis)], f"axis {axis} batch_dims {batch}", batch_dims=batch)
    m.add("Gather", 7, [x, randint(m, 5, 4, 3, 2, dtype=np.int32), np.array(2)], "7 batch_dims 2", batch_dims=2)
    for name, t in TYPES.items():
        m.add("Gather", 8, [randint(m, 2, 4, 3, dtype=t), np.array([1, 0, 3]), np.array(0)], name)
        m.add("Gather", 8, [randint(m, 2, 7, dtype=t), np.array([1, 0, 6]), np.array(0)], name + " elements")


@model
def pad(m):
    x = m.normal(4, 3, 5)
    for mode in ("constant", "edge", "reflect", "symmetric"):
        for begin, end in (([1, 0, 2], [0, 2, 1]), ([0, 0, 4], [0, 0, 0]), ([0, 0, 0], [0, 0, 0]), ([2, 1, 3], [2, 2, 3])):
            m.add("Pad", 1, [x, np.array(begin), np.array(end)], f"1 {mode} {begin} {end}", pad_mode=mode)
        for begin, end in (([-1, 0, 2], [2, -1, -2]), ([-2, 0, -3], [-2, 0, -1]), ([2, 0, 3], [-1, 0, -4])):
            m.add("Pad", 12, [x, np.array(begin), np.array(end)], f"12 {mode} {begin} {end}", pad_mode=mode)
    m.add("Pad", 1, [x, np.array([1, 0, 0]), np.array([0, 0, 1]), np.float32(2.5)], "value", pad_mode="constant")
    for t in ("i32", "u8", "i64", "f16"):
        m.add("Pad", 1, [randint(m, 9, 2, 3, dtype=TYPES[t]), np.array([1, 2]), np.array([0, 1]), TYPES[t](7)], t, pad_mode="constant")
        m.add("Pad", 1, [randint(m, 9, 2, 3, dtype=TYPES[t]), np.array([1, 2]), np.array([0, 1])], t + " reflect",
              pad_mode="reflect")


@model
def tile_broadcast(m):
    x = m.normal(2, 3)
    for repeats in ([1, 1], [2, 1], [1, 3], [2, 3], [2, 1, 2], [3]):
        m.add("Tile", 1, [x, np.array(repeats)], f"{repeats}")
    m.add("Tile", 1, [m.normal(2, 1, 3), np.array([2, 2])], "fewer repeats")
    m.add("Tile", 1, [m.param(np.array(True)), np.array([3])], "scalar")
    for target in ([2, 3], [4, 2, 3], [1, 2, 3]):
        m.add("Broadcast", 3, [x, np.array(target)], f"numpy {target}", mode="numpy")
        m.add("Broadcast", 1, [x, np.array(target)], f"1 numpy {target}", mode="numpy")
    y, s = m.normal(2, 1, 3), m.normal()
    for target in ([2, 4, 3], [5, 2, 2, 3]):
        m.add("Broadcast", 3, [y, np.array(target)], f"numpy {target}", mode="numpy")
    for target in ([1], [4, 1], [2, 4, 1], [3, 1, 1, 1]):
        m.add("Broadcast", 3, [y, np.array(target)], f"bidirectional {target}", mode="bidirectional")
    m.add("Broadcast", 3, [s, np.array([2, 3])], "scalar", mode="numpy")
    for target, axes in (([2, 4, 3], [0, 2]), ([2, 3, 4], [0, 1]), ([5, 2, 3], [1, 2])):
        m.add("Broadcast", 3, [x, np.array(target), np.array(axes)], f"explicit {target} {axes}", mode="explicit")
        m.add("Broadcast", 1, [x, np.array(target), np.array(axes)], f"1 explicit {target} {axes}", mode="explicit")
    m.add("Broadcast", 3, [m.normal(3), np.array([2, 3, 2]), np.array([1])], "explicit middle", mode="explicit")
    m.add("Broadcast", 3, [m.param(np.arange(3)), m.param(np.array([2, 3]))], "target not constant", mode="numpy")


@model
def shape_range(m):
    x, s = m.normal(2, 3, 4), m.normal()
    m.add("ShapeOf", 1, [x], "1")
    m.add("ShapeOf", 3, [x], "i64", output_type="i64")
    m.add("ShapeOf", 3, [x], "i32", output_type="i32")
    m.add("ShapeOf", 3, [s], "scalar", output_type="i64")
    for start, stop, step in ((0, 5, 2), (5, 0, -2), (-3, 3, 1), (0, 0, 1), (5, 2, 1), (2, 5, -1)):
        for t in ("i32", "i64"):
            m.add("Range", 4, [m.param(TYPES[t](v)) for v in (start, stop, step)], f"{t} {start} {stop} {step}", output_type=t)
            m.add("Range", 1, [m.param(TYPES[t](v)) for v in (start, stop, step)], f"1 {t} {start} {stop} {step}")
    for start, stop, step in ((0.1, 7, 0.1), (2, -1, -0.3), (0, 64, 1)):
        m.add("Range", 4, [m.param(np.float32(v)) for v in (start, stop, step)], f"f32 {start} {stop} {step}", output_type="f32")
    m.add("Range", 4, [m.param(np.int64(v)) for v in (1, 9, 3)], "i64 to f32", output_type="f32")


@model
def roll_reverse(m):
    x = m.normal(3, 4, 5)
    for shift, axes in ((2, [1]), ([-1, 7], [0, 2]), ([1, 1], [2, -1]), ([0], [0]), (3, [0])):
        m.add("Roll", 7, [x, np.array(shift), np.array(axes)], f"{shift} {axes}")
    m.add("Roll", 7, [randint(m, 9, 2, 3, dtype=np.int8), np.array([1]), np.array([1])], "i8")
    for axes in ([0], [2, 1], [0, 1, 2]):
        m.add("Reverse", 1, [x, np.array(axes)], f"{axes}", mode="index")
    m.add("Reverse", 1, [x, np.array([True, False, True])], "mask", mode="mask")
    for batch, seq, lengths in ((0, 1, [1, 4, 3]), (1, 0, [3, 2, 1, 3]), (2, 1, [1, 2, 3, 4, 1]), (1, -1, [5, 1, 2, 4])):
        m.add("ReverseSequence", 1, [x, np.array(lengths, np.int32)], f"{batch} {seq}", batch_axis=batch, seq_axis=seq)
    m.add("ReverseSequence", 1, [x, m.param(np.array([2, 3, 1]))], "lengths not constant", batch_axis=0, seq_axis=1)


@model
def depth_batch_space(m):
    x, y, z = m.normal(2, 8, 3, 5), m.normal(2, 3, 4, 6), m.normal(1, 16, 2, 3, 2)
    for mode in ("blocks_first", "depth_first"):
        m.add("DepthToSpace", 1, [x], mode, mode=mode, block_size=2)
        m.add("DepthToSpace", 1, [x], mode + " 1", mode=mode, block_size=1)
        m.add("DepthToSpace", 1, [z], mode + " 3-D", mode=mode, block_size=2)
        m.add("DepthToSpace", 1, [m.normal(2, 6, 4)], mode + " 1-D", mode=mode, block_size=3)
        m.add("SpaceToDepth", 1, [y], mode, mode=mode, block_size=2)
        m.add("SpaceToDepth", 1, [m.normal(1, 2, 2, 4, 6)], mode + " 3-D", mode=mode, block_size=2)
        m.add("SpaceToDepth", 1, [m.normal(2, 2, 6)], mode + " 1-D", mode=mode, block_size=3)
    for axis, group in ((1, 2), (1, 4), (-1, 5), (2, 3), (0, 2)):
        m.add("ShuffleChannels", 1, [x], f"{axis} {group}", axis=axis, group=group)
    b = m.normal(12, 2, 3, 2)
    for block, begin, end in (([1, 1, 2, 3], [0, 0, 0, 0], [0, 0, 0, 0]), ([1, 2, 3, 2], [0, 1, 2, 1], [0, 0, 4, 1]),
                              ([1, 1, 1, 1], [0, 0, 1, 0], [0, 1, 0, 1]), ([1, 1, 4, 1], [0, 0, 5, 0], [0, 0, 3, 0])):
        m.add("BatchToSpace", 2, [b, np.array(block), np.array(begin), np.array(end)], f"{block} {begin} {end}")
    m.add("BatchToSpace", 2, [m.normal(4, 3, 5), np.array([1, 1, 2]), np.array([0, 0, 1]), np.array([0, 0, 2])], "rank 3")
    for block, begin, end in (([1, 1, 2, 3], [0, 0, 0, 0], [0, 0, 0, 0]), ([1, 3, 2, 4], [0, 0, 1, 1], [0, 0, 1, 1]),
                              ([1, 1, 1, 1], [0, 0, 1, 2], [0, 0, 0, 0]), ([1, 1, 3, 3], [0, 0, 4, 0], [0, 0, 1, 3])):
        m.add("SpaceToBatch", 2, [y, np.array(block), np.array(begin), np.array(end)], f"{block} {begin} {end}")
    m.add("SpaceToBatch", 2, [m.normal(2, 3, 5), np.array([1, 1, 2]), np.array([0, 0, 1]), np.array([0, 0, 2])], "rank 3")


@model
def gather_elements(m):
    x = m.normal(3, 4, 5)
    for axis, shape in ((0, (2, 4, 5)), (1, (3, 7, 5)), (2, (3, 4, 2)), (-1, (3, 4, 6))):
        m.add("GatherElements", 6, [x, randint(m, 3, *shape)], f"{axis}", axis=axis)
    m.add("GatherElements", 6, [x, m.param(np.array([[[0, -1]] * 4] * 3, np.int32))], "from the end", axis=2)
    for t in ("i64", "u8", "f16", "boolean"):
        m.add("GatherElements", 6, [randint(m, 2, 3, 4, dtype=TYPES[t]), randint(m, 3, 2, 4, dtype=np.int32)], t, axis=0)
    y = m.normal(2, 3, 4, 2)
    i = m.param(np.array([[0, 2], [1, 1]]))
    for opset in (5, 8):
        m.add("GatherND", opset, [y, i], f"{opset}", batch_dims=0)
        m.add("GatherND", opset, [y, randint(m, 2, 2, 5, 3)], f"{opset} one batch dimension", batch_dims=1)
        m.add("GatherND", opset, [y, randint(m, 2, 2, 3, 2, 1)], f"{opset} two batch dimensions", batch_dims=2)
        m.add("GatherND", opset, [y, randint(m, 2, 2, 3, 4, 1)], f"{opset} three batch dimensions", batch_dims=3)
        m.add("GatherND", opset, [y, randint(m, 2, 3, 2, 4)], f"{opset} all axes", batch_dims=0)
        m.add("GatherND", opset, [y, randint(m, 2, 2, 3, 2)], f"{opset} one batch, two axes", batch_dims=1)
    m.add("GatherND", 8, [y, m.param(np.array([[-1, -3], [-2, 2]], np.int32))], "from the end", batch_dims=0)
    m.add("GatherND", 8, [randint(m, 9, 5, dtype=np.int8), m.param(np.array([[3], [0]]))], "i8", batch_dims=0)
    steps, parents = randint(m, 6, 5, 2, 3, dtype=np.int32), randint(m, 3, 5, 2, 3, dtype=np.int32)
    m.add("GatherTree", 1, [steps, parents, m.param(np.array([5, 3], np.int32)), np.array(2, np.int32)], "i32")
    m.add("GatherTree", 1, [steps, parents, m.param(np.array([9, 1], np.int32)), np.array(0, np.int32)], "long")


@model
def scatter(m):
    def x():
        return m.normal(4, 3, 5)

    for axis, shape in ((0, (2,)), (1, (3, 2)), (-1, (2,)), (2, (1,))):
        indices = m.rng.permutation(6 if len(shape) > 1 else 3)[: int(np.prod(shape))].reshape(shape) % 3
        a = axis % 3
        updates = m.normal(*(4, 3, 5)[:a], *shape, *(4, 3, 5)[a + 1:])
        m.add("ScatterUpdate", 3, [x(), m.param(indices.astype(np.int32)), updates, np.array(axis)], f"{axis} {shape}")
    m.add("ScatterUpdate", 3, [randint(m, 9, 4), m.param(np.array([3, 1])), m.param(np.array([7, 8])), np.array([0])], "i64")
    unique = np.stack([m.rng.permutation(4)[:2] for _ in range(15)]).T.reshape(2, 3, 5)
    some = m.rng.integers(0, 3, (2, 2, 4))
    m.add("ScatterElementsUpdate", 3, [x(), m.param(unique), m.normal(2, 3, 5), np.array(0)], "3")
    m.add("ScatterElementsUpdate", 12, [x(), m.param(unique - 4), m.normal(2, 3, 5), np.array(0)], "from the end")
    m.add("ScatterElementsUpdate", 3, [m.normal(5), m.param(np.array([1, 3])), m.normal(2), np.array([-1])], "rank 1")
    for reduction in ("sum", "prod", "min", "max", "mean"):
        for initial in (True, False):
            for axis in (0, 1, 2):
                m.add("ScatterElementsUpdate", 12, [x(), m.param(some), m.normal(2, 2, 4), np.array(axis)], f"{reduction} {initial} {axis}",
                      reduction=reduction, use_init_val=initial)
            i = m.param(np.array([0, 2, 2, 0, 2]))
            data, updates = m.param(np.array([1, -2, 3, 4], np.int32)), m.param(np.array([-5, 2, 7, -3, 4], np.int32))
            m.add("ScatterElementsUpdate", 12, [data, i, updates, np.array(0)],
                  f"i32 {reduction} {initial}", reduction=reduction, use_init_val=initial)
    m.add("ScatterNDUpdate", 4, [x(), m.param(np.array([[3], [1]])), m.normal(2, 3, 5)], "slices")
    m.add("ScatterNDUpdate", 4, [x(), m.param(np.array([[3, 0], [1, -1], [-4, 1]], np.int32)), m.normal(3, 5)], "rows, from the end")
    m.add("ScatterNDUpdate", 4, [x(), m.param(np.array([[[3, 0, 4]], [[1, 2, 0]]])), m.normal(2, 1)], "elements")
    for reduction in ("none", "sum", "sub", "prod", "min", "max"):
        m.add("ScatterNDUpdate", 15, [x(), m.param(np.array([[3, 0], [1, 2], [0, 1]])), m.normal(3, 5)], reduction, reduction=reduction)
        if reduction != "none":
            m.add("ScatterNDUpdate", 15, [x(), m.param(np.array([[3], [1], [3]])), m.normal(3, 3, 5)], reduction + " repeated", reduction=reduction)
        m.add("ScatterNDUpdate", 15, [m.param(np.arange(4)), m.param(np.array([[3], [1]])), m.param(np.array([-2, 5]))], reduction + " i64",
              reduction=reduction)


@model
def top_k(m):
    for shape, axis, ks in (((37,), 0, (1, 37)), ((3, 40), 1, (7,)), ((2, 20, 3, 5), 1, (4, 15)), ((2, 3, 60), -1, (16,)), ((300,), 0, (200,))):
        ties, distinct = randint(m, 9, *shape, dtype=np.float32), m.param(m.rng.permutation(int(np.prod(shape))).reshape(shape).astype(np.float32))
        for k in ks:
            for mode in ("max", "min"):
                for sort in ("value", "index"):
                    m.add("TopK", 3, [distinct, np.array(k)], f"3 {shape} {k} {mode} {sort}", axis=axis, mode=mode, sort=sort,
                          index_element_type="i64")
                m.add("TopK", 11, [ties, np.array(k)], f"stable {shape} {k} {mode}", axis=axis, mode=mode, sort="value", stable=True,
                      index_element_type="i32")
    x = m.normal(4, 10)
    m.add("TopK", 1, [x, np.array(3)], "1", axis=1, mode="max", sort="value")
    for t in ("i32", "i8", "u8", "f16"):
        m.add("TopK", 3, [randint(m, 100, 4, 10, dtype=TYPES[t]), np.array(3)], t, axis=0, mode="max", sort="value", index_element_type="i32")


@model
def one_hot_eye(m):
    i = m.param(np.array([[0, 2, 1], [3, -1, 4]], np.int32))
    for axis in (-1, 0, 1, 2):
        m.add("OneHot", 1, [i, np.array(4), np.float32(2), np.float32(-1)], f"{axis}", axis=axis)
    m.add("OneHot", 1, [m.param(np.array([1, 0])), np.array(3), np.array(5), np.array(0)], "i64", axis=1)
    m.add("OneHot", 1, [m.param(np.array(2, np.int32)), np.array(3), np.array(True), np.array(False)], "scalar", axis=0)
    for mode in ("ignore_negative", "normalize"):
        m.add("OneHot", 16, [i, np.array(4), np.float32(2), np.float32(-1)], f"16 {mode}", axis=-1, negative_indices_mode=mode)
    for rows, columns, k in ((3, 3, 0), (3, 5, 1), (3, 5, -1), (5, 3, -3), (4, 4, 7), (4, 4, -9), (2, 5, 4), (3, 3, 2)):
        m.add("Eye", 9, [np.array(rows), np.array(columns), m.param(np.array(k))], f"{rows} {columns} {k}", output_type="f32")
    m.add("Eye", 9, [np.array(2), np.array(3), np.array(0), m.param(np.array([2, 2]))], "batch", output_type="i32")
    m.add("Eye", 9, [m.param(np.array(2)), np.array(3), np.array(1), np.array([3])], "i8", output_type="i8")


@model
def non_zero_unique(m):
    for t in ("f32", "i32", "i8", "boolean"):
        m.add("NonZero", 3, [randint(m, 2, 3, 4, 2, dtype=TYPES[t])], t, output_type="i64")
    m.add("NonZero", 3, [randint(m, 2, 13)], "rank 1", output_type="i32")
    m.add("NonZero", 3, [m.param(np.zeros((2, 2), np.float32))], "nothing", output_type="i64")
    x, y = randint(m, 5, 3, 4, dtype=np.float32), randint(m, 2, 5, 2, 3, dtype=np.int32)
    for ordered in (True, False):
        m.add("Unique", 10, [x], f"all {ordered}", sorted=ordered)
        for axis in (0, 1, -1):
            m.add("Unique", 10, [y, np.array(axis)], f"{axis} {ordered}", sorted=ordered, index_element_type="i32", count_element_type="i32")
    m.add("Unique", 10, [randint(m, 4, 9, dtype=np.int8), np.array([0])], "i8", sorted=True)


@model
def bucketize(m):
    x = m.param(np.array([[-2, 0, 0.5, 1], [3, 4, 9, 7]], np.float32))
    for right in (True, False):
        for t in ("i32", "i64"):
            m.add("Bucketize", 3, [x, np.array([0, 1, 4, 7], np.float32)], f"{right} {t}", output_type=t, with_right_bound=right)
        m.add("Bucketize", 3, [randint(m, 9, 7, dtype=np.int32), m.param(np.array([2, 3, 5], np.int32))], f"{right} integers", output_type="i64",
              with_right_bound=right)
        m.add("SearchSorted", 15, [m.param(np.array([1, 3, 3, 5, 8], np.float32)), m.param(np.array([[0, 3, 9], [5, 4, 8]], np.float32))],
              f"{right} rank 1", right_mode=right)
        m.add("SearchSorted", 15, [m.param(np.array([[1, 3, 5], [2, 2, 4]])), m.param(np.array([[0, 3, 6, 5], [2, 1, 4, 3]]))], f"{right} lines",
              right_mode=right)


@model
def patches(m):
    x = m.normal(2, 3, 7, 6)
    for sizes, strides, rates in (([3, 3], [1, 1], [1, 1]), ([2, 3], [2, 3], [1, 1]), ([3, 2], [2, 1], [2, 3]), ([1, 1], [3, 2], [1, 1]),
                                  ([4, 4], [5, 5], [1, 1])):
        for pad in ("valid", "same_upper", "same_lower"):
            m.add("ExtractImagePatches", 3, [x], f"{sizes} {strides} {rates} {pad}", sizes=sizes, strides=strides, rates=rates, auto_pad=pad)
    y = m.normal(2, 12, 20)
    m.add("Col2Im", 15, [y, np.array([5, 6]), np.array([2, 2])], "overlapping", strides=[1, 1], dilations=[1, 1], pads_begin=[0, 0], pads_end=[0, 0])
    m.add("Col2Im", 15, [m.normal(12, 9), np.array([6, 6]), np.array([2, 2])], "side by side", strides=[2, 2], dilations=[1, 1], pads_begin=[0, 0],
          pads_end=[0, 0])
    m.add("Col2Im", 15, [m.normal(1, 18, 8), np.array([5, 6]), np.array([3, 3])], "pads and dilations", strides=[2, 1], dilations=[2, 1],
          pads_begin=[1, 0], pads_end=[2, 0])


for name in sys.argv[1:] or MODELS:
    m = Model(HERE, name)
    MODELS[name](m)
    m.save()
