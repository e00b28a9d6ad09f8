"""The worker of halfway's engine "openvino": compiles one model on a stock OpenVINO and runs it with chosen nodes kept in f32.

Arrays travel in .npy files. Requests, by "op":

read     model                          -> version, inputs [{names, type, shape, bound}], outputs [[names]]; an integer below the bound indexes all
                                           that it is to index, 0 where nothing tells
compile  model, folder, threads,        -> hint (the type that the plugin accepted), constants [offset, bytes] in the blob; the plugin's own graph,
         snippets, shapes {index: dims}    as its compiled model exports it, goes to folder/graph.xml and folder/model.blob
load     folder, places, threads,       -> {}; places are the offsets in graph.xml where a node takes its mark: [offset, 1 if rt_info is to be opened]
         snippets
run      kept [place, ...], hint,       -> outputs [[path, type], ...], nodes [[layers, type, precision, [output precision, ...]], ...] of the execution
         inferences [[path, ...], ...],    graph
         folder
mark     kept, path                     -> {}; writes the exported graph with marks
save     model, path                    -> {}; the model as an IR, its constants as they are
plain    model, hint, threads,          -> outputs, nodes as run has them, seconds of the fastest inference: the file compiled and run as any program
         properties, inferences, folder     does it, with properties beside the hint, its marks its own
"""

import io
import os
import time

PLAIN, OPENED = b'<attribute name="precise" version="0"/>', b'<rt_info><attribute name="precise" version="0"/></rt_info>'
TIMING, RUNS = 0.5, 50  # seconds and runs at most, to time an inference


class Worker:
    def __init__(self, ov, np):
        self.ov, self.np = ov, np
        self.core, self.path, self.loaded = ov.Core(), None, None
        self.text = tuple(int(p) for p in ov.__version__.split(".")[:2]) < (2025, 0)  # callbacks of 2024 take str, and blobs are streams

    def read(self, model):
        self.path, self.model = model, self.core.read_model(model)
        return {
            "version": self.ov.__version__,
            "inputs": [dict(names=names(p, p.get_node()), bound=bound(p), **form(p)) for p in self.model.inputs],
            "outputs": [called(p) for p in self.model.outputs],
        }

    def compile(self, model, folder, shapes, threads, snippets):
        if self.path != model:
            self.read(model)
        if shapes:
            self.model.reshape({int(i): self.ov.PartialShape(dims) for i, dims in shapes.items()})
        self.configure(threads, snippets)
        exported = []

        def encrypt(data):
            xml = data.encode() if self.text else data
            if b"<net" in xml[:4096]:
                exported[:] = [xml]
                data = data + (" " if self.text else b" ") * (xml.count(b"<layer ") * len(OPENED))
            return data

        compiled = self.core.compile_model(self.model, "CPU", self.config("bf16", encrypt, keep))
        blob = compiled.export_model()
        blob = blob if isinstance(blob, bytes) else blob.getvalue()
        if not exported:
            raise RuntimeError("the compiled model exports no graph")
        with open(os.path.join(folder, "graph.xml"), "wb") as f:
            f.write(exported[0].rstrip(b"\0 "))
        with open(os.path.join(folder, "model.blob"), "wb") as f:
            f.write(blob)
        self.path = self.model = None
        return {"hint": compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name(), "constants": constants(blob, exported[0])}

    def configure(self, threads, snippets):
        self.properties = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
        if not snippets:
            self.properties["SNIPPETS_MODE"] = "DISABLE"

    def config(self, hint, encrypt, decrypt):
        return {**self.properties, "INFERENCE_PRECISION_HINT": hint, "CACHE_ENCRYPTION_CALLBACKS": [encrypt, decrypt]}

    def load(self, folder, places, threads, snippets):
        self.configure(threads, snippets)
        with open(os.path.join(folder, "graph.xml"), "rb") as f:
            self.xml = f.read()
        path = os.path.join(folder, "model.blob")
        self.places, self.loaded = places, None
        if self.text:
            with open(path, "rb") as f:
                self.blob = f.read()
        else:
            self.blob = self.ov.Tensor(self.np.memmap(path, self.np.uint8, "c"), shared_memory=True)
        return {}

    def marked(self, kept):
        """The exported graph with marks."""
        parts, last = [], 0
        for at, opened in sorted(self.places[i] for i in kept):
            parts += [self.xml[last:at], OPENED if opened else PLAIN]
            last = at
        return b"".join(parts) + self.xml[last:]

    def mark(self, kept, path):
        with open(path, "wb") as f:
            f.write(self.marked(kept))
        return {}

    def decrypt(self, kept):
        xml = self.marked(kept)

        def f(data):
            head = data[:4096].encode() if self.text else data[:4096]
            if b"<net" not in head:
                return data
            return xml.decode() if self.text else xml.ljust(len(data))

        return f

    def run(self, kept, hint, inferences, folder):
        if self.loaded != (kept, hint):
            self.loaded = None
            blob = io.BytesIO(self.blob) if self.text else self.blob
            self.compiled = self.core.import_model(blob, "CPU", self.config(hint, keep, self.decrypt(kept)))
            self.loaded = (kept, hint)
        outputs, _ = self.infer(inferences, folder)
        return {"outputs": outputs, "nodes": nodes(self.compiled)}

    def save(self, model, path):
        self.ov.save_model(self.core.read_model(model), path, compress_to_fp16=False)
        return {}

    def plain(self, model, hint, threads, properties, inferences, folder):
        if self.loaded != (model, hint):
            self.loaded = None
            own = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": hint}
            self.compiled = self.core.compile_model(self.core.read_model(model), "CPU", {**own, **properties})
            self.loaded, self.seconds = (model, hint), float("inf")
            self.repeat(inferences, folder)
        outputs, seconds = self.infer(inferences, folder)
        self.seconds = min(self.seconds, seconds)
        return {"outputs": outputs, "nodes": nodes(self.compiled), "seconds": self.seconds}

    def repeat(self, inferences, folder):
        """Runs a model that was just compiled for a while, to know its fastest inference."""
        end = time.perf_counter() + TIMING
        for _ in range(RUNS):
            if time.perf_counter() > end:
                break
            self.seconds = min(self.seconds, self.infer(inferences, folder)[1])

    def infer(self, inferences, folder):
        """The inferences one after another, with one state: what they put out, and the seconds of the fastest one."""
        request, outputs, fastest = self.compiled.create_infer_request(), [], float("inf")
        for paths in inferences:
            for i, path in enumerate(paths):
                request.set_input_tensor(i, self.tensor(self.np.load(path), self.compiled.inputs[i].get_element_type()))
            start = time.perf_counter()
            request.infer()
            fastest = min(fastest, time.perf_counter() - start)
            for i in range(len(self.compiled.outputs)):
                path = os.path.join(folder, f"{len(outputs)}.npy")
                kind, array = self.array(request.get_output_tensor(i))
                self.np.save(path, array, allow_pickle=False)
                outputs.append([path, kind])
        return outputs, fastest

    def tensor(self, array, kind):
        name = kind.get_type_name()
        if name == "bf16":  # comes as f32, with nothing behind its upper half
            upper = (self.np.ascontiguousarray(array).view(self.np.uint32) >> 16).astype(self.np.uint16)
            tensor = self.ov.Tensor(kind, self.ov.Shape(array.shape))
            tensor.data.view(self.np.uint16)[...] = upper
            return tensor
        return self.ov.Tensor(self.np.ascontiguousarray(array))

    def array(self, tensor):
        kind = tensor.get_element_type().get_type_name()
        if kind == "bf16":
            return kind, (tensor.data.view(self.np.uint16).astype(self.np.uint32) << 16).view(self.np.float32)
        return kind, tensor.data


