"""Makes models with bodies and with state, their inputs and the outputs of OpenVINO's CPU plugin in f32. Run: python generate.py

NAME.npz holds input_I and output_I; a model with state has step_S/input_I and step_S/output_I, inferences that share a state.
"""
import os

import numpy as np
import openvino as ov
from openvino import opset8 as op
from openvino.op import util

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(5)


def save(name, model, steps):
    path = os.path.join(HERE, name)
    ov.serialize(model, path + ".xml", path + ".bin")
    model = ov.Core().read_model(path + ".xml")  # XML keeps the order of parameters that the test reads
    request = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
    arrays = {}
    for s, inputs in enumerate(steps):
        prefix = "" if len(steps) == 1 else f"step_{s}/"
        request.infer(inputs)
        for i, x in enumerate(inputs):
            arrays[f"{prefix}input_{i}"] = x
        for i in range(len(model.outputs)):
            arrays[f"{prefix}output_{i}"] = request.get_output_tensor(i).data.copy()
    np.savez_compressed(path + ".npz", **arrays)


def if_(condition):
    c = op.parameter([], bool, "c")
    x, y = op.parameter([2, 3], np.float32, "x"), op.parameter([2, 3], np.float32, "y")
    tx, ty = op.parameter([2, 3], np.float32), op.parameter([2, 3], np.float32)
    then = ov.Model([op.result(op.multiply(tx, ty)), op.result(op.tanh(tx))], [tx, ty], "then")
    ex = op.parameter([2, 3], np.float32)
    other = ov.Model([op.result(op.exp(ex)), op.result(op.negative(ex))], [ex], "else")
    n = op.if_op(c)
    n.set_friendly_name("choose")
    n.set_then_body(then)
    n.set_else_body(other)
    n.set_input(x.output(0), tx, ex)
    n.set_input(y.output(0), ty, None)
    a = n.set_output(then.get_results()[0], other.get_results()[0])
    b = n.set_output(then.get_results()[1], other.get_results()[1])
    model = ov.Model([op.result(op.add(a, x)), op.result(b)], [c, x, y], "if")
    save("if-" + ("then" if condition else "else"), model,
         [[np.array(condition), rng.normal(size=(2, 3)).astype(np.float32), rng.normal(size=(2, 3)).astype(np.float32)]])


def tensor_iterator(name, stride):
    """h = tanh(x_t W + h), all h joined, the last one by itself; time is axis 1."""
    x, h0 = op.parameter([2, 5, 3], np.float32, "x"), op.parameter([2, 1, 3], np.float32, "h")
    xt, h = op.parameter([2, 1, 3], np.float32), op.parameter([2, 1, 3], np.float32)
    w = op.constant(rng.normal(size=(3, 3)).astype(np.float32))
    out = op.tanh(op.add(op.matmul(xt, w, False, False), h))
    r = op.result(out)
    body = ov.Model([r], [xt, h], "body")
    n = op.tensor_iterator()
    n.set_friendly_name("loop")
    n.set_body(body)
    if stride > 0:
        n.set_sliced_input(xt, x.output(0), 0, 1, 1, -1, 1)
    else:
        n.set_sliced_input(xt, x.output(0), -1, -1, 1, 0, 1)
    n.set_merged_input(h, h0.output(0), r.output(0))
    joined = n.get_concatenated_slices(r.output(0), 0 if stride > 0 else -1, stride, 1, -1 if stride > 0 else 0, 1)
    last = n.get_iter_value(r.output(0), -1)
    model = ov.Model([op.result(joined), op.result(last)], [x, h0], name)
    save(name, model, [[rng.normal(size=(2, 5, 3)).astype(np.float32), rng.normal(size=(2, 1, 3)).astype(np.float32)]])


def loop(name, trips, limit):
    """x doubles until it has a sum above limit, at most trips times; the iteration is added."""
    x = op.parameter([1, 3], np.float32, "x")
    xi, i = op.parameter([1, 3], np.float32), op.parameter([1], np.int64)
    y = op.add(op.multiply(xi, op.constant(np.float32(2))), op.convert(i, np.float32))
    go = op.less(op.reduce_sum(y, op.constant(np.array([0, 1])), False), op.constant(np.float32(limit)))
    ry, rc = op.result(y), op.result(go)
    body = ov.Model([rc, ry], [i, xi], "body")
    n = op.loop(op.constant(np.int64(trips)), op.constant(np.array(True)))
    n.set_friendly_name("until")
    n.set_function(body)
    n.set_special_body_ports([0, 0])
    n.set_merged_input(xi, x.output(0), ry.output(0))
    last = n.get_iter_value(ry.output(0), -1)
    joined = n.get_concatenated_slices(ry.output(0), 0, 1, 1, -1, 0)
    model = ov.Model([op.result(last), op.result(joined)], [x], name)
    save(name, model, [[np.array([[0.25, 0.5, 0.75]], np.float32)]])


def state():
    """A counter of everything seen, started from the first input."""
    x = op.parameter([1, 3], np.float32, "x")
    init = op.multiply(x, op.constant(np.float32(0.5)))
    info = util.VariableInfo()
    info.data_shape, info.data_type, info.variable_id = ov.PartialShape([1, 3]), ov.Type.f32, "seen"
    v = util.Variable(info)
    read = op.read_value(init, v)
    total = op.add(read, x)
    assign = op.assign(total, v)
    model = ov.Model([op.result(op.tanh(total))], [assign], [x], "state")
    save("state", model, [[rng.normal(size=(1, 3)).astype(np.float32)] for _ in range(3)])


if_(True)
if_(False)
tensor_iterator("iterator", 1)
tensor_iterator("iterator-reverse", -1)
loop("loop-trips", 4, 1e9)
loop("loop-condition", 100, 40)
state()
