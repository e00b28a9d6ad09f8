"""Makes the models of this folder with their inputs and the outputs of OpenVINO's CPU plugin in f32.

One model an operation or family; each node has its own attributes, each result compares one of them. Run: python generate.py [NAME]...
"""
import itertools
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from oracle import Model  # noqa: E402

MODELS = {}


def model(f):
    MODELS[f.__name__.replace("_", "-")] = f
    return f


def boxes(rng, n, size=1.0):
    """n boxes x1, y1, x2, y2 inside [0, size]."""
    a, b = rng.random((n, 2)), rng.random((n, 2))
    return (size * np.concatenate([np.minimum(a, b), np.maximum(a, b)], 1)).astype(np.float32)


@model
def prior_box(m):
    size, image = m.param(np.array([3, 4], np.int64)), m.param(np.array([60, 90], np.int64))
    base = dict(offset=0.5, variance=[0.1, 0.1, 0.2, 0.2])
    variants = {
        "ssd": dict(min_size=[16.0], max_size=[38.4], aspect_ratio=[2.0, 3.0], flip=True, step=16.0),
        "auto-step": dict(min_size=[16.0, 20.0], max_size=[38.4, 40.0], aspect_ratio=[2.0]),
        "clip": dict(min_size=[50.0], aspect_ratio=[0.5], clip=True, flip=True),
        "one-variance": dict(min_size=[16.0], variance=[0.3]),
        "no-variance": dict(min_size=[16.0], variance=[]),
        "repeated-ratio": dict(min_size=[16.0], aspect_ratio=[1.0, 2.0, 2.0, 0.5], flip=True),
        "fixed-density": dict(fixed_size=[9.0, 20.5], density=[2.0, 3.0], aspect_ratio=[2.0]),
        "fixed-ratio": dict(fixed_size=[32.0], density=[2.0], fixed_ratio=[2.0]),
        "mxnet": dict(min_size=[0.1, 0.2], aspect_ratio=[2.0, 0.5], scale_all_sizes=False, step=0.1),
        "mxnet-auto-step": dict(min_size=[0.1, 0.2], aspect_ratio=[2.0, 0.5], scale_all_sizes=False, step=-1.0),
    }
    for name, v in variants.items():
        m.add("PriorBox", 1, [size, image], name, **{**base, **v})
    m.add("PriorBox", 8, [size, image], "order", **{**base, **variants["auto-step"], "min_max_aspect_ratios_order": True})


@model
def prior_box_clustered(m):
    size, image = m.param(np.array([3, 4], np.int64)), m.param(np.array([60, 90], np.int64))
    base = dict(width=[9.4, 25.1, 14.7], height=[15.0, 39.6, 25.5], offset=0.5, variance=[0.1, 0.1, 0.2, 0.2])
    for name, v in {
        "step": dict(step=16.0), "steps": dict(step_widths=10.0, step_heights=12.0), "auto": dict(), "clip": dict(clip=True),
        "one-variance": dict(variance=[0.5], offset=0.0),
    }.items():
        m.add("PriorBoxClustered", 1, [size, image], name, **{**base, **v})


def ssd(m, images, priors, classes, locations, normalized, target, own):
    """Random predictions of an SSD head."""
    rng = m.rng
    logits = m.param((0.5 * rng.standard_normal((images, priors * locations * 4))).astype(np.float32))
    scores = np.round(rng.random((images, priors, classes)), 1).astype(np.float32)  # with ties
    confidences = m.param(scores.reshape(images, -1))
    rows = []
    for _ in range(images if own else 1):
        b = boxes(rng, priors, 1 if normalized else 100)
        if not normalized:
            ids = np.zeros((priors, 1), np.float32)
            ids[-2:] = -1
            b = np.concatenate([ids, b], 1)
        v = np.full(b.size, 0.1, np.float32)
        rows.append([b.ravel()] if target else [b.ravel(), v])
    return logits, confidences, m.param(np.array(rows, np.float32))


