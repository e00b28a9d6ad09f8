"""Makes the models of this folder with their inputs and the outputs of OpenVINO's CPU plugin in f32. Run: python generate.py [NAME]..."""
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


def i32(m, *values):
    return m.param(np.array(values, np.int32))


@model
def embedding(m):
    table, weights = m.normal(6, 5), m.normal(7)
    indices, offsets, segments = i32(m, 0, 2, 3, 5, 3, 1, 4), i32(m, 0, 2, 2, 5), i32(m, 0, 0, 2, 2, 2, 3, 5)
    last, none, n = np.array(5, np.int32), np.array(-1, np.int32), np.array(7, np.int32)
    for name, inputs in {"plain": [], "default": [last], "no default": [none], "weights": [last, weights]}.items():
        m.add("EmbeddingBagOffsetsSum", 3, [table, indices, offsets, *inputs], name)
        if name != "no default":
            m.add("EmbeddingSegmentsSum", 3, [table, indices, segments, n, *inputs], name)
        for reduction in ("sum", "mean"):
            if reduction == "sum" or name != "weights":
                m.add("EmbeddingBagOffsets", 15, [table, indices, offsets, *inputs], f"{name} {reduction}", reduction=reduction)
    m.add("EmbeddingSegmentsSum", 3, [table, indices, segments, np.array(3, np.int32)], "segments beyond")
    packed = i32(m, [0, 2, 1], [5, 5, 3])
    m.add("EmbeddingBagPackedSum", 3, [table, packed], "plain")
    m.add("EmbeddingBagPackedSum", 3, [table, packed, m.normal(2, 3)], "weights")
    m.add("EmbeddingBagPacked", 15, [m.normal(6, 2, 3), packed], "mean", reduction="mean")
    m.add("EmbeddingBagPacked", 15, [table, packed, m.normal(2, 3)], "sum", reduction="sum")
    for mode in ("ZERO", "LOWEST"):
        m.add("SegmentMax", 16, [m.normal(7, 2, 3), segments], mode, fill_mode=mode)
        for k in (4, 9):
            m.add("SegmentMax", 16, [m.normal(7, 2), segments, np.array(k, np.int32)], f"{mode} {k}", fill_mode=mode)


@model
def sparse_fill(m):
    for name, t in {"f32": np.float32, "i8": np.int8}.items():
        for rows, at in ((5, [[0, 1], [2, 0], [2, 3], [4, 1]]), (3, [[0, 0], [1, 1], [2, 2], [2, 3]]), (4, [[3, 1], [1, 2], [1, 0], [3, 0]])):
            m.add("SparseFillEmptyRows", 16, [m.param(np.array([1, 2, 3, 4], t)), m.param(np.array([rows, 4])), m.param(np.array(at)), t(7)],
                  f"{name} {rows}")


@model
def einsum(m):
    for equation, *shapes in (
        ("ij,jk->ik", (3, 4), (4, 5)), ("ij,jk", (3, 4), (4, 5)), ("ij->ji", (3, 4)), ("ij", (3, 4)), ("ba", (3, 4)), ("ij->", (3, 4)),
        ("i,j->ij", (3,), (4,)), ("i,i->", (5,), (5,)), ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)), ("bhid,bhjd->bhij", (2, 3, 4, 5), (2, 3, 6, 5)),
        ("bid,jd->bji", (2, 3, 4), (5, 4)), ("...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 2)), ("a...b,b->...a", (2, 3, 4, 5), (5,)),
        ("ij,jk,kl->il", (2, 3), (3, 4), (4, 5)), ("ijk,j->ik", (2, 3, 4), (3,)), ("abc,cd,bde->ea", (2, 3, 4), (4, 5), (3, 5, 6)),
        ("ij,ij->ij", (3, 4), (3, 4)), ("ij,kl->il", (3, 4), (5, 6)), ("ab,b...->a...", (3, 4), (4, 5, 2)), ("Ab,bC->AC", (2, 3), (3, 4)),
        ("nc...,nc...->n...", (2, 3, 4), (2, 3, 4)),
    ):
        m.add("Einsum", 7, [m.normal(*s) for s in shapes], equation, equation=equation)
    for equation, *shapes in (("ii->i", (4, 4)), ("iij,j->i", (3, 3, 4), (4,))):
        m.add("Einsum", 7, [m.normal(*s) for s in shapes], equation, equation=equation)


@model
def inverse(m):
    for adjoint in (False, True):
        for shape in ((1, 1), (2, 2), (3, 3), (2, 3, 5, 5), (12, 12)):
            x = m.rng.standard_normal(shape) + 3 * np.eye(shape[-1])  # well-conditioned
            m.add("Inverse", 14, [m.param(x.astype(np.float32))], f"{shape} {adjoint}", adjoint=adjoint)
    m.add("Inverse", 14, [m.param(np.array([[0, 2, 1], [1, 0, 0], [0, 0, 3]], np.float32))], "zeros on the diagonal", adjoint=False)


@model
def ctc(m):
    x = m.param(m.rng.integers(0, 6, (9, 3, 4)).astype(np.float32))
    mask = np.zeros((9, 3), np.float32)
    for b, n in enumerate((9, 4, 1)):
        mask[:n, b] = 1
    y = m.param(m.rng.integers(0, 6, (3, 9, 4)).astype(np.float32))
    lengths = i32(m, 9, 5, 0)
    for merge in (True, False):
        m.add("CTCGreedyDecoder", 1, [x, m.param(mask)], f"{merge}", ctc_merge_repeated=merge)
        for inputs in ([y, lengths], [y, lengths, np.array([0], np.int32)]):
            m.add("CTCGreedyDecoderSeqLen", 6, inputs, f"{merge} {len(inputs)}", merge_repeated=merge)
    m.add("CTCGreedyDecoderSeqLen", 6, [y, lengths], "i64", classes_index_type="i64", sequence_length_type="i64")
    z = m.normal(3, 8, 5)
    labels, counts = i32(m, [1, 1, 2, 0, 0, 0, 0, 0], [2, 2, 2, 1, 0, 0, 0, 0], [2, 0, 1, 2, 0, 0, 0, 0]), i32(m, 3, 4, 4)
    for collapse in (True, False):
        for merge in (True, False):
            for unique in (True, False):
                m.add("CTCLoss", 4, [z, i32(m, 8, 7, 5), labels, counts], f"{collapse} {merge} {unique}", preprocess_collapse_repeated=collapse,
                      ctc_merge_repeated=merge, unique=unique)
    m.add("CTCLoss", 4, [z, i32(m, 8, 7, 5), labels, counts, np.array(4, np.int32)], "last blank")
    m.add("CTCLoss", 4, [z, i32(m, 8, 7, 5), labels, counts, m.param(np.array(3, np.int32))], "blank 3")


@model
def random(m):
    for alignment in ("tensorflow", "pytorch"):
        for t, low, high, shape in (("f32", 0, 1, [2, 7]), ("f32", -3, 5, [3, 300]), ("i32", -5, 100, [9]), ("i64", 0, 1000, [9])):
            bounds = [np.array(v, dict(f32=np.float32, i32=np.int32, i64=np.int64)[t]) for v in (low, high)]
            for seeds in ((7, 0), (0, 11), (2**40 + 3, 2**33 + 1)):
                m.add("RandomUniform", 8, [np.array(shape), *bounds], f"{alignment} {t} {low} {high} {seeds}", output_type=t, global_seed=seeds[0],
                      op_seed=seeds[1], alignment=alignment)


for name in sys.argv[1:] or MODELS:
    m = Model(HERE, name)
    MODELS[name](m)
    m.save()
