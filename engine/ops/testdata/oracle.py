"""What the generators of the folders here share: a model whose every node has its own result, and OpenVINO as the oracle of its outputs."""
import os

import numpy as np
import openvino as ov
from openvino import PartialShape, Type
import openvino.opset1 as o1
from openvino.utils.node_factory import NodeFactory


class Model:
    """Collects parameters with their data and nodes whose outputs become results.

    The outputs are those of the CPU plugin in f32. With reference=True they are those of OpenVINO's reference kernels (ov.Model.evaluate), which
    compute integers in their own type, where the plugin computes all integers but 8-bit ones as i32 or f32.
    """

    def __init__(self, folder, name, reference=False):
        self.path, self.reference = os.path.join(folder, name), reference
        self.params, self.data, self.results, self.expected = [], [], [], {}
        self.rng = np.random.default_rng(sum(map(ord, name)))

    def param(self, array, element=None):
        """A parameter with the shape and type of array, or of the element type ("bf16", which numpy lacks) with array as its storage."""
        array = np.asarray(array, order="C")
        p = o1.parameter(PartialShape(list(array.shape)), element or Type(array.dtype))
        p.set_friendly_name(f"p{len(self.params)}")
        self.params.append(p)
        self.data.append(ov.Tensor(array, list(array.shape), element) if element else ov.Tensor(array))
        return p

    def normal(self, *shape, scale=1.0, shift=0.0):
        return self.param((shift + scale * self.rng.standard_normal(shape)).astype(np.float32))

    def uniform(self, low, high, *shape):
        return self.param(self.rng.uniform(low, high, shape).astype(np.float32))

    def add(self, op, opset, inputs, name="", expected=None, **attributes):
        """Adds operation op of the numbered opset; inputs are nodes or arrays, which become constants. Where OpenVINO computes in less than the
        type, the expected output is given."""
        node = self.hidden(op, opset, inputs, **attributes)
        node.set_friendly_name(f"{op}/{name}" if name else op)
        if expected is not None:
            self.expected[len(self.results)] = np.asarray(expected)
        self.results += [o1.result(node.output(i)) for i in range(node.get_output_size())]
        return node

    def hidden(self, op, opset, inputs, **attributes):
        """Adds an operation that only others read."""
        inputs = [i if isinstance(i, ov.Node) else constant(i) for i in inputs]
        return NodeFactory(f"opset{opset}").create(op, [i.output(0) for i in inputs], attributes)

    def save(self):
        model = ov.Model(self.results, self.params, os.path.basename(self.path))
        outputs = self.evaluate(model) if self.reference else self.infer(model)
        arrays = {f"input_{i}": storage(t) for i, t in enumerate(self.data)}
        arrays |= {f"output_{i}": a for i, a in enumerate(outputs)} | {f"output_{i}": a for i, a in self.expected.items()}
        ov.serialize(model, self.path + ".xml", self.path + ".bin")
        if os.path.getsize(self.path + ".bin") == 0:
            os.remove(self.path + ".bin")
        np.savez_compressed(self.path + ".npz", **arrays)
        print(self.path, len(self.results), "results")

    def infer(self, model):
        for threads in (2, 1):  # with one thread a node that fails goes unnoticed and leaves garbage
            config = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
            request = ov.Core().compile_model(model, "CPU", config).create_infer_request()
            request.infer(dict(enumerate(self.data)))
        return [storage(request.get_output_tensor(i)) for i in range(len(self.results))]

    def evaluate(self, model):
        outputs = [ov.Tensor(r.get_output_element_type(0), r.get_output_shape(0)) for r in self.results]
        assert model.evaluate(outputs, self.data)
        return [storage(t) for t in outputs]


def constant(array):
    array = np.asarray(array)
    if array.size == 0:
        return ov.op.Constant(Type(array.dtype), ov.Shape(array.shape), [])
    return o1.constant(array)


def storage(tensor):
    """The tensor's elements as numpy stores them: bf16 as V2."""
    if tensor.get_element_type() == Type.bf16:
        return np.frombuffer(tensor.data.tobytes(), "V2").reshape(tensor.shape)
    return np.array(tensor.data)