@model
def detection_output(m):
    for name, v in {
        "center": dict(code_type="caffe.PriorBoxParameter.CENTER_SIZE"),
        "corner": dict(code_type="caffe.PriorBoxParameter.CORNER"),
        "keep-5": dict(keep_top_k=[5]),
        "keep-all": dict(keep_top_k=[-1], top_k=4),
        "no-limit": dict(keep_top_k=[-1], top_k=-1),
        "own-locations": dict(share_location=False),
        "own-priors": dict(own=True),
        "target": dict(variance_encoded_in_target=True),
        "target-center": dict(variance_encoded_in_target=True, code_type="caffe.PriorBoxParameter.CENTER_SIZE", own=True),
        "clip-before": dict(clip_before_nms=True),
        "clip-after": dict(clip_after_nms=True),
        "pixels": dict(normalized=False, input_height=80, input_width=100),
        "mxnet": dict(decrease_label_id=True, code_type="caffe.PriorBoxParameter.CENTER_SIZE"),
        "mxnet-own-locations": dict(decrease_label_id=True, share_location=False, keep_top_k=[6]),
        "refined": dict(refined=True, objectness_score=0.4),
        "refined-own-locations": dict(refined=True, objectness_score=0.4, share_location=False, background_label_id=1),
        "refined-pixels": dict(refined=True, objectness_score=0.4, normalized=False, input_height=80, input_width=100),
        "refined-mxnet": dict(refined=True, objectness_score=0.4, decrease_label_id=True),
        "nothing": dict(confidence_threshold=2.0),
    }.items():
        v = dict(dict(background_label_id=0, top_k=10, keep_top_k=[20], nms_threshold=0.45, confidence_threshold=0.25, normalized=True), **v)
        own, refined, images, priors, classes = v.pop("own", False), v.pop("refined", False), 2, 12, 3
        locations = 1 if v.get("share_location", True) else classes
        inputs = ssd(m, images, priors, classes, locations, v["normalized"], v.get("variance_encoded_in_target", False), own)
        if refined:
            inputs += (m.param(m.rng.random((images, priors * 2)).astype(np.float32)), m.normal(images, priors * locations * 4, scale=0.3))
        m.add("DetectionOutput", 8, inputs, name, **v)
        if name == "center":
            m.add("DetectionOutput", 1, inputs, "opset1", **v, num_classes=classes)


GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
ACTIVATIONS = {"RNN": ["tanh"], "GRU": ["sigmoid", "tanh"], "LSTM": ["sigmoid", "tanh", "tanh"]}
CELL_OPSET = {"RNN": 1, "GRU": 3, "LSTM": 4}


def cell_inputs(m, kind, lengths=None, directions=None, linear=False, batch=2, steps=5, size=3, hidden=4):
    """Parameters X, H, (C), (lengths) and constants W, R, B; a sequence when directions are given."""
    normal = lambda *s: (0.7 * m.rng.standard_normal(s)).astype(np.float32)
    dirs = [] if directions is None else [directions]
    state = [batch, *dirs, hidden]
    inputs = [m.param(normal(batch, *([steps] if dirs else []), size)), m.param(normal(*state))]
    if kind == "LSTM":
        inputs.append(m.param(normal(*state)))
    if dirs:
        inputs.append(m.param(np.array(lengths, np.int64)) if lengths else np.full(batch, steps, np.int64))
    rows = GATES[kind] * hidden
    return inputs + [normal(*dirs, rows, size), normal(*dirs, rows, hidden), normal(*dirs, rows + (hidden if linear else 0))]


@model
def cells(m):
    relu = {"RNN": ["relu"], "GRU": ["tanh", "relu"], "LSTM": ["tanh", "relu", "sigmoid"]}
    for kind, opset in CELL_OPSET.items():
        for name, v in {"default": {}, "clip": dict(clip=0.5), "activations": dict(activations=relu[kind])}.items():
            m.add(f"{kind}Cell", opset, cell_inputs(m, kind), name, hidden_size=4, **v)
    for name, v in {"linear": {}, "linear-clip": dict(clip=0.5)}.items():
        m.add("GRUCell", 3, cell_inputs(m, "GRU", linear=True), name, hidden_size=4, linear_before_reset=True, **v)
    for order in ["fico", "ifco", "iofc"]:
        m.add("LSTMCell", 1, cell_inputs(m, "LSTM"), f"opset1-{order}", hidden_size=4, weights_format=order)


