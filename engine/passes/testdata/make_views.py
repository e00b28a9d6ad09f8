"""Builds tiny models that each exercise a few passes of OpenVINO's CPU plugin and writes views.zip: NAME.xml, NAME.bin and, as the plugin of the
installed release lists its candidates for bf16, NAME.plugin.tsv (SNIPPETS_MODE=DISABLE) and NAME.snippets.tsv (the default mode).
Columns: type, name, fused names (plugin) or members (snippets), number of the execution node. TRUTH is plugin_truth.py of the reference data.
Made on a processor without AMX: with it fc_weights_u8, fc_weights_zero and q_conv_signed are others.
usage: make_views.py TRUTH OUT.zip [NAME...]   with names, these are put into the file that is there, and the others kept"""
import io
import pathlib
import sys
import tempfile
import zipfile

import numpy as np
import openvino as ov
from openvino import opset6, opset13 as o, opset15

MODELS = {}
seed = 0


def C(*shape):
    """A constant with values of its own that compresses well."""
    global seed
    seed += 1
    n = int(np.prod(shape))
    return o.constant((((np.arange(n) * 7 + seed) % 5) * 0.25 + 0.5 + seed / 64).astype(np.float32).reshape(shape))


def I(*v):
    return o.constant(np.array(v, np.int64))


def S(v):
    return o.constant(np.float32(v))


def P(*shape, name="x", t=np.float32):
    p = o.parameter(list(shape), dtype=t, name=name)
    params.append(p)
    return p


def model(f):
    MODELS[f.__name__.strip("_")] = f
    return f


def last(y):
    return int(y.get_output_partial_shape(0)[-1].get_length())


def fc(y, n, k=None):
    return o.matmul(y, C(n, k or last(y)), False, True)


def fcb(y, n):
    return o.add(fc(y, n), C(n))


