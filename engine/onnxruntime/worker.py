"""The worker of halfway's engine "onnxruntime": runs models on a stock ONNX Runtime.

Arrays travel in .npy files. One request:

run     model, weights, threads,           -> outputs [[path, type], ...]; model is a path, its external data lie in the folder weights; inputs have
        inputs [name, ...], folder,           their names, outputs come in the order of the model, inference by inference
        inferences [[path, ...], ...]
"""

import os


class Worker:
    def __init__(self, ort, np):
        self.ort, self.np = ort, np

    def run(self, model, weights, threads, inputs, inferences, folder):
        options = self.ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", weights)
        with open(model, "rb") as f:
            session = self.ort.InferenceSession(f.read(), options, providers=["CPUExecutionProvider"])
        outputs = []
        for paths in inferences:
            for array in session.run(None, {name: self.np.load(path) for name, path in zip(inputs, paths)}):
                path = os.path.join(folder, f"{len(outputs)}.npy")
                self.np.save(path, array, allow_pickle=False)
                outputs.append([path, str(array.dtype)])
        return {"outputs": outputs}


serve("onnxruntime", Worker)  # of serve.py, which comes before
