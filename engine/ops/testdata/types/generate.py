"""Writes promoted.txt: what OpenVINO's ConvertPromoteTypes makes of two types, with plain and with PyTorch's promotion of scalars (input 1)."""
import itertools
import os

from openvino import Type
import openvino.opset1 as o1
from openvino.utils.node_factory import NodeFactory

TYPES = "f64 f32 f16 bf16 f8e4m3 f8e5m2 i64 i32 i16 i8 u64 u32 u16 u8 boolean".split()
factory = NodeFactory("opset14")
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "promoted.txt"), "w") as f:
    for x, y in itertools.product(TYPES, repeat=2):
        inputs = [o1.parameter(shape, getattr(Type, t)).output(0) for shape, t in [([2], x), ([], y)]]
        row = [x, y]
        for scalars in [False, True]:
            node = factory.create("ConvertPromoteTypes", inputs, dict(promote_unsafe=True, pytorch_scalar_promotion=scalars))
            row.append(node.get_output_element_type(0).get_type_name())
        print(*row, file=f)
