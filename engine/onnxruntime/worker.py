"""The worker of halfway's engine "onnxruntime": runs models on a stock ONNX Runtime.

Arrays travel in .npy files. One request:

run     model, weights, threads,           -> outputs [[path, type], ...]; model is a path, its external data lie in the folder weights; inputs have
        inputs [name, ...], folder,           their names, outputs come in the order of the model, inference by inference
        inferences [[path, ...], ...]
plain   model, threads, inputs, folder,    -> outputs as run has them, seconds of the fastest inference: the file run as any program does it
        inferences
"""

import os
import time

TIMING, RUNS = 0.5, 50  # seconds and runs at most, to time an inference


class Worker:
    def __init__(self, ort, np):
        self.ort, self.np, self.loaded = ort, np, None

    def run(self, model, weights, threads, inputs, inferences, folder):
        options = self.options(threads)
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", weights)
        with open(model, "rb") as f:
            session = self.ort.InferenceSession(f.read(), options, providers=["CPUExecutionProvider"])
        return {"outputs": self.infer(session, inputs, inferences, folder)[0]}

    def plain(self, model, threads, inputs, inferences, folder):
        if self.loaded != model:
            self.session = self.ort.InferenceSession(model, self.options(threads), providers=["CPUExecutionProvider"])
            self.loaded, self.seconds = model, float("inf")
            end = time.perf_counter() + TIMING
            for _ in range(RUNS):
                if time.perf_counter() > end:
                    break
                self.seconds = min(self.seconds, self.infer(self.session, inputs, inferences, folder)[1])
        outputs, seconds = self.infer(self.session, inputs, inferences, folder)
        self.seconds = min(self.seconds, seconds)
        return {"outputs": outputs, "seconds": self.seconds}

    def options(self, threads):
        options = self.ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        return options

    def infer(self, session, inputs, inferences, folder):
        """The inferences one after another: what they put out, and the seconds of the fastest one."""
        outputs, fastest = [], float("inf")
        for paths in inferences:
            feeds = {name: self.np.load(path) for name, path in zip(inputs, paths)}
            start = time.perf_counter()
            arrays = session.run(None, feeds)
            fastest = min(fastest, time.perf_counter() - start)
            for array in arrays:
                path = os.path.join(folder, f"{len(outputs)}.npy")
                self.np.save(path, array, allow_pickle=False)
                outputs.append([path, str(array.dtype)])
        return outputs, fastest


serve("onnxruntime", Worker)  # of serve.py, which comes before