def keep(data):
    return data


def names(port, node):
    return sorted(port.get_names()) or [node.get_friendly_name()]


def called(port):
    """All names of an output: first that of the Result where its value has it too, as in ONNX."""
    own, source = port.get_node().get_friendly_name(), port.get_node().input_value(0).get_node()
    known = sorted(port.get_names(), key=lambda name: (name != own, name)) or [source.get_friendly_name()]
    more = [own] + ([source.get_friendly_name()] if len(source.outputs()) == 1 else [])
    return known + [name for name in more if name not in known]


def bound(port):
    """The size of the smallest axis that the port's integers index in a Gather, directly or through a Convert; 0 where there is none."""
    sizes = []
    for target in port.get_target_inputs() if port.get_element_type().is_integral() else []:
        node = target.get_node()
        if node.get_type_name() == "Convert":
            sizes.append(bound(node.output(0)))
        elif node.get_type_name() == "Gather" and target.get_index() == 1:
            sizes.append(axis_size(node))
    return min((size for size in sizes if size > 0), default=0)


def axis_size(gather):
    shape, axis = gather.input_value(0).get_partial_shape(), gather.input_value(2).get_node()
    if axis.get_type_name() != "Constant" or shape.rank.is_dynamic:
        return 0
    at = int(axis.get_data().reshape(-1)[0])
    dim = shape[at + shape.rank.get_length() if at < 0 else at]
    return 0 if dim.is_dynamic else dim.get_length()


def form(port):
    shape = port.get_partial_shape()
    dims = None if shape.rank.is_dynamic else [-1 if d.is_dynamic else d.get_length() for d in shape]
    return {"type": port.get_element_type().get_type_name(), "shape": dims}


def constants(blob, xml):
    """Where the constants of the graph lie: a blob holds, after a head of text, six 64-bit numbers: offset and size of information, constants
    and graph, offsets counted from these numbers."""
    graph = blob.rfind(xml[:4096])
    for at in range(min(len(blob) - 48, 4096)):
        offset, size, start = (int.from_bytes(blob[at + i : at + i + 8], "little") for i in (16, 24, 32))
        if at + start == graph and offset + size == start:
            return [at + offset, size]
    return None


def nodes(compiled):
    rows = []
    for op in compiled.get_runtime_model().get_ops():
        info = op.get_rt_info()
        get = lambda key: (info[key] if isinstance(info[key], str) else info[key].astype(str)) if key in info else ""
        if get("layerType") not in ("Const", "Input", "Output", "Reorder"):
            rows.append([get("originalLayersNames"), get("layerType"), get("runtimePrecision"), get("outputPrecisions").split(",")])
    return rows


serve("openvino", Worker)  # of serve.py, which comes before
