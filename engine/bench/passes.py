#!/usr/bin/env python3
"""Passes of the built-in engine beside those of OpenVINO and ONNX Runtime.

The same models, inputs and threads, in turns in the same run, so that what else the machine does hits all of them; the fastest pass of
each counts, or with --cpu the processor time of all threads that a tenth of the passes stay below: a fair measure of one thread on a busy machine. Cases are those of the reference data (corpus/*/case.json); ONNX Runtime runs those that are ONNX files.
"halfway" has nothing remembered but packed weights (--memory 0): every node behind an input is computed, and the outputs are digested as in a search.

    pip install openvino onnxruntime numpy
    HALFWAY_SHARED=DIR python engine/bench/passes.py [--threads 1,2] [--rounds 5] [--seconds 0.1] [CASE ...]
"""
import argparse
import json
import math
import os
import pathlib
import re
import subprocess
import tempfile
import time

import numpy as np
import onnxruntime as ort
import openvino as ov

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("HALFWAY_SHARED", ROOT.parent / "shared")).resolve()
PRECISIONS = ("f32", "bf16", "f16")


def fastest(run, seconds, cpu):
    """Milliseconds of the fastest of the runs that fit into the given time, at least one; of processor times what a tenth stay below."""
    clock = time.process_time if cpu else time.perf_counter
    times, end = [], time.perf_counter() + seconds
    while True:
        start = clock()
        run()
        times.append(clock() - start)
        if time.perf_counter() >= end:
            return sorted(times)[len(times) // 10 if cpu else 0] * 1e3


def openvino_run(core, path, inputs, threads, precision):
    model = core.read_model(path)
    model.reshape({i: x.shape for i, x in enumerate(inputs)})
    compiled = core.compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1})
    request = compiled.create_infer_request()
    for i, x in enumerate(inputs):
        request.set_input_tensor(i, ov.Tensor(x))
    return request.infer


def onnxruntime_run(path, names, inputs, threads):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = dict(zip(names, inputs))
    return lambda: session.run(None, feed)


def halfway(binary, case, threads, seconds, metric):
    """Milliseconds of the fastest pass by precision, as the metric of the benchmark says."""
    text = subprocess.run(
        [binary, "-test.run=^$", f"-test.bench=^BenchmarkPass$/^{re.escape(case)}$/^(f32|bf16|f16)$/^threads={threads}$", f"-test.benchtime={seconds}s"],
        cwd=ROOT / "engine" / "builtin", env={**os.environ, "HALFWAY_SHARED": str(SHARED)}, check=True, capture_output=True, text=True).stdout
    found = re.findall(rf"/(f32|bf16|f16)/threads=\d+\S*\s.*?([\d.e+-]+) {metric}", text)
    if len(found) != len(PRECISIONS):
        raise RuntimeError(f"{case}: no result in\n{text}")
    return {f"halfway {p}": float(ms) for p, ms in found}


def measure(binary, core, name, case, threads, args):
    data = np.load(SHARED / "corpus" / name / "input.npz")
    inputs = [np.ascontiguousarray(data[i["key"]]) for i in case["inputs"]]
    path = str(SHARED / case["model"])
    runs = {}
    if name not in args.without_openvino:
        for precision in args.openvino.split(","):
            runs[f"openvino {precision}"] = openvino_run(core, path, inputs, threads, precision)
    if path.endswith(".onnx"):
        runs["onnxruntime f32"] = onnxruntime_run(path, [i["name"] for i in case["inputs"]], inputs, threads)
    for run in runs.values():  # the first pass of each prepares
        run()
    best = {}
    for _ in range(args.rounds):
        turn = {k: fastest(run, args.seconds, args.cpu) for k, run in runs.items()}
        turn.update(halfway(binary, name, threads, args.seconds, "cpu-ms" if args.cpu else "fastest-ms"))
        for k, ms in turn.items():
            best[k] = min(best.get(k, math.inf), ms)
    return best


COLUMNS = {
    "f32 / onnxruntime": ("halfway f32", "onnxruntime f32"),
    "f32 / openvino": ("halfway f32", "openvino f32"),
    "bf16 / f32": ("halfway bf16", "halfway f32"),
    "f16 / f32": ("halfway f16", "halfway f32"),
    "bf16 / openvino": ("halfway bf16", "openvino bf16"),
}


def table(threads, rows):
    print(f"\n{threads} thread{'s' * (threads > 1)}, f32 in ms, then ratios\n")
    print("| model | halfway | onnxruntime | openvino | " + " | ".join(COLUMNS) + " |")
    print("|---" * (4 + len(COLUMNS)) + "|")
    ratios = {c: [] for c in COLUMNS}
    for name, best in rows:
        cells = [f"{best[k]:.3g}" if k in best else "" for k in ("halfway f32", "onnxruntime f32", "openvino f32")]
        for column, (a, b) in COLUMNS.items():
            if a in best and b in best:
                ratios[column].append(best[a] / best[b])
                cells.append(f"{ratios[column][-1]:.2f}")
            else:
                cells.append("")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    means = [f"{math.exp(np.mean(np.log(r))):.2f}" if r else "" for r in ratios.values()]
    print("| geometric mean | | | | " + " | ".join(means) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", help="names of cases, all without")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.1, help="of each engine and precision a round")
    parser.add_argument("--cpu", action="store_true", help="processor time in place of elapsed time")
    parser.add_argument("--without-openvino", nargs="*", default=["silero"], help="cases that OpenVINO does not convert")
    parser.add_argument("--openvino", default="f32,bf16", help="precisions of OpenVINO; its bf16 dies of some models where the processor has AMX")
    args = parser.parse_args()
    cases = {}
    for file in sorted((SHARED / "corpus").glob("*/case.json")):
        case = json.loads(file.read_text())
        if case["model"] and (not args.cases or file.parent.name in args.cases):
            cases[file.parent.name] = case
    core = ov.Core()
    with tempfile.TemporaryDirectory() as folder:
        binary = os.path.join(folder, "builtin.test")
        subprocess.run(["go", "test", "-c", "-o", binary, "./engine/builtin"], cwd=ROOT, check=True)
        for threads in map(int, args.threads.split(",")):
            table(threads, ((name, measure(binary, core, name, case, threads, args)) for name, case in cases.items()))


if __name__ == "__main__":
    main()