def conv(y, n=4, k=3):
    c = int(y.get_output_partial_shape(0)[1].get_length())
    return o.convolution(y, C(n, c, k, k), [1, 1], [k // 2] * 2, [k // 2] * 2, [1, 1])


def cb(y, n=4, k=3):
    return o.add(conv(y, n, k), C(1, n, 1, 1))


def image():
    return P(1, 4, 8, 8)


def rows():
    return P(1, 8, 12)


def named(name, f):
    f.__name__ = name
    model(f)


UNARY = dict(
    abs=o.abs, erf=o.erf, exp=o.exp, floor=o.floor, hsigmoid=o.hsigmoid, hswish=o.hswish, log=o.log, mish=o.mish, negative=o.negative,
    relu=o.relu, sigmoid=o.sigmoid, sign=o.sign, sin=o.sin, softplus=o.softplus, softsign=o.softsign, sqrt=o.sqrt, tanh=o.tanh, swish=o.swish,
    gelu=lambda y: o.gelu(y, "erf"), clamp=lambda y: o.clamp(y, 0.0, 6.0), elu=lambda y: o.elu(y, 1.0), round=lambda y: o.round(y, "half_to_even"),
    prelu=lambda y: o.prelu(y, o.constant(np.array([0.1], np.float32))), add=lambda y: o.add(y, S(2)), rsub=lambda y: o.subtract(S(2), y),
    mul=lambda y: o.multiply(y, S(2)), div=lambda y: o.divide(y, S(3)), rdiv=lambda y: o.divide(S(3), y), pow=lambda y: o.power(y, S(3)),
    max=lambda y: o.maximum(y, S(2)), sqdiff=lambda y: o.squared_difference(y, S(2)), isnan=lambda y: o.select(o.is_nan(y), S(0), y),
    greater=lambda y: o.convert(o.greater(y, S(0)), np.float32),
)
for _n, _f in UNARY.items():
    named("conv_" + _n, lambda f=_f: [conv(f(cb(image())))])
    named("moved_" + _n, lambda f=_f: [fc(o.transpose(f(o.reshape(fcb(rows(), 12), I(8, 4, 3), False)), I(1, 0, 2)), 5)])
    named("softmax_" + _n, lambda f=_f: [fc(f(o.softmax(fc(rows(), 10), -1)), 5)])


@model
def fc_bias_scale():
    return [fc(o.multiply(fcb(rows(), 10), S(0.3)), 5)]


@model
def fc2d_bias_scale():
    return [fc(o.multiply(fcb(P(8, 12), 10), S(0.3)), 5)]


@model
def fc_relu_scales():
    return [fc(o.multiply(o.relu(fc(rows(), 10)), C(10)), 5)]


@model
def fc4d():
    return [fc(o.multiply(o.relu(fc(P(1, 2, 8, 12), 10)), C(10)), 5)]


@model
def matmul_scale():
    return [fc(o.multiply(o.relu(o.matmul(P(1, 2, 8, 12), P(1, 2, 12, 6, name="y"), False, False)), S(0.3)), 5)]


@model
def fc_not_transposed():
    return [o.matmul(o.tanh(o.matmul(rows(), C(12, 10), False, False)), C(10, 5), False, False)]


def compressed(y, n, kind):
    k = int(y.get_output_shape(0)[-1])
    q = (np.arange(n * k) * 7 % 11).astype(np.uint8 if kind != "f16" else np.float16).reshape(n, k)
    w = o.convert(o.constant(q), np.float32)
    if kind != "f16":
        w = o.multiply(o.subtract(w, S(5)) if kind == "zero" else w, C(n, 1))
    return o.matmul(y, w, False, True)


for _k in ("f16", "u8", "zero"):
    named("fc_weights_" + _k, lambda k=_k: [compressed(o.relu(compressed(rows(), 16, k)), 8, k)])


@model
def conv_weights_f16():
    w = o.convert(o.constant((np.arange(144) % 7).astype(np.float16).reshape(4, 4, 3, 3)), np.float32)
    return [cb(o.relu(o.convolution(image(), w, [1, 1], [1, 1], [1, 1], [1, 1])))]


@model
def gather_f16():
    t = o.convert(o.constant((np.arange(96) % 7).astype(np.float16).reshape(8, 12)), np.float32)
    return [fc(o.gather(t, P(1, 6, t=np.int64), o.constant(np.int32(0))), 5)]


@model
def residuals():
    a = o.relu(cb(image()))
    b = o.relu(o.add(a, cb(o.relu(cb(a)))))
    c = o.add(cb(b), cb(b, k=1))
    return [cb(o.hswish(c))]


@model
def depthwise():
    a = o.relu(cb(image()))
    b = o.add(o.group_convolution(a, C(4, 1, 1, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1]), C(1, 4, 1, 1))
    return [cb(o.clamp(b, 0.0, 6.0), k=1)]


@model
def batch_norm():
    a = o.relu(o.batch_norm_inference(conv(image()), C(4), C(4), C(4), C(4), 1e-3))
    b = o.batch_norm_inference(o.group_convolution(a, C(4, 1, 1, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1]), C(4), C(4), C(4), C(4), 1e-3)
    return [conv(o.batch_norm_inference(o.max_pool(b, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2], "floor", "explicit").output(0), C(4), C(4), C(4), C(4), 1e-3))]


@model
def scaled_image():
    return [cb(o.relu(cb(o.divide(o.subtract(image(), C(1, 4, 1, 1)), C(1, 4, 1, 1)))))]


@model
def affine_between():
    return [cb(o.add(o.multiply(o.relu(cb(image())), C(1, 4, 1, 1)), C(1, 4, 1, 1)))]


@model
def squeeze_excite():
    a = o.swish(cb(image()))
    s = o.reduce_mean(a, I(2, 3), True)
    return [cb(o.multiply(a, o.sigmoid(cb(o.swish(cb(s, 2, 1)), 4, 1))), k=1)]


@model
def squeeze_excite_fc():
    a = o.relu(cb(image()))
    s = o.reshape(o.avg_pool(a, [8, 8], [0, 0], [0, 0], [8, 8], False, "floor", "explicit"), I(1, 4), False)
    g = o.unsqueeze(o.hsigmoid(fcb(o.relu(fcb(s, 2)), 4)), I(2, 3))
    return [cb(o.multiply(a, g))]


@model
def hswish_spelled():
    a = cb(image())
    return [cb(o.multiply(a, o.divide(o.clamp(o.add(a, S(3)), 0.0, 6.0), S(6))))]


@model
def swish_spelled():
    a = cb(image())
    return [cb(o.multiply(a, o.sigmoid(a)))]


@model
def gelu_spelled():
    a = fcb(rows(), 10)
    return [fc(o.multiply(o.multiply(a, S(0.5)), o.add(o.erf(o.divide(a, S(2**0.5))), S(1))), 5)]


@model
def gelu_tanh_spelled():
    a = fcb(rows(), 10)
    t = o.tanh(o.multiply(o.add(a, o.multiply(o.power(a, S(3)), S(0.044715))), S((2 / np.pi) ** 0.5)))
    return [fc(o.multiply(o.multiply(a, S(0.5)), o.add(t, S(1))), 5)]


@model
def softplus_mish_spelled():
    a = cb(image())
    return [cb(o.multiply(a, o.tanh(o.log(o.add(o.exp(a), S(1))))))]


@model
def leaky_relu():
    a = cb(image())
    return [cb(o.prelu(o.maximum(a, o.multiply(a, S(0.1))), C(4)))]


@model
def layer_norm_spelled():
    a = o.add(fcb(rows(), 12), P(1, 8, 12, name="y"))
    d = o.subtract(a, o.reduce_mean(a, I(-1), True))
    v = o.sqrt(o.add(o.reduce_mean(o.power(d, S(2)), I(-1), True), S(1e-5)))
    return [fcb(o.add(o.multiply(o.divide(d, v), C(12)), C(12)), 5)]


@model
def mvn():
    return [fcb(o.add(o.multiply(o.mvn(fcb(rows(), 12), I(-1), True, 1e-5, "inside_sqrt"), C(12)), C(12)), 5)]


@model
def instance_norm():
    return [cb(o.relu(o.add(o.multiply(o.mvn(cb(image()), I(2, 3), True, 1e-5, "inside_sqrt"), C(1, 4, 1, 1)), C(1, 4, 1, 1))))]


@model
def rms():
    a = fc(rows(), 32)
    n = o.multiply(a, o.divide(S(1), o.sqrt(o.add(o.reduce_mean(o.power(a, S(2)), I(-1), True), S(1e-5)))))
    return [fc(o.multiply(C(32), n), 5)]


@model
def group_norm():
    return [cb(o.relu(o.group_normalization(cb(image()), C(4), C(4), 2, 1e-5)))]


@model
def gather_elements_of_constants():
    ids = o.gather_elements(o.constant(np.arange(8, dtype=np.int64).reshape(1, 8) % 3), o.constant(np.arange(8, dtype=np.int64).reshape(1, 8)), 1)
    return [fc(o.add(o.convert(ids, np.float32), o.relu(fc(P(1, 2, 12), 8))), 5)]


@model
def gelu_tanh_cube():
    a = fc(rows(), 10)
    cube = o.multiply(o.multiply(a, a), a)
    t = o.tanh(o.multiply(o.add(a, o.multiply(cube, S(0.044715))), S(0.7978845608)))
    return [fc(o.multiply(o.multiply(a, o.add(t, S(1))), S(0.5)), 5)]


@model
def concat_empty():
    a = fc(rows(), 10)
    return [fc(o.concat([o.relu(a), o.slice(a, I(10), I(2**31 - 1), I(1), I(1))], 1), 5)]


@model
def normalize_l2_spelled():
    a = fc(rows(), 10)
    return [fc(o.divide(a, o.sqrt(o.maximum(o.reduce_sum(o.power(a, S(2)), I(-1), True), S(1e-12)))), 5)]


def attention(order_k=(0, 2, 1, 3), transposed=True, scale=None, mask=None, sdpa=False, rope=0, heads=2):
    x = P(1, 8, 16)

    def part(order, turn=0):
        y = o.transpose(o.reshape(fcb(x, 16), I(1, 8, heads, 16 // heads), False), I(*order))
        if turn:
            d, rest = turn, None
            if turn < 16 // heads:  # the rest passes by
                rest = o.slice(y, I(d), I(2**31 - 1), I(1), I(3))
                y = o.slice(y, I(0), I(d), I(1), I(3))
            cos, sin = P(1, 1, 8, d, name="cos" + order_name), P(1, 1, 8, d, name="sin" + order_name)
            a = o.slice(y, I(0), I(d // 2), I(1), I(3))
            b = o.slice(y, I(d // 2), I(2**31 - 1), I(1), I(3))
            y = o.add(o.multiply(y, cos), o.multiply(o.concat([o.multiply(b, o.constant(np.array([[[[-1.0]]]], np.float32))), a], -1), sin))
            if rest:
                y = o.concat([y, rest], -1)
        return y

    order_name = "q"
    q = part((0, 2, 1, 3), rope)
    order_name = "k"
    k = part(order_k, rope)
    v = part((0, 2, 1, 3))
    m = P(1, 1, 8, 8, name="m") if mask else None
    if sdpa:
        a = o.scaled_dot_product_attention(q, k, v, m) if mask else o.scaled_dot_product_attention(q, k, v)
    else:
        s = o.matmul(q, k, False, transposed)
        if scale:
            s = o.divide(s, S(scale))
        if mask:
            s = o.add(s, m)
        a = o.matmul(o.softmax(s, -1), v, False, False)
    return [fcb(o.reshape(o.transpose(a, I(0, 2, 1, 3)), I(1, 8, 16), False), 5)]


named("attention", lambda: attention(scale=3.0))
named("attention_0231", lambda: attention((0, 2, 3, 1), False))
named("attention_mask", lambda: attention((0, 2, 3, 1), False, scale=3.0, mask=True))
named("attention_sdpa", lambda: attention(sdpa=True))
named("attention_sdpa_mask", lambda: attention(sdpa=True, mask=True))
named("attention_rope", lambda: attention(sdpa=True, rope=8))
named("attention_rope_part", lambda: attention(sdpa=True, rope=4))


def chain(m, n, act, bias=True):
    y = P(m, 16)
    for _ in range(n):
        y = act(fcb(y, 16) if bias else fc(y, 16))
    return [o.softmax(y, 0)]


named("mlp3", lambda: chain(8, 3, o.relu))
named("mlp4_gelu", lambda: chain(8, 4, lambda y: o.gelu(y, "erf")))
named("mlp6_no_bias", lambda: chain(4, 6, o.tanh, False))
named("mlp_many_rows", lambda: chain(64, 3, o.relu))


@model
def lstm():
    x, n, h = P(1, 6, 8), 2, 4
    z = o.constant(np.zeros((1, n, h), np.float32))
    r = o.lstm_sequence(x, z, z, I(6), C(n, 4 * h, 8), C(n, 4 * h, h), C(n, 4 * h), h, "bidirectional")
    y = o.reshape(o.transpose(r.output(0), I(0, 2, 1, 3)), I(1, 6, 8), False)
    return [fcb(y, 5)]


@model
def gru():
    x, h = P(1, 6, 8), 4
    r = o.gru_sequence(x, o.constant(np.zeros((1, 1, h), np.float32)), I(6), C(1, 3 * h, 8), C(1, 3 * h, h), C(1, 4 * h), h, "forward",
                       linear_before_reset=True)
    return [fcb(o.squeeze(r.output(0), I(1)), 5)]


@model
def slices():
    x = fcb(rows(), 12)
    a = o.slice(x, I(0), I(4), I(1), I(2))
    b = o.slice(x, I(4), I(12), I(1), I(2))
    c = o.strided_slice(x, I(0, 2, 0), I(1, 6, 12), I(1, 1, 1), [1, 0, 1], [1, 0, 1])
    return [fc(o.concat([o.tanh(a), o.exp(b)], 2), 5), fc(c, 5)]


@model
def splits():
    s = o.split(cb(image()), o.constant(np.int64(1)), 2)
    return [cb(o.concat([s.output(1), o.relu(s.output(0))], 1))]


@model
def shuffle_channels():
    y = o.reshape(o.relu(cb(image())), I(1, 2, 2, 8, 8), False)
    return [cb(o.reshape(o.transpose(y, I(0, 2, 1, 3, 4)), I(1, 4, 8, 8), False))]


@model
def depth_to_space():
    y = o.reshape(o.relu(cb(image(), 16)), I(1, 2, 2, 4, 8, 8), False)
    return [cb(o.reshape(o.transpose(y, I(0, 3, 4, 1, 5, 2)), I(1, 4, 16, 16), False))]


@model
def pads():
    y = o.pad(o.relu(cb(image())), I(0, 0, 1, 1), I(0, 0, 1, 1), "constant", S(0))
    y = o.convolution(y, C(4, 4, 3, 3), [2, 2], [0, 0], [0, 0], [1, 1])
    y = o.pad(o.relu(y), I(0, 0, 1, 1), I(0, 0, 1, 1), "reflect")
    return [cb(y)]


@model
def resize():
    a = o.relu(cb(image()))
    up = o.interpolate(a, I(16, 16), "nearest", "sizes", coordinate_transformation_mode="asymmetric", nearest_mode="floor", axes=I(2, 3))
    two = o.interpolate(a, o.constant(np.array([2, 2], np.float32)), "linear_onnx", "scales", coordinate_transformation_mode="half_pixel", axes=I(2, 3))
    return [cb(o.add(cb(up), two))]


@model
def deconvolution():
    y = o.convolution_backprop_data(o.relu(cb(image())), C(4, 4, 2, 2), [2, 2], pads_begin=[0, 0], pads_end=[0, 0])
    return [cb(o.relu(o.add(y, C(1, 4, 1, 1))))]


@model
def conv1d():
    y = o.add(o.convolution(P(1, 4, 16), C(4, 4, 3), [1], [1], [1], [1]), C(1, 4, 1))
    return [fc(o.transpose(o.gelu(y, "erf"), I(0, 2, 1)), 5)]


@model
def shape_of():
    x = fcb(rows(), 12)
    n = o.gather(o.shape_of(x), I(0, 1), o.constant(np.int64(0)))
    y = o.reshape(x, o.concat([n, I(3, 4)], 0), False)
    return [fc(o.transpose(y, I(0, 2, 1, 3)), 5)]


@model
def shared_products():
    y = o.relu(fc(rows(), 12))
    z = o.multiply(y, y)
    return [fc(o.multiply(z, y), 5)]


@model
def eltwise_chain():
    a, b = o.softmax(fc(rows(), 10), -1), o.softmax(fc(rows2(), 10), -1)
    return [fc(o.tanh(o.multiply(o.add(a, o.exp(b)), C(10))), 5)]


def rows2():
    return P(1, 8, 12, name="y")


@model
def detection_head():
    a = o.relu(cb(image()))
    loc = o.reshape(o.transpose(cb(a, 8), I(0, 2, 3, 1)), I(1, -1, 4), False)
    conf = o.softmax(o.reshape(o.transpose(cb(a, 4), I(0, 2, 3, 1)), I(1, -1, 2), False), -1)
    t = o.transpose(conf, I(0, 2, 1))
    n = o.non_max_suppression(loc, t, o.constant(np.int64(5)), S(0.5), S(0.1))
    return [n.output(0), n.output(1)]


@model
def top_classes():
    r = o.topk(o.softmax(fcb(o.squeeze(o.reduce_mean(o.relu(cb(image())), I(2, 3), True), I(2, 3)), 10), -1), o.constant(np.int64(3)), 1, "max", "value")
    return [r.output(0), r.output(1)]


def fq(y, low, high, levels=256, shape=()):
    """A FakeQuantize whose input and output ranges are the same."""
    a, b = (o.constant(np.full(shape, v, np.float32)) if np.isscalar(v) else o.constant(np.array(v, np.float32).reshape(shape)) for v in (low, high))
    return o.fake_quantize(y, a, b, a, b, levels)


def qw(*shape, low=None, levels=255):
    """Weights, quantized for each of the first dimension."""
    n = shape[0]
    high = 1.5 + np.arange(n) / 16
    lows = -high if low is None else np.full(n, low)
    return fq(C(*shape), lows, high, levels, [n] + [1] * (len(shape) - 1))


def qconv(y, n=4, k=3, w=None, bias=True):
    c = int(y.get_output_shape(0)[1])
    y = o.convolution(y, w if w is not None else qw(n, c, k, k), [1, 1], [k // 2] * 2, [k // 2] * 2, [1, 1])
    return o.add(y, C(1, n, 1, 1)) if bias else y


def qfc(y, n, w=None, bias=True):
    y = o.matmul(y, w if w is not None else qw(n, int(y.get_output_shape(0)[-1])), False, True)
    return o.add(y, C(n)) if bias else y


def qi(low=0.0, high=6.0):
    return fq(image(), low, high)


def i8(*shape, t=np.int8, low=-100):
    return o.constant((np.arange(int(np.prod(shape))) * 37 % 201 + low).astype(t).reshape(shape))


@model
def q_conv():
    return [qconv(fq(o.relu(qconv(qi())), 0, 5))]


@model
def q_conv_signed():
    return [qconv(fq(qconv(qi(-2.0, 2 * 127 / 128)), -3.0, 3 * 127 / 128))]


@model
def q_conv_zero_point():
    return [qconv(fq(qconv(qi(-0.7, 3.1)), -1.3, 2.2))]


@model
def q_conv_no_bias():
    return [qconv(fq(qconv(qi(), bias=False), -1.3, 2.2), bias=False)]


@model
def q_weights_asymmetric():
    return [qconv(fq(qconv(qi(), w=qw(4, 4, 3, 3, low=-0.4, levels=256)), 0, 5))]


@model
def q_weights_i8():
    w = o.multiply(o.convert(i8(4, 4, 3, 3), "f32"), C(4, 1, 1, 1))
    return [qconv(fq(o.relu(qconv(qi(), w=w)), 0, 50))]


@model
def q_weights_zero_point():
    w = o.multiply(o.subtract(o.convert(i8(4, 4, 3, 3, t=np.uint8, low=20), "f32"), o.convert(o.constant(np.full([4, 1, 1, 1], 120, np.uint8)), "f32")), C(4, 1, 1, 1))
    return [qconv(fq(o.relu(qconv(qi(), w=w)), 0, 50))]


@model
def q_channels():
    return [qconv(fq(o.relu(qconv(qi())), [0, 0, 0, 0], [4, 5, 6, 7], shape=[1, 4, 1, 1]))]


@model
def q_depthwise():
    w = fq(C(4, 1, 1, 3, 3), -np.array([1.5, 1.6, 1.7, 1.8]), [1.5, 1.6, 1.7, 1.8], 255, [4, 1, 1, 1, 1])
    y = o.group_convolution(fq(o.relu(qconv(qi())), 0, 5), w, [1, 1], [1, 1], [1, 1], [1, 1])
    return [qconv(fq(o.relu(o.add(y, C(1, 4, 1, 1))), 0, 9))]


@model
def q_depthwise_channels():
    w = fq(C(4, 1, 1, 3, 3), -1.5, 1.5, 255)
    y = fq(o.relu(qconv(qi())), [0, 0, 0, 0], [4, 5, 6, 7], shape=[1, 4, 1, 1])
    y = o.group_convolution(y, w, [1, 1], [1, 1], [1, 1], [1, 1])
    return [qconv(fq(o.relu(o.add(y, C(1, 4, 1, 1))), 0, 9))]


@model
def q_residual():
    y = fq(o.relu(qconv(qi())), 0, 5)
    z = fq(qconv(fq(o.relu(qconv(y)), 0, 7)), -4.0, 4 * 127 / 128)
    return [qconv(fq(o.relu(o.add(z, y)), 0, 8))]


@model
def q_residual_open():
    y = fq(o.relu(qconv(qi())), 0, 5)
    z = qconv(fq(o.relu(qconv(y)), 0, 7))
    return [qconv(fq(o.relu(o.add(z, y)), 0, 8))]


@model
def q_residual_two():
    y = qi()
    a, b = fq(qconv(y), -3.0, 2.0), fq(qconv(y), -4.0, 4.0)
    return [qconv(fq(o.relu(o.add(a, b)), 0, 8))]


@model
def q_concat():
    y = qi()
    a, b = fq(o.relu(qconv(y)), 0, 5), fq(o.relu(qconv(y)), 0, 5)
    return [qconv(o.concat([a, b], 1))]


@model
def q_concat_ranges():
    y = qi()
    a, b = fq(o.relu(qconv(y)), 0, 5), fq(o.relu(qconv(y)), 0, 2.5)
    return [qconv(o.concat([a, b], 1))]


@model
def q_concat_signed():
    y = qi()
    a, b = fq(o.relu(qconv(y)), 0, 5), fq(qconv(y), -2.5, 2.5)
    return [qconv(o.concat([a, b], 1))]


@model
def q_concat_matmul():
    y = fq(P(8, 12), -3.0, 3.0)
    a, b = fq(qfc(y, 6), -5, 4), fq(qfc(y, 6), -2.5, 2.5)
    return [qfc(o.concat([a, b], 1), 5)]


@model
def q_max_pool():
    y = fq(o.relu(qconv(qi())), 0, 5)
    return [qconv(o.relu(o.max_pool(y, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2], "floor").output(0)))]


@model
def q_avg_pool():
    y = fq(o.relu(qconv(qi())), 0, 5)
    return [qconv(o.avg_pool(y, [2, 2], [0, 0], [0, 0], [2, 2], True, "floor"))]


@model
def q_avg_pool_again():
    y = fq(o.relu(qconv(qi())), 0, 5)
    return [qconv(fq(o.avg_pool(y, [2, 2], [0, 0], [0, 0], [2, 2], True, "floor"), 0, 5))]


@model
def q_fc():
    return [qfc(fq(o.relu(qfc(fq(P(8, 12), 0, 3.0), 10)), 0, 9), 5)]


@model
def q_fc_signed():
    return [qfc(fq(qfc(fq(rows(), -3.0, 3 * 127 / 128), 10), -9.0, 9 * 127 / 128), 5)]


@model
def q_fc_zero_point():
    return [qfc(fq(qfc(fq(rows(), -1.1, 3.0), 10), -3.0, 9.0), 5)]


@model
def q_fc_no_bias():
    return [qfc(fq(qfc(fq(rows(), -3.0, 3 * 127 / 128), 10, bias=False), -9.0, 9 * 127 / 128), 5, bias=False)]


@model
def q_fc_i8():
    w = o.multiply(o.convert(i8(10, 12), "f32"), C(10, 1))
    return [qfc(fq(qfc(fq(rows(), -3.0, 3 * 127 / 128), 10, w=w), -900.0, 900 * 127 / 128), 5)]


@model
def q_fc_columns():
    y = o.matmul(fq(rows(), -3.0, 3 * 127 / 128), fq(C(12, 10), -1.5, 1.5, 255), False, False)
    return [qfc(fq(o.add(y, C(10)), -9.0, 9.0), 5)]


@model
def q_attention():
    x = fq(rows(), -3.0, 3 * 127 / 128)
    def heads(y, order):
        return o.transpose(o.reshape(y, I(1, 8, 2, 6), False), I(*order))
    q = fq(heads(qfc(x, 12), (0, 2, 1, 3)), -8.0, 8 * 127 / 128)
    k = fq(heads(qfc(x, 12), (0, 2, 1, 3)), -8.0, 8 * 127 / 128)
    v = fq(heads(qfc(x, 12), (0, 2, 1, 3)), -8.0, 8 * 127 / 128)
    s = o.softmax(o.multiply(o.matmul(q, k, False, True), S(0.3)), -1)
    y = o.matmul(fq(s, 0.0, 1.0), v, False, False)
    y = o.reshape(o.transpose(y, I(0, 2, 1, 3)), I(1, 8, 12), False)
    return [qfc(fq(y, -8.0, 8 * 127 / 128), 12)]


@model
def q_layer_norm():
    x = rows()
    y = o.add(qfc(fq(x, -3.0, 3 * 127 / 128), 12), x)
    y = o.mvn(y, I(2), True, 1e-5, "inside_sqrt")
    y = o.add(o.multiply(y, C(1, 1, 12)), C(1, 1, 12))
    z = fq(o.gelu(qfc(fq(y, -6.0, 6 * 127 / 128), 16), "erf"), -0.2, 9.0)
    return [qfc(fq(o.add(qfc(z, 12), y), -9.0, 9.0), 5)]


@model
def q_reshape():
    y = fq(o.relu(qconv(qi())), 0, 5)
    return [qfc(o.reshape(y, I(1, 256), False), 5)]


@model
def q_transpose():
    y = fq(o.relu(qconv(qi())), 0, 5)
    return [qfc(o.reshape(o.transpose(y, I(0, 2, 3, 1)), I(64, 4), False), 5)]


@model
def q_squeeze():
    y = fq(o.reduce_mean(o.relu(qconv(qi())), I(2, 3), True), 0, 5)
    return [qfc(o.squeeze(y, I(2, 3)), 5)]


@model
def q_unsqueeze():
    y = fq(o.relu(P(4, 8, 8)), 0, 5)
    return [qconv(o.unsqueeze(y, I(0)))]


@model
def q_split():
    y = fq(o.relu(qconv(qi())), 0, 5)
    a = o.split(y, o.constant(np.int64(1)), 2)
    return [qconv(o.relu(a.output(0))), qconv(o.relu(a.output(1)))]


@model
def q_clamp():
    return [qconv(o.clamp(fq(qconv(qi()), -3.0, 3.0), 0.0, 2.0))]


@model
def q_relu():
    return [qconv(o.relu(fq(qconv(qi()), -3.0, 3 * 127 / 128))), qconv(o.relu(fq(qconv(qi2()), -1.0, 3.0)))]


def qi2():
    return fq(P(1, 4, 8, 8, name="y"), 0, 6.0)


@model
def q_sigmoid():
    y = fq(o.relu(qconv(qi())), 0, 5)
    return [qconv(fq(o.sigmoid(y), 0, 1.0))]


@model
def q_shared():
    y = fq(o.relu(qconv(qi())), 0, 5)
    return [qconv(y), o.sigmoid(y)]


@model
def q_shared_zero_point():
    y = fq(qconv(qi()), -1.3, 5)
    return [qconv(y), qconv(y), cb(y)]


@model
def q_squeeze_excite():
    y = fq(o.relu(qconv(qi())), 0, 5)
    s = fq(o.reduce_mean(y, I(2, 3), True), 0, 5)
    s = fq(o.sigmoid(qconv(s, 4, 1)), 0, 1.0)
    return [qconv(fq(o.multiply(y, s), 0, 5))]


@model
def q_scale_shift():
    y = o.add(o.multiply(o.relu(qconv(qi())), C(1, 4, 1, 1)), C(1, 4, 1, 1))
    return [qconv(fq(y, 0, 9)), conv(y)]


@model
def q_swish():
    return [qconv(fq(o.swish(qconv(qi())), -0.3, 5)), qconv(fq(o.hswish(qconv(qi2())), -0.4, 5))]


@model
def q_int4():
    return [qconv(fq(o.relu(qconv(qi(), w=qw(4, 4, 3, 3, levels=15))), 0, 5, 16))]


@model
def q_result():
    return [fq(qconv(qi()), -3.0, 3.0)]


@model
def q_interpolate():
    y = fq(o.relu(qconv(qi())), 0, 5)
    y = o.interpolate(y, I(16, 16), "nearest", "sizes", coordinate_transformation_mode="asymmetric", nearest_mode="floor", axes=I(2, 3))
    return [qconv(y)]


@model
def q_float_conv():
    return [conv(fq(o.relu(cb(qi())), 0, 5)), qconv(o.relu(cb(o.relu(qconv(qi2())))))]


@model
def q_deconvolution():
    w = fq(C(4, 4, 2, 2), -1.5, 1.5, 255)
    return [qconv(fq(o.relu(o.convolution_backprop_data(fq(o.relu(qconv(qi())), 0, 5), w, [2, 2], pads_begin=[0, 0], pads_end=[0, 0])), 0, 9))]


@model
def q_pad():
    y = o.pad(fq(o.relu(qconv(qi())), 0, 5), I(0, 0, 1, 1), I(0, 0, 1, 1), "constant", S(0))
    return [o.convolution(y, qw(4, 4, 3, 3), [2, 2], [0, 0], [0, 0], [1, 1])]


@model
def q_transpose_first():
    y = fq(o.transpose(o.relu(qconv(qi())), I(0, 2, 3, 1)), 0, 5)
    return [o.softmax(qfc(y, 5), -1)]


@model
def q_pool_float():
    y = fq(o.relu(qconv(qi())), 0, 5)
    y = o.sigmoid(o.max_pool(y, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2], "floor").output(0))
    return [cb(y)]


@model
def q_mean():
    y = fq(o.relu(qconv(qi())), 0, 5)
    return [qfc(fq(o.reduce_mean(y, I(2, 3), False), 0, 5), 5)]


@model
def q_prelu():
    y = fq(o.prelu(qconv(qi()), o.constant(np.array([0.1, 0.2, 0.3, 0.4], np.float32))), -1.0, 5)
    return [qconv(fq(o.relu(o.add(qconv(y), y)), 0, 5))]


@model
def q_concat_after():
    y = qi()
    return [qconv(fq(o.concat([o.relu(qconv(y)), o.relu(qconv(y))], 1), 0, 5))]


@model
def q_sum_normalized():
    x = fq(rows(), -3.0, 3 * 127 / 128)
    y = o.add(fq(qfc(x, 12), -9.0, 9 * 127 / 128), x)
    y = o.add(o.multiply(o.mvn(y, I(2), True, 1e-5, "inside_sqrt"), C(1, 1, 12)), C(1, 1, 12))
    return [qfc(fq(y, -6.0, 6 * 127 / 128), 5)]


def quantized(y, lo, hi, t=np.uint8):
    """A QuantizeLinear of 8 bits as the ONNX frontend translates it."""
    low, high = (0, 255) if t == np.uint8 else (-128, 127)
    return o.convert(o.fake_quantize(y, S(lo), S(hi), S(low), S(high), 256), t)


def dequantized(q, scale, zero):
    """A DequantizeLinear; scale and zero are numbers, or arrays that broadcast to the values."""
    t = q.get_element_type().to_dtype()
    d = o.subtract(o.convert(q, np.float32), o.convert(o.constant(np.array(zero, t)), np.float32))
    return o.multiply(d, o.constant(np.array(scale, np.float32)))


def qdq(y, lo, hi):
    scale = (hi - lo) / 255
    return dequantized(quantized(y, lo, hi), scale, round(-lo / scale))


def qdq_conv(y, n=4, bias=True):
    c = int(y.get_output_shape(0)[1])
    w = o.constant(((np.arange(n * c * 9) * 7 % 251) - 125).astype(np.int8).reshape(n, c, 3, 3))
    w = dequantized(w, np.linspace(0.01, 0.02, n).reshape(n, 1, 1, 1), np.zeros((n, 1, 1, 1)))
    y = o.convolution(y, w, [1, 1], [1, 1], [1, 1], [1, 1])
    return o.add(y, C(1, n, 1, 1)) if bias else y


@model
def qdq_convs():
    return [qdq_conv(qdq(qdq_conv(qdq(image(), -2, 3.1)), 0, 5))]


@model
def qdq_add_constant():
    b = dequantized(o.constant(np.arange(4, dtype=np.uint8).reshape(4, 1, 1) * 9), 0.1, 11)
    return [qdq_conv(qdq(o.add(qdq(qdq_conv(qdq(image(), 0, 3), bias=False), -4, 5), b), 0, 5))]


@model
def qdq_max_pool():
    y = qdq(qdq_conv(qdq(image(), 0, 3)), 0, 5)
    return [qdq_conv(qdq(o.max_pool(y, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2], "floor").output(0), 0, 5))]


@model
def qdq_max_pool_again():
    y = qdq(qdq_conv(qdq(image(), 0, 3)), -4, 5)
    return [qdq_conv(qdq(o.max_pool(y, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2], "floor").output(0), 0, 5))]


@model
def qdq_residual():
    x = qdq(qdq_conv(qdq(image(), -2, 3)), 0, 5)
    return [qdq_conv(qdq(o.add(qdq(qdq_conv(x), -3, 4), x), 0, 7))]


@model
def qdq_concat_of_zeros():
    x = qdq(qdq_conv(qdq(image(), -2, 3)), 0, 5)
    zeros = qdq(o.broadcast(S(0), I(1, 2, 8, 8)), 0, 5)
    return [qdq_conv(qdq(o.concat([x, zeros], 1), 0, 5))]


@model
def qdq_pad():
    x = qdq(qdq_conv(qdq(image(), -2, 3)), 0, 5)
    return [qdq_conv(o.pad(x, I(0, 0, 1, 1), I(0, 0, 1, 1), "constant", S(0)))]


@model
def qdq_transpose():
    return [qdq_conv(qdq(o.transpose(P(1, 8, 8, 4), I(0, 3, 1, 2)), -2, 3))]


@model
def qdq_scaled():
    c = dequantized(o.constant(np.uint8(200)), 0.01, 3)
    return [qdq_conv(qdq(o.multiply(qdq(image(), -2, 3), c), -4, 5))]


def einsum(name, equation, *shapes):
    def f():
        inputs = [P(*s, name="xyz"[i]) for i, s in enumerate(shapes)]
        return [fc(o.einsum([o.relu(fc(p, int(p.get_output_shape(0)[-1]))) for p in inputs], equation), 5)]
    named("einsum_" + name, f)


einsum("rel_pos", "bhwc,hkc->bhwk", (1, 4, 6, 8), (4, 6, 8))
einsum("scores", "bhid,bhjd->bhij", (1, 2, 6, 8), (1, 2, 5, 8))
einsum("values", "bhij,bhjd->bhid", (1, 2, 6, 5), (1, 2, 5, 8))
einsum("linear", "bld,do->blo", (1, 6, 8), (8, 7))
einsum("heads_last", "blhd,bshd->bhls", (1, 6, 2, 8), (1, 5, 2, 8))
einsum("product", "bnd,bd->bnd", (1, 6, 8), (1, 8))
einsum("vector", "bnd,bd->bn", (1, 6, 8), (1, 8))
einsum("two_sums", "bhwc,hwco->bo", (1, 4, 6, 8), (4, 6, 8, 7))
einsum("two_rows", "bxyd,bzd->bxyz", (1, 4, 6, 8), (1, 5, 8))
einsum("three", "bi,bij,bj->bj", (2, 6), (2, 6, 7), (2, 7))
einsum("project", "ibnd,hnd->ibh", (6, 1, 2, 4), (8, 2, 4))
einsum("ellipsis", "...d,do->...o", (1, 6, 8), (8, 7))


@model
def dereshape_batches():
    a, b = (o.reshape(o.relu(fc(P(1, 2, 4, 6, name=n), 6)), I(2, 4, 6), False) for n in "ab")
    y = o.reshape(o.matmul(a, b, False, True), I(1, 2, 4, 4), False)
    return [o.matmul(o.softmax(y, -1), P(1, 2, 4, 4, name="z"), False, False)]


@model
def dereshape_rows_read_twice():
    x = o.reshape(o.relu(fc(P(8, 12), 12)), I(1, 8, 12), False)
    return [fc(o.relu(o.multiply(o.reshape(fc(x, 10), I(8, 10), False), C(10))), 5), fc(o.tanh(x), 4)]


def weights3(name, a, b, transpose_b=False, scale=None, bias=None):
    def f():
        y = o.matmul(o.relu(o.softmax(P(*a), -1)), C(*b), False, transpose_b)
        y = o.multiply(y, C(*scale)) if scale else y
        return [o.softmax(o.add(y, C(*bias)) if bias else y, -1)]
    named("weights3_" + name, f)


weights3("batches", (4, 7, 16), (4, 16, 12))
weights3("one_row_batch", (1, 7, 16), (4, 16, 12))
weights3("rows", (7, 16), (4, 16, 12))
weights3("transposed_bias", (4, 7, 16), (4, 12, 16), True, bias=(12,))
weights3("bias_apart", (4, 7, 16), (4, 12, 16), True, bias=(4, 1, 12))
weights3("scaled", (4, 7, 16), (4, 12, 16), True, scale=(12,))
weights3("rank4", (2, 4, 7, 16), (4, 16, 12))
weights3("scaled_batches", (3, 6, 8), (5, 8), True, scale=(3, 1, 5))


@model
def scores_scaled_twice():
    q, k, v = (o.relu(fc(P(1, 2, 6, 6, name=n), 6)) for n in "qkv")
    return [o.softmax(o.multiply(o.matmul(q, o.matmul(k, v, True, False), False, False), S(0.3)), -1)]


@model
def patch_of_one():
    x = P(4, 1, 64)
    q, k, v = (o.transpose(o.reshape(fcb(x, 64), I(4, -1, 4, 16), True), I(*order)) for order in ((0, 2, 1, 3), (0, 2, 3, 1), (0, 2, 1, 3)))
    y = o.matmul(o.softmax(o.divide(o.matmul(q, k, False, False), S(4)), -1), v, False, False)
    return [fc(o.reshape(o.transpose(y, I(0, 2, 1, 3)), I(4, 1, 64), False), 5)]


@model
def gelu_tanh_factored():
    x = fcb(rows(), 10)
    a, b = o.multiply(x, S(0.79788456)), o.add(o.multiply(o.multiply(x, S(0.044715)), x), S(1))
    return [fc(o.multiply(o.multiply(x, S(0.5)), o.add(o.tanh(o.multiply(a, b)), S(1))), 5)]


@model
def swish_with_beta():
    x = fcb(rows(), 10)
    return [fc(o.multiply(x, o.sigmoid(o.multiply(x, S(1.702)))), 5)]


@model
def bool_of_product():
    m = P(1, 8, t=np.int64)
    b = o.convert(o.multiply(o.unsqueeze(m, I(1)), o.unsqueeze(m, I(2))), "boolean")
    return [fc(o.select(b, o.softmax(fc(P(1, 8, 8, name="y"), 8), -1), S(-1)), 5)]


@model
def neutral_planes():
    y = o.add(fc(P(1, 96, 96), 96), o.constant(np.zeros((1, 96, 96), np.float32)))
    y = o.multiply(o.relu(y), o.constant(np.ones((1, 96, 96), np.float32)))
    return [fc(o.tanh(o.add(y, o.subtract(o.constant(np.ones((1, 96, 96), np.float32)), S(1)))), 5)]


def strided(y, n=6, auto="explicit", k=1):
    c = int(y.get_output_shape(0)[1])
    return o.convolution(y, C(n, c, k, k), [2 if k == 1 else 1] * 2, [0, 0], [0, 0], [1, 1], auto)


def pooled(y):
    return o.max_pool(y, [1, 1], [1, 1], [1, 1], [1, 1], [3, 3], "floor", "explicit").output(0)


STRIDED = dict(
    conv=lambda: [strided(o.relu(cb(image())))],
    same=lambda: [strided(o.relu(o.add(strided(image(), 4, "same_upper", 3), C(1, 4, 1, 1))))],
    concat=lambda: [strided(o.relu(o.multiply(o.concat([y := o.relu(cb(image())), o.tanh(y)], 1), C(1, 8, 1, 1))))],
    two=lambda: [strided(y := o.relu(o.multiply(pooled(o.relu(cb(image()))), C(1, 4, 1, 1)))), strided(y)],
    differ=lambda: [strided(y := o.relu(cb(image()))), conv(y), cb(y, 4, 1)],
    parameter=lambda: [strided(o.relu(image()))],
    residual=lambda: [strided(y := o.relu(o.add(cb(x := o.relu(cb(image()))), x))), strided(y, 5)],
    chain=lambda: [conv(o.relu(strided(o.relu(strided(o.relu(cb(image())))))))],
    plane=lambda: [strided(o.relu(o.add(o.avg_pool(image(), [1, 1], [1, 1], [1, 1], [3, 3], False, "floor", "explicit"), C(8, 8))))],
    swish=lambda: [strided(o.swish(cb(image())))],
    unary=lambda: [strided(o.clamp(o.gelu(o.elu(o.softplus(o.hswish(o.mish(cb(image())))), 1.0), "erf"), 0.0, 6.0))],
)
for _n, _f in STRIDED.items():
    named("strides_" + _n, _f)


def spread(shape=(1, 8, 12), mode="numpy"):
    return o.broadcast(o.softmax(P(1, 1, 12, name="y"), -1), I(*shape), None, mode)


BROADCASTS = dict(
    same=lambda: o.multiply(o.relu(fc(rows(), 12)), spread()),
    divisor=lambda: o.divide(o.relu(fc(rows(), 12)), spread()),
    dividend=lambda: o.divide(spread(), o.relu(fc(rows(), 12))),
    later=lambda: o.multiply(o.relu(fc(P(1, 8, 1), 12)), spread((3, 8, 12))),
    later_rank=lambda: o.add(o.relu(fc(P(8, 1), 12)), spread((3, 1, 12), "bidirectional")),
    both=lambda: o.add(o.broadcast(o.softmax(P(1, 8, 1), 1), I(1, 8, 12)), spread()),
    constant=lambda: o.add(spread(), C(1, 8, 12)),
    scalar=lambda: o.multiply(spread(), S(0.3)),
)
for _n, _f in BROADCASTS.items():
    named("broadcast_" + _n, lambda f=_f: [fc(f(), 5)])

REDUCED = dict(
    unsqueezed=lambda: o.reduce_mean(o.unsqueeze(fc(rows(), 12), I(1)), I(2), False),
    unsqueezed_kept=lambda: o.reduce_max(o.unsqueeze(fc(rows(), 12), I(0)), I(2), True),
    reshaped=lambda: o.reduce_sum(o.reshape(fc(rows(), 12), I(1, 8, 1, 12), False), I(1), False),
    transposed=lambda: o.reduce_mean(o.transpose(o.relu(cb(image())), I(0, 2, 3, 1)), I(1, 2), False),
    transposed_kept=lambda: o.reduce_mean(o.transpose(o.relu(cb(image())), I(0, 2, 3, 1)), I(1, 2), True),
    channels=lambda: o.reduce_max(o.transpose(o.relu(cb(image())), I(0, 2, 3, 1)), I(-1), False),
    squeezed=lambda: o.squeeze(o.transpose(o.relu(cb(P(1, 4, 3, 8))), I(0, 3, 2, 1)), I(0)),
    converted=lambda: o.convert(o.transpose(o.greater(o.softmax(fc(rows(), 12), -1), S(0.1)), I(0, 2, 1)), "f32"),
)
for _n, _f in REDUCED.items():
    named("reduced_" + _n, lambda f=_f: [fc(f(), 5)])


@model
def slices_in_a_row():
    y = o.slice(o.slice(o.relu(fc(rows(), 12)), I(1), I(6), I(1), I(1)), I(2), I(10), I(1), I(2))
    return [fc(o.tanh(y), 5)]


@model
def windows_shifted():
    y = o.relu(fc(rows(), 12))
    return [fc(o.tanh(o.concat([o.slice(y, I(3), I(2**31 - 1), I(1), I(1)), o.slice(y, I(0), I(3), I(1), I(1))], 1)), 5)]


def stored(y, n, zero=None, scalar=False, rows_first=True, group=0, kind=np.uint8):
    """A MatMul with weights stored as integers, of sizes that every processor has a kernel for."""
    k = int(y.get_output_shape(0)[-1])
    q = (np.arange(n * k) * 7 % 11).astype(kind).reshape((n, k // group, group) if group else (n, k) if rows_first else (k, n))
    w = o.convert(o.constant(q), np.float32)
    if zero:
        w = o.subtract(w, S(5) if zero == "float" else o.convert(o.constant(np.full((1, 1), 5, np.uint8)), np.float32))
    w = o.multiply(w, C(n, k // group, 1) if group else S(0.1) if scalar else C(n, 1) if rows_first else C(1, n))
    return o.matmul(y, o.reshape(w, I(n, k), False) if group else w, False, rows_first)


def wide():
    return P(1, 8, 64)


STORED = dict(
    bias=lambda: stored(o.relu(o.add(stored(wide(), 64), C(64))), 64),
    zero=lambda: stored(o.relu(stored(wide(), 64, "float")), 64, "integer"),
    scalar=lambda: stored(o.relu(stored(wide(), 64, scalar=True)), 64, scalar=True),
    columns=lambda: stored(o.relu(stored(wide(), 64, rows_first=False)), 64, rows_first=False),
    signed=lambda: stored(o.relu(stored(wide(), 64, kind=np.int8)), 64, kind=np.int8),
    groups=lambda: stored(o.relu(stored(wide(), 64, group=32)), 64, group=32),
    scaled=lambda: stored(o.relu(o.multiply(stored(wide(), 64), S(0.3))), 64),
    one_column=lambda: stored(o.relu(stored(wide(), 1)), 64),
)
for _n, _f in STORED.items():
    named("stored_" + _n, lambda f=_f: [f()])


@model
def stored_shared():
    w = o.multiply(o.convert(i8(64, 64), np.float32), C(64, 1))
    return [stored(o.tanh(o.matmul(o.relu(o.matmul(wide(), w, False, True)), w, False, True)), 64)]


@model
def stored_table():
    t = o.multiply(o.convert(i8(100, 64), np.float32), C(100, 1))
    return [stored(o.gather(t, P(1, 6, t=np.int64), o.constant(np.int32(0))), 64)]


def windows(mask, bias=True, twice=False, behind=False):
    q, k, v = (o.transpose(o.reshape(fcb(P(4, 8, 16, name=n), 16), I(4, 8, 2, 8), False), I(0, 2, 1, 3)) for n in "qkv")
    s = o.matmul(q, k, False, True)
    s = o.reshape(o.add(s, C(1, 2, 8, 8)) if bias else s, I(1, 4, 2, 8, 8), False)
    s = o.add(s, C(*mask) if mask else P(1, 4, 2, 8, 8, name="m"))
    s = o.reshape(o.add(s, P(1, 4, 1, 8, 8, name="m2")) if twice else s, I(4, 2, 8, 8), False)
    y = o.matmul(o.softmax(o.tanh(s) if behind else s, -1), v, False, False)
    return [fcb(o.reshape(o.transpose(y, I(0, 2, 1, 3)), I(4, 8, 16), False), 5)]


named("windows", lambda: windows((1, 4, 1, 8, 8)))
named("windows_no_bias", lambda: windows((1, 4, 1, 8, 8), False))
named("windows_masks", lambda: windows(None, False, True))
named("windows_row", lambda: windows((1, 1, 1, 1, 8)))
named("windows_behind", lambda: windows((1, 4, 1, 8, 8), behind=True))


def decided(name, condition, x, other):
    named("select_" + name, lambda: [fc(o.select(o.constant(np.array(condition)), o.relu(y := fc(P(*x), x[-1])), other(y)), 5)])


decided("true", np.ones((1, 8, 12), bool), (1, 8, 12), o.tanh)
decided("false", np.zeros((1, 8, 12), bool), (1, 8, 12), o.tanh)
decided("broadcast", np.ones((1, 8, 12), bool), (1, 1, 12), lambda y: S(1))
decided("large", np.ones((1, 96, 96), bool), (1, 96, 96), lambda y: S(1))


@model
def layer_norm_constants_inside():
    x = o.add(fcb(rows(), 12), P(1, 8, 12, name="y"))
    mean = o.reduce_mean(x, I(-1), True)
    g = o.multiply(o.power(o.add(o.reduce_mean(o.squared_difference(x, mean), I(-1), True), S(1e-5)), S(-0.5)), C(12))
    return [fc(o.add(o.multiply(x, g), o.subtract(C(12), o.multiply(mean, g))), 5)]


@model
def layer_norm_as_rms():
    x = o.add(fcb(rows(), 12), P(1, 8, 12, name="y"))
    d = o.subtract(x, o.reduce_mean(x, I(-1), True))
    v = o.power(o.add(o.reduce_mean(o.multiply(d, d), I(-1), True), S(1e-5)), S(-0.5))
    return [fc(o.add(o.multiply(o.multiply(d, v), C(12)), C(12)), 5)]


@model
def rope_of_axis_3():
    x = o.relu(fc(P(8, 1, 2, 8), 8))
    a, b = o.slice(x, I(0), I(4), I(1), I(3)), o.slice(x, I(4), I(2**31 - 1), I(1), I(3))
    return [fc(o.add(o.multiply(x, C(8, 1, 1, 8)), o.multiply(o.concat([o.negative(b), a], 3), C(8, 1, 1, 8))), 5)]


def quantized_rows(high=3.0):
    return fq(P(8, 12), 0, high)


QUANTIZED = dict(
    three=lambda: qfc(fq(o.relu(qfc(fq(o.relu(qfc(quantized_rows(), 10)), 0, 9), 8)), 0, 9), 5),
    gelu=lambda: qfc(fq(o.gelu(qfc(quantized_rows(), 10), "erf"), -0.2, 9.0), 5),
    softmax=lambda: o.softmax(qfc(fq(o.relu(qfc(quantized_rows(), 10)), 0, 9), 5), -1),
    float_last=lambda: fcb(o.relu(qfc(quantized_rows(), 10)), 5),
    wide=lambda: qfc(fq(o.relu(qfc(quantized_rows(), 300)), 0, 9), 5),
)
for _n, _f in QUANTIZED.items():
    named("q_mlp_" + _n, lambda f=_f: [f()])


def table_of_rows():
    return o.constant(((np.arange(64 * 64) * 7) % 50).astype(np.int64).reshape(64, 64))


@model
def shared_rows():
    x = o.relu(fc(P(1, 50, 12), 12))
    a, b = (o.gather(x, o.unsqueeze(table_of_rows(), I(0)), o.constant(np.int32(1))) for _ in range(2))
    return [fc(a, 5), fc(o.tanh(b), 5)]


@model
def shared_weights():
    x = P(1, 64, 64)
    a, b = (o.softmax(o.matmul(x, o.convert(table_of_rows(), np.float32), False, True), -1) for _ in range(2))
    return [a, o.tanh(b)]


def shape(y):
    return o.shape_of(y, "i64")


def sizes(y, *axes):
    """The sizes of some axes as a list, by one Gather each."""
    s = shape(y)
    return [o.gather(s, I(a), o.constant(np.int64(0))) for a in axes]


def size(y, axis):
    return o.gather(shape(y), o.constant(np.int64(axis)), o.constant(np.int64(0)))


def tokens(width=12):
    return P(-1, -1, width)


@model
def dyn_mlp():
    y = tokens()
    return [fc(o.add(o.multiply(o.gelu(fcb(y, 10), "erf"), C(10)), o.swish(fc(y, 10))), 5)]


@model
def dyn_layer_norm():
    y = fcb(tokens(), 12)
    y = o.add(o.multiply(o.mvn(y, I(-1), True, 1e-5, "inside_sqrt"), C(12)), C(12))
    return [fc(o.multiply(y, o.divide(S(1), o.sqrt(o.add(o.reduce_mean(o.multiply(y, y), I(-1), True), S(1e-5))))), 5)]


@model
def dyn_conv_sum():
    y = o.relu(cb(P(-1, 4, -1, -1)))
    return [conv(o.max_pool(o.relu(o.add(cb(o.relu(cb(y))), y)), [2, 2], [1, 1], [0, 0], [0, 0], [2, 2]).output(0))]


@model
def dyn_resize_to():
    y = P(-1, 4, -1, -1)
    small = o.relu(o.convolution(y, C(4, 4, 3, 3), [2, 2], [1, 1], [1, 1], [1, 1]))
    to = o.concat(sizes(y, 2, 3), 0)
    return [conv(o.add(o.interpolate(small, to, "nearest", "sizes", axes=I(2, 3)), cb(y)))]


def heads(y, n, width):
    """[B, L, n * width] to [B, n, L, width], by the sizes of y."""
    b, l = sizes(y, 0, 1)
    return o.transpose(o.reshape(y, o.concat([b, l, I(n), I(width)], 0), False), I(0, 2, 1, 3))


@model
def dyn_attention():
    y = tokens()
    q, k, v = (heads(fc(y, 12), 3, 4) for _ in range(3))
    w = o.softmax(o.multiply(o.matmul(q, k, False, True), S(0.5)), -1)
    b, l = sizes(y, 0, 1)
    return [fc(o.reshape(o.transpose(o.matmul(w, v, False, False), I(0, 2, 1, 3)), o.concat([b, l, I(12)], 0), False), 5)]


def causal(y, past):
    """A boolean mask [B, 1, L, past + L] of what each row may see."""
    b, l = size(y, 0), size(y, 1)
    one, zero = o.constant(np.int64(1)), o.constant(np.int64(0))
    total = o.add(past, l)
    columns = o.unsqueeze(o.unsqueeze(o.range(zero, total, one, "i64"), I(0)), I(0))
    rows = o.unsqueeze(o.unsqueeze(o.range(past, total, one, "i64"), I(0)), I(2))
    seen = o.less_equal(columns, rows)
    to = o.concat([o.reshape(b, I(1), False), I(1), o.reshape(l, I(1), False), o.unsqueeze(total, I(0))], 0)
    return o.broadcast(o.unsqueeze(seen, I(0)) if len(seen.get_output_partial_shape(0)) < 4 else seen, to, broadcast_spec="BIDIRECTIONAL")


@model
def dyn_masked_attention():
    y = tokens()
    q, k, v = (heads(fc(y, 12), 3, 4) for _ in range(3))
    a = o.scaled_dot_product_attention(q, k, v, causal(y, o.constant(np.int64(0))))
    b, l = sizes(y, 0, 1)
    return [fc(o.reshape(o.transpose(a, I(0, 2, 1, 3)), o.concat([b, l, I(12)], 0), False), 5)]


@model
def dyn_flattened_fc():
    y = o.relu(fc(tokens(), 10))
    rows = fcb(o.reshape(y, I(-1, 10), False), 8)
    b, l = sizes(y, 0, 1)
    return [fc(o.reshape(rows, o.concat([b, l, I(8)], 0), False), 5)]


@model
def dyn_maximum_shapes():
    y = tokens()
    to = o.maximum(shape(y), o.maximum(shape(fc(y, 12)), I(1, 1, 12)))
    return [fc(o.broadcast(fcb(y, 12), to), 5)]


@model
def dyn_only_batch():
    y = P(-1, 8, 12)
    b, = sizes(y, 0)
    z = o.reshape(fcb(y, 12), o.concat([b, I(96)], 0), False)
    return [fc(o.squeeze(o.unsqueeze(z, I(1)), I(1)), 5)]


def cached(y, x, new, name, beams):
    """What a state of [B, heads, T, width] has kept, in the order of the beams, and new behind it."""
    kept = [int(new.get_output_partial_shape(0)[i].get_length()) for i in (1, 3)]
    empty = o.broadcast(S(0), o.concat([sizes(x, 0)[0], I(kept[0]), I(0), I(kept[1])], 0))
    past = opset6.read_value(empty, name, np.float32, ov.PartialShape([-1, kept[0], -1, kept[1]]))
    past = o.gather(past, beams, o.constant(np.int64(0))) if beams else past
    now = o.concat([past, new], 2)
    sinks.append(opset6.assign(now, name))
    return past, now


def repeated(y, n):
    """Heads of keys or values for n times as many of queries."""
    s = shape(y)
    at = lambda *a: o.gather(s, I(*a), o.constant(np.int64(0)))
    h, w = (int(y.get_output_partial_shape(0)[i].get_length()) for i in (1, 3))
    many = o.broadcast(o.unsqueeze(y, I(2)), o.concat([at(0, 1), I(n), at(2, 3)], 0), broadcast_spec="BIDIRECTIONAL")
    return o.reshape(many, I(0, h * n, -1, w), True)


def stateful(beams, groups):
    x = P(-1, -1, 12)
    by = P(-1, name="beam_idx", t=np.int32) if beams else None
    q, k, v = (heads(fc(x, 12 // g), 12 // g // 3, 3) for g in (1, groups, groups))
    past, k = cached(k, x, k, "keys", by)
    _, v = cached(v, x, v, "values", by)
    mask = causal(x, size(past, 2))
    if groups > 1:
        k, v = repeated(k, groups), repeated(v, groups)
    a = o.scaled_dot_product_attention(q, k, v, mask)
    b, l = sizes(x, 0, 1)
    return [fc(o.reshape(o.transpose(a, I(0, 2, 1, 3)), o.concat([b, l, I(12)], 0), False), 5)]


named("dyn_state", lambda: stateful(True, 1))
named("dyn_state_groups", lambda: stateful(True, 2))
named("dyn_state_no_beams", lambda: stateful(False, 1))


def export(truth, core, path, extra):
    seen = []
    config = {"INFERENCE_PRECISION_HINT": "bf16", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, **extra}
    compiled = core.compile_model(core.read_model(path), "CPU", {**config, "CACHE_ENCRYPTION_CALLBACKS": [lambda d: seen.append(d) or d, lambda d: d]})
    compiled.export_model(io.BytesIO())
    units = {}
    for i, n in enumerate(compiled.get_runtime_model().get_ordered_ops()):
        for name in str(n.get_rt_info()["originalLayersNames"].astype(str)).split(","):
            units.setdefault(name, i)
    g = truth["Graph"]([d for d in seen if b"<net" in d[:4096]][-1].rstrip(b"\0 "))
    lines = ["type\tname\tfused_names\tunit"]
    for i in g.candidates():
        n = g.layers[i]
        fused, name = (n.fused, n.name) if extra or not n.body else (",".join(n.body), n.name)
        lines.append("\t".join(map(str, [n.type, name, fused, units.get(n.name, "-")])))
    return "\n".join(lines) + "\n"


def main():
    global params, sinks
    source = pathlib.Path(sys.argv[1]).read_text()
    truth = {"__name__": "truth"}
    exec(compile("\n".join(l for l in source.split("\n") if not l.startswith("from common import")), sys.argv[1], "exec"), truth)
    core = ov.Core()
    kept = {}
    if sys.argv[3:]:
        with zipfile.ZipFile(sys.argv[2]) as z:
            kept = {name: z.read(name) for name in z.namelist() if name.split(".")[0] not in sys.argv[3:]}
    with tempfile.TemporaryDirectory() as d, zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_DEFLATED) as z:
        def put(name, data):
            z.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
        for name, data in kept.items():
            put(name, data)
        for name, build in MODELS.items():
            if sys.argv[3:] and name not in sys.argv[3:]:
                continue
            params, sinks = [], []
            results = build()
            path = pathlib.Path(d) / (name + ".xml")
            m = ov.Model([o.result(r) for r in results], sinks, params, name)
            for i, n in enumerate(m.get_ordered_ops()):
                if n.get_type_name() != "Parameter":
                    n.set_friendly_name(f"{n.get_type_name().lower()}{i}")
            ov.save_model(m, path, compress_to_fp16=False)
            views = {}
            for view, extra in ("plugin", {"SNIPPETS_MODE": "DISABLE"}), ("snippets", {}):
                views[view] = export(truth, core, path, extra)
            put(name + ".xml", path.read_bytes())
            put(name + ".bin", path.with_suffix(".bin").read_bytes())
            for view, text in views.items():
                put(f"{name}.{view}.tsv", text)


main()