@model
def sequences(m):
    for kind in GATES:
        for direction, lengths in itertools.product(["forward", "reverse", "bidirectional"], [None, [3, 5], [0, 2]]):
            dirs = 2 if direction == "bidirectional" else 1
            name = direction + ("-lengths-" + "-".join(map(str, lengths)) if lengths else "")
            inputs = cell_inputs(m, kind, lengths, dirs)
            m.add(f"{kind}Sequence", 5, inputs, name, hidden_size=4, direction=direction, activations=ACTIVATIONS[kind])
    for direction in ["forward", "bidirectional"]:
        inputs = cell_inputs(m, "GRU", None, 2 if direction == "bidirectional" else 1, linear=True)
        m.add("GRUSequence", 5, inputs, "linear-" + direction, hidden_size=4, direction=direction, activations=ACTIVATIONS["GRU"], linear_before_reset=True)
    m.add("LSTMSequence", 5, cell_inputs(m, "LSTM", [4, 2], 1), "clip", hidden_size=4, direction="reverse", activations=ACTIVATIONS["LSTM"], clip=0.3)


def interpolate(m, data, opset, sizes, axes, name, **attributes):
    """Sizes are integers, scales floats."""
    scales = sizes.dtype != np.int64
    attributes = dict(shape_calculation_mode="scales" if scales else "sizes", **attributes)
    inputs = [data, sizes, axes]
    if opset == 4:
        inputs = [data, np.ones(len(axes), np.int64), sizes, axes] if scales else [data, sizes, np.ones(len(axes), np.float32), axes]
    m.add("Interpolate", opset, inputs, name, **attributes)


COORDINATES = ["half_pixel", "pytorch_half_pixel", "asymmetric", "tf_half_pixel_for_nn", "align_corners"]
HW, UP, DOWN = np.array([2, 3], np.int64), np.array([7, 9], np.int64), np.array([3, 2], np.int64)


