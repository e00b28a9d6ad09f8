"""Writes pairs.npz and expected.json: arrays and what numpy and scipy say of them, the oracle of the tests of package compare.

Needs numpy and scipy. Metrics are written as their documented formulas, independently of the Go code.
"""

import json
import pathlib

import numpy as np
from scipy.spatial.distance import cosine as cosine_distance
from scipy.special import log_softmax, softmax
from scipy.stats import entropy

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(7)


def noisy(shape, dtype, scale, noise):
    a = (rng.normal(size=shape) * scale).astype(dtype)
    return a, (a.astype(np.float64) + rng.normal(size=shape) * noise).astype(dtype)


pairs = {
    "logits": noisy((2, 5, 11), np.float32, 3, 0.3),
    "long": noisy((3, 700), np.float32, 1, 0.02),
    "double": noisy((4, 6), np.float64, 1e5, 1e-3),
    "half": noisy((3, 8), np.float16, 1, 0.01),
    "image": tuple(np.clip(x, 0, 1) for x in noisy((1, 3, 4, 5), np.float32, 0.4, 0.05)),
    "vector": noisy((9,), np.float32, 1, 0.5),
    "scalar": (np.float32(2.5).reshape(()), np.float32(2.25).reshape(())),
    "labels": (np.array([[3, 1, 4], [1, 5, 9]], np.int64), np.array([[3, 1, 4], [1, 6, 9]], np.int64)),
    "wide": (np.array([2**60, 2**60 + 1, 7], np.int64), np.array([2**60, 2**60, 7], np.int64)),
    "mask": (np.array([True, False, True, True]), np.array([True, True, True, False])),
    "bytes": (np.array([0, 200, 255], np.uint8), np.array([1, 200, 250], np.uint8)),
    "same": noisy((2, 3), np.float32, 1, 0),
    "masked": (
        np.array([[1, -np.inf, 2], [0, 1, -np.inf]], np.float32),
        np.array([[1.5, -np.inf, 2], [0, 1.25, -np.inf]], np.float32),
    ),
    "ties": (np.array([[1, 2, 2, 0], [5, 5, 5, 5]], np.float32), np.array([[1, 2, 3, 0], [5, 6, 7, 8]], np.float32)),
}


def ulp(a, b):
    kind = a.dtype
    if kind.kind != "f":
        return float(np.max(np.abs(a.astype(np.float64) - b.astype(np.float64))))
    ints = {2: np.int16, 4: np.int32, 8: np.int64}[kind.itemsize]

    def steps(x):
        i = np.ascontiguousarray(x).view(ints).astype(object)
        return np.where(i < 0, -(i + 2 ** (8 * kind.itemsize - 1)), i)

    return float(np.max(np.abs(steps(a) - steps(b))))


def topk(a, b, k):
    a, b = np.atleast_1d(a), np.atleast_1d(b)
    a, b = a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1])
    order = np.argsort(-b, axis=-1, kind="stable")[:, :k]
    return float(np.mean([x in row for x, row in zip(a.argmax(-1), order)]))


def kl(a, b):
    a, b = np.atleast_1d(a), np.atleast_1d(b)
    if np.isinf(a).any():
        p, lp, lq = softmax(a, -1), log_softmax(a, -1), log_softmax(b, -1)
        return float(np.where(p > 0, p * (np.where(p > 0, lp, 0) - np.where(p > 0, lq, 0)), 0).sum(-1).mean())
    return float(entropy(softmax(a, -1), softmax(b, -1), axis=-1).mean())


def measure(a, b):
    x, y = a.astype(np.float64), b.astype(np.float64)
    equal = a == b
    n = x.size
    finite = np.isfinite(x)
    xf, yf = x[finite], y[finite]  # equal infinities add nothing
    d = np.abs(xf - yf)
    r = {
        "max-abs": d.max(),
        "mean-abs": d.sum() / n,
        "max-rel": d.max() / np.abs(xf).max(),
        "rel-l2": np.linalg.norm(d) / np.linalg.norm(xf),
        "rmse": np.sqrt((d**2).sum() / n),
        "cosine": 1 - cosine_distance(xf, yf) if n > 1 else 1.0,
        "kl": kl(x, y),
        "ulp": ulp(a[finite], b[finite]),
        "top1": topk(x, y, 1),
        "topk(2)": topk(x, y, 2),
        "topk(3)": topk(x, y, 3),
        "equal": equal.mean(),
        "allclose(atol=0.01,rtol=0.1)": (d / (0.01 + 0.1 * np.abs(xf))).max(),
    }
    if xf.max() > xf.min():
        r["nrmse"] = r["rmse"] / (xf.max() - xf.min())
    with np.errstate(divide="ignore"):
        r["sqnr"] = 10 * np.log10((xf**2).sum() / (d**2).sum())
        r["psnr"] = 10 * np.log10(np.abs(xf).max() ** 2 / ((d**2).sum() / n))
    return {k: ("inf" if np.isposinf(v) else float(v)) for k, v in r.items()}


slices = ["logits[:,-1]", "logits[0,1:4]", "logits[...,::-2]", "logits[1,2,3:4]", "logits[::-1,-3:,:5]", "long[1,::3]", "image[0,...,2]", "image[:,:,1:-1]", "vector[-1:-5:-1]"]
expected = {}
for name, (a, b) in pairs.items():
    expected[name] = measure(a, b)
for text in slices:
    name, _, index = text.partition("[")
    take = eval("np.s_[" + index)
    expected[text] = measure(np.asarray(pairs[name][0][take]), np.asarray(pairs[name][1][take]))

np.savez_compressed(here / "pairs.npz", **{k + suffix: v[i] for k, v in pairs.items() for i, suffix in enumerate((".ref", ".got"))})
(here / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