@model
def interpolate_nearest(m):
    data = m.normal(1, 2, 5, 6)
    for coordinates, nearest, (way, size) in itertools.product(
            COORDINATES, ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple"], [("up", UP), ("down", DOWN)]):
        interpolate(m, data, 11, size, HW, f"{coordinates}-{nearest}-{way}", mode="nearest", coordinate_transformation_mode=coordinates,
                    nearest_mode=nearest)


@model
def interpolate_modes(m):
    data = m.normal(1, 2, 5, 6)
    for coordinates, mode, (way, size), antialias in itertools.product(
            COORDINATES, ["linear", "linear_onnx", "cubic"], [("up", UP), ("down", DOWN), ("mixed", np.array([8, 4], np.int64))], [False, True]):
        if antialias and mode != "linear":
            continue
        name = f"{mode}-{coordinates}-{way}" + ("-antialias" if antialias else "")
        interpolate(m, data, 11, size, HW, name, mode=mode, coordinate_transformation_mode=coordinates, antialias=antialias)


@model
def interpolate_other(m):
    data = m.normal(1, 2, 5, 6)
    for way, size in [("up", UP), ("down", DOWN), ("one-axis", np.array([5, 11], np.int64))]:
        for mode in ["bilinear_pillow", "bicubic_pillow"]:
            interpolate(m, data, 11, size, HW, f"{mode}-{way}", mode=mode, cube_coeff=-0.5)
    for mode in ["nearest", "linear", "linear_onnx", "cubic"]:
        for name, scales in [("up", [1.5, 2.2]), ("down", [0.65, 0.33333331]), ("same-size", [1.1, 0.97])]:
            interpolate(m, data, 4, np.array(scales, np.float32), HW, f"{mode}-scales-{name}", mode=mode)
        interpolate(m, data, 4, UP, HW, f"{mode}-pads", mode=mode, pads_begin=[0, 0, 1, 2], pads_end=[0, 0, 2, 0])
    interpolate(m, data, 11, np.array([2.0], np.float32), np.array([3], np.int64), "last-axis", mode="linear_onnx")
    interpolate(m, m.normal(1, 2, 3, 4, 5), 4, np.array([4, 7, 3], np.int64), np.array([2, 3, 4], np.int64), "3d", mode="linear_onnx")
    interpolate(m, m.normal(1, 2, 3, 4, 5), 4, np.array([4, 7, 3], np.int64), np.array([2, 3, 4], np.int64), "3d-linear", mode="linear",
                antialias=True)
    interpolate(m, m.normal(1, 2, 7), 11, np.array([1, 2, 4], np.int64), np.array([0, 1, 2], np.int64), "1d", mode="linear_onnx")
    for dtype in [np.uint8, np.int8, np.int32]:
        integers = m.param(m.rng.integers(0, 120, (1, 2, 5, 5)).astype(dtype))  # odd sizes only: no weighted sum ends in .5
        for mode in ["nearest", "linear", "linear_onnx", "cubic", "bilinear_pillow", "bicubic_pillow"]:
            interpolate(m, integers, 11, UP, HW, f"{mode}-{np.dtype(dtype).name}", mode=mode)


@model
def interpolate_opset1(m):
    data, volume = m.normal(1, 2, 5, 6), m.normal(1, 2, 3, 4, 5)
    for mode, align, (way, size) in itertools.product(["nearest", "linear", "cubic"], [False, True], [("up", UP), ("down", DOWN)]):
        m.add("Interpolate", 1, [data, size], f"{mode}-{way}" + "-align" * align, mode=mode, align_corners=align, axes=[2, 3])
    m.add("Interpolate", 1, [data, UP], "pads", mode="linear", align_corners=False, axes=[2, 3], pads_begin=[0, 0, 1, 1], pads_end=[0, 0, 0, 1])
    m.add("Interpolate", 1, [data, np.array([9], np.int64)], "one-axis", mode="linear", align_corners=False, axes=[3])
    m.add("Interpolate", 1, [volume, np.array([4, 7, 3], np.int64)], "3d", mode="linear", align_corners=False, axes=[2, 3, 4])


@model
def nms(m):
    rng = m.rng
    one = lambda v, t=np.float32: np.array(v, t)
    boxes_ = np.stack([boxes(rng, 20)[:, [1, 0, 3, 2]] for _ in range(2)])
    corners = m.param(boxes_)
    flipped = m.param(boxes_[:, :, [2, 1, 0, 3]])
    centers = m.param(rng.random((2, 20, 4)).astype(np.float32))
    degenerate = m.param(np.concatenate([boxes_[:, :10], boxes_[:, 10:, [0, 1, 0, 1]]], 1))
    scores = m.param(np.round(rng.random((2, 3, 20)), 1).astype(np.float32))  # with ties
    rest = lambda most=5, iou=0.3, score=0.2, *more: [one(most, np.int64), one(iou), one(score), *map(one, more)]
    for opset in [1, 3, 4, 5, 9]:
        m.add("NonMaxSuppression", opset, [corners, scores, *rest()], f"opset{opset}")
    for name, data, extra, attributes in [
            ("center", centers, rest(), dict(box_encoding="center")), ("flipped", flipped, rest(), {}),
            ("unsorted", corners, rest(), dict(sort_result_descending=False)), ("i32", corners, rest(), dict(output_type="i32")),
            ("all", corners, rest(100, 0.9, 0.0), {}),
            ("soft", corners, rest(20, 0.3, 0.1, 0.4), {}), ("soft-unsorted", centers, rest(20, 0.9, 0.05, 0.1), dict(sort_result_descending=False)),
            ("degenerate", degenerate, rest(20, 0.1, 0.0), {}), ("degenerate-0", degenerate, rest(20, 0.0, 0.0), {})]:
        m.add("NonMaxSuppression", 9, [data, scores, *extra], name, **attributes)


@model
def nms_rotated(m):
    rng = m.rng
    data = np.concatenate([rng.random((2, 20, 2)), 0.2 + rng.random((2, 20, 2)), 6 * rng.random((2, 20, 1)) - 3], 2).astype(np.float32)
    data[:, 3] = data[:, 2]
    boxes_, scores = m.param(data), m.param(rng.random((2, 3, 20)).astype(np.float32))
    rest = [np.array(12, np.int64), np.array(0.3, np.float32), np.array(0.1, np.float32)]
    for name, attributes in [("clockwise", {}), ("counterclockwise", dict(clockwise=False)), ("unsorted", dict(sort_result_descending=False))]:
        m.add("NMSRotated", 13, [boxes_, scores, *rest], name, **attributes)


@model
def multiclass_nms(m):
    rng = m.rng
    boxes_ = m.param(np.stack([boxes(rng, 15), boxes(rng, 15)]))
    scores = m.param(np.round(rng.random((2, 3, 15)), 1).astype(np.float32))  # with ties
    base = dict(iou_threshold=0.3, score_threshold=0.2)
    for name, v in {
        "defaults": {}, "score": dict(sort_result_type="score"), "classid": dict(sort_result_type="classid"),
        "score-across": dict(sort_result_type="score", sort_result_across_batch=True, output_type="i32"),
        "classid-across": dict(sort_result_type="classid", sort_result_across_batch=True), "none-across": dict(sort_result_across_batch=True),
        "top-4-keep-5": dict(nms_top_k=4, keep_top_k=5), "background": dict(background_class=1), "pixels": dict(normalized=False),
        "eta": dict(nms_eta=0.7, iou_threshold=0.8), "all": dict(iou_threshold=0.95, score_threshold=0.0),
    }.items():
        for opset in [8, 9]:
            m.add("MulticlassNms", opset, [boxes_, scores], f"{name}-opset{opset}", **{**base, **v})
    lists = [m.param(np.stack([boxes(rng, 12) for _ in range(3)])), m.param(rng.random((3, 12)).astype(np.float32)),
             m.param(np.array([5, 0, 7], np.int64))]
    for sort in ["none", "score", "classid"]:
        m.add("MulticlassNms", 9, lists, f"lists-{sort}", **base, sort_result_type=sort)


@model
def matrix_nms(m):
    rng = m.rng
    boxes_ = m.param(np.stack([boxes(rng, 15), boxes(rng, 15)]))
    scores = m.param(rng.random((2, 3, 15)).astype(np.float32))
    base = dict(score_threshold=0.1, post_threshold=0.1)
    for name, v in {
        "defaults": {}, "gaussian": dict(decay_function="gaussian", gaussian_sigma=1.5), "classid": dict(sort_result_type="classid"),
        "score-across": dict(sort_result_type="score", sort_result_across_batch=True, output_type="i32"),
        "classid-across": dict(sort_result_type="classid", sort_result_across_batch=True), "none-across": dict(sort_result_across_batch=True),
        "score": dict(sort_result_type="score"), "top-4-keep-5": dict(nms_top_k=4, keep_top_k=5), "background": dict(background_class=0),
        "pixels": dict(normalized=False, decay_function="gaussian"), "everything": dict(post_threshold=0.0, score_threshold=0.0),
    }.items():
        m.add("MatrixNms", 8, [boxes_, scores], name, **{**base, **v})


@model
def dft(m):
    data = m.normal(2, 5, 6, 2)
    axes = lambda *a: np.array(a, np.int64)
    for op in ["DFT", "IDFT"]:
        m.add(op, 7, [data, axes(1)], "one")
        m.add(op, 7, [data, axes(-1, 0)], "two")
        m.add(op, 7, [data, axes(0, 1, 2), axes(3, -1, 4)], "sizes")
    m.add("DFT", 7, [m.normal(37, 2), axes(0)], "prime")


@model
def rdft(m):
    data, spectrum = m.normal(2, 5, 6), m.normal(2, 5, 6, 2)
    axes = lambda *a: np.array(a, np.int64)
    for op, x in [("RDFT", data), ("IRDFT", spectrum)]:
        m.add(op, 9, [x, axes(2)], "one")
        m.add(op, 9, [x, axes(0, -2)], "two")
        m.add(op, 9, [x, axes(2, 1), axes(5, 4)], "sizes")
    m.add("IRDFT", 9, [spectrum, axes(1, 2), axes(5, 3)], "less")
    b = m.data[1].data  # the plugin reads beyond the end of data that is shorter than the signal: expected is numpy's result
    irfft = np.fft.irfftn(b[..., 0].astype(np.complex128) + 1j * b[..., 1], (3, 14), axes=(1, 2))
    m.add("IRDFT", 9, [spectrum, axes(1, 2), axes(3, 14)], "more", expected=irfft.astype(np.float32))


@model
def stft(m):
    one, two, window = m.normal(30), m.normal(2, 30), m.uniform(0.1, 1, 6)
    scalar = lambda v: np.array(v, np.int64)
    for name, signal, size, step, transpose in [("frames-first", two, 8, 3, False), ("bins-first", two, 8, 3, True), ("odd", two, 9, 4, True),
                                                ("one-signal", one, 6, 6, False)]:
        m.add("STFT", 15, [signal, window, scalar(size), scalar(step)], name, transpose_frames=transpose)


@model
def istft(m):
    one, two, window = m.normal(5, 4, 2), m.normal(2, 5, 4, 2), m.uniform(0.1, 1, 6)
    scalar = lambda v: np.array(v, np.int64)
    for name, data, size, step, length, attributes in [
            ("plain", two, 8, 3, [], {}), ("center", two, 8, 3, [], dict(center=True)), ("normalized", two, 8, 5, [], dict(normalized=True)),
            ("odd", two, 9, 4, [], dict(center=True)), ("one-signal", one, 8, 3, [], {}), ("longer", two, 8, 3, [scalar(30)], {}),
            ("shorter-center", two, 8, 3, [scalar(7)], dict(center=True)), ("gaps", one, 8, 9, [], {})]:
        m.add("ISTFT", 16, [data, window, scalar(size), scalar(step), *length], name, **dict(dict(center=False, normalized=False), **attributes))


@model
def yolo(m):
    two = m.normal(2, 3 * 7, 4, 5)
    base = dict(coords=4, classes=2, num=3, axis=1, end_axis=3, anchors=[1.0] * 6, mask=[0, 1, 2])
    m.add("RegionYolo", 1, [two], "softmax", **base, do_softmax=True)
    m.add("RegionYolo", 1, [two], "logistic", **base, do_softmax=False)
    m.add("ReorgYolo", 2, [m.normal(2, 8, 4, 6)], "stride-2", stride=[2])
    m.add("ReorgYolo", 2, [m.normal(1, 9, 3, 6)], "stride-3", stride=[3])


@model
def grid_sample(m):
    data, grid = m.normal(2, 3, 4, 5), m.uniform(-2.5, 2.5, 2, 3, 7, 2)
    for mode, padding, align in itertools.product(["bilinear", "bicubic", "nearest"], ["zeros", "border", "reflection"], [False, True]):
        m.add("GridSample", 9, [data, grid], f"{mode}-{padding}" + "-align" * align, mode=mode, padding_mode=padding, align_corners=align)


@model
def color(m):
    for dtype in [np.uint8, np.float32]:
        plane = lambda *s: m.param(m.rng.integers(0, 256, s).astype(dtype))
        nv12, y, uv, u, v = plane(2, 6, 6, 1), plane(2, 4, 6, 1), plane(2, 2, 3, 2), plane(2, 2, 3, 1), plane(2, 2, 3, 1)
        for order in ["RGB", "BGR"]:
            name = f"{np.dtype(dtype).name}"
            m.add(f"NV12to{order}", 8, [nv12], f"{name}-one-plane")
            m.add(f"NV12to{order}", 8, [y, uv], f"{name}-planes")
            m.add(f"I420to{order}", 8, [nv12], f"{name}-one-plane")
            m.add(f"I420to{order}", 8, [y, u, v], f"{name}-planes")


@model
def roi_align(m):
    rng = m.rng
    data = m.normal(2, 3, 7, 8)
    rois = np.concatenate([boxes(rng, 4, 30), np.array([[5, 5, 5, 5], [-20, -9, 40, 50], [40, 40, 60, 60]], np.float32)])
    rois, images = m.param(rois), m.param(np.array([0, 1, 1, 0, 0, 1, 0], np.int64))
    for mode, ratio in itertools.product(["avg", "max"], [0, 2]):
        base = dict(pooled_h=2, pooled_w=3, sampling_ratio=ratio, spatial_scale=0.25, mode=mode)
        m.add("ROIAlign", 3, [data, rois, images], f"{mode}-{ratio}", **base)
        for aligned in ["asymmetric", "half_pixel_for_nn", "half_pixel"]:
            m.add("ROIAlign", 9, [data, rois, images], f"{mode}-{ratio}-{aligned}", **base, aligned_mode=aligned)
    rotated = np.concatenate([20 * rng.random((5, 2)) + 4, 20 * rng.random((5, 2)), 6 * rng.random((5, 1)) - 3], 1).astype(np.float32)
    rotated[4, 2:4] = 0
    rotated, images = m.param(rotated), m.param(np.array([0, 1, 1, 0, 0], np.int64))
    for clockwise, ratio in itertools.product([False, True], [0, 2]):
        m.add("ROIAlignRotated", 15, [data, rotated, images], f"{ratio}" + "-clockwise" * clockwise, pooled_h=2, pooled_w=3, sampling_ratio=ratio,
              spatial_scale=0.3, clockwise_mode=clockwise)


@model
def roi_features(m):
    rois = m.param(np.concatenate([boxes(m.rng, 6, 600), np.array([[5, 5, 5, 5], [8, 8, 9, 9]], np.float32)]))
    levels = [m.normal(1, 2, 40, 40), m.normal(1, 2, 20, 20), m.normal(1, 2, 10, 10)]
    for aligned, ratio in itertools.product([False, True], [0, 2]):
        m.add("ExperimentalDetectronROIFeatureExtractor", 6, [rois, *levels], f"{ratio}" + "-aligned" * aligned, output_size=3,
              sampling_ratio=ratio, pyramid_scales=[16, 32, 64], aligned=aligned)


@model
def roi_pooling(m):
    rng = m.rng
    image = lambda *n: np.array(n, np.float32)[:, None]
    data = m.normal(2, 3, 7, 8)
    pixels = np.concatenate([boxes(rng, 4, 30), np.array([[-20, -9, 40, 50], [40, 40, 60, 60]], np.float32)])
    pixels = m.param(np.concatenate([image(0, 1, 1, 0, 0, 1), pixels], 1))
    units = m.param(np.concatenate([image(0, 1, 1, 0, -1, 1), boxes(rng, 6)], 1))
    for name, rois, v in [("max", pixels, dict(method="max")), ("bilinear", units, dict(method="bilinear")),
                          ("max-1", pixels, dict(method="max", output_size=[1, 1])), ("bilinear-1", units, dict(method="bilinear", output_size=[1, 1]))]:
        m.add("ROIPooling", 2, [data, rois], name, **dict(dict(output_size=[2, 3], spatial_scale=0.25), **v))
    many = m.normal(2, 2 * 9, 7, 8)
    base = dict(output_dim=2, group_size=3, spatial_scale=0.25)
    m.add("PSROIPooling", 1, [many, pixels], "average", **base, mode="average", spatial_bins_x=1, spatial_bins_y=1)
    m.add("PSROIPooling", 1, [many, units], "bilinear", **dict(base, spatial_scale=1.0), mode="bilinear", spatial_bins_x=3, spatial_bins_y=3)
    moves = m.normal(6, 2, 3, 3)
    deformable = dict(**base, mode="bilinear_deformable", spatial_bins_x=2, spatial_bins_y=2, trans_std=0.2, part_size=3)
    m.add("DeformablePSROIPooling", 1, [many, pixels], "still", **deformable)
    m.add("DeformablePSROIPooling", 1, [many, pixels, moves], "moved", **deformable)


@model
def proposal(m):
    scores, deltas = m.param(m.rng.random((2, 12, 4, 5)).astype(np.float32)), m.normal(2, 24, 4, 5, scale=0.3)
    info, info4 = m.param(np.array([64, 80, 1.5], np.float32)), m.param(np.array([64, 80, 1.5, 2], np.float32))
    base = dict(base_size=16, pre_nms_topn=60, post_nms_topn=20, nms_thresh=0.5, feat_stride=16, min_size=4, ratio=[0.5, 1.0], scale=[0.5, 1.0, 2.0])
    for name, image, v in [("plain", info, {}), ("scales", info4, {}), ("normalize", info, dict(normalize=True)),
                           ("clip-after", info, dict(clip_before_nms=False, clip_after_nms=True)),
                           ("tensorflow", info, dict(framework="tensorflow", box_coordinate_scale=10.0, box_size_scale=5.0)),
                           ("few", info, dict(post_nms_topn=3)), ("large-only", info, dict(min_size=10, pre_nms_topn=40))]:
        m.add("Proposal", 1, [scores, deltas, image], name, **{**base, **v})
        m.add("Proposal", 4, [scores, deltas, image], name + "-opset4", **{**base, **v})
        if "large" in name or name in ("plain", "tensorflow", "scales", "normalize", "clip-after"):
            m.results.pop()  # the plugin leaves the scores behind the last region undefined


@model
def generate_proposals(m):
    scores, deltas = m.param(m.rng.random((2, 3, 4, 5)).astype(np.float32)), m.normal(2, 12, 4, 5, scale=0.3)
    anchors = m.param(boxes(m.rng, 60, 80).reshape(4, 5, 3, 4))
    info, info4 = m.param(np.array([[64, 80, 1.5], [60, 70, 1]], np.float32)), m.param(np.array([[64, 80, 1.5, 2], [60, 70, 1, 2]], np.float32))
    base = dict(min_size=6.0, nms_threshold=0.5, pre_nms_count=40, post_nms_count=20)
    for name, image, v in [("plain", info, {}), ("scales", info4, {}), ("pixels", info, dict(normalized=False)),
                           ("few-i32", info, dict(post_nms_count=3, roi_num_type="i32"))]:
        m.add("GenerateProposals", 9, [image, anchors, deltas, scores], name, **{**base, **v})


@model
def detectron(m):
    rng = m.rng
    scores, deltas = m.param(rng.random((3, 4, 5)).astype(np.float32)), m.normal(12, 4, 5, scale=0.3)
    anchors, info = m.param(boxes(rng, 60, 80)), m.param(np.array([64, 80, 1.5], np.float32))
    for post in [5, 50]:
        m.add("ExperimentalDetectronGenerateProposalsSingleImage", 6, [info, anchors, deltas, scores], f"{post}", min_size=6.0,
              nms_threshold=0.5, pre_nms_count=40, post_nms_count=post)
    rois = m.param(np.concatenate([boxes(rng, 11, 60), np.array([[5, 5, 5, 9]], np.float32)]))
    deltas, scores = m.normal(12, 12), m.param(rng.random((12, 3)).astype(np.float32))
    for name, v in [("few", dict(max_detections_per_image=6)), ("many", dict(max_detections_per_image=40)), ("per-class", dict(post_nms_count=2))]:
        m.add("ExperimentalDetectronDetectionOutput", 6, [rois, deltas, scores, m.param(np.array([[64, 80, 1]], np.float32))], name, **dict(
            dict(score_threshold=0.2, nms_threshold=0.4, max_delta_log_wh=2.0, num_classes=3, post_nms_count=8, max_detections_per_image=10,
                 class_agnostic_box_regression=False, deltas_weights=[10.0, 10.0, 5.0, 5.0]), **v))
    priors, features, image = m.normal(3, 4, scale=10), m.normal(1, 2, 4, 5), m.normal(1, 3, 40, 60)
    m.add("ExperimentalDetectronPriorGridGenerator", 6, [priors, features, image], "flat", flatten=True, h=0, w=0, stride_x=8.0, stride_y=4.0)
    m.add("ExperimentalDetectronPriorGridGenerator", 6, [priors, features, image], "grid", flatten=False, h=0, w=0, stride_x=0.0, stride_y=0.0)
    m.add("ExperimentalDetectronTopKROIs", 6, [rois, m.param(rng.random(12).astype(np.float32))], "top-5", max_rois=5)


for name in sys.argv[1:] or MODELS:
    m = Model(HERE, name)
    MODELS[name](m)
    m.save()
