#!/usr/bin/env python3
"""Whole bisections: `halfway bisect`, the same with --memory 0, and what a skilled user scripts on a release OpenVINO
(peers/ov_precise_bisect.py of the reference data), in turns in the same run on the same inputs; the fastest of each counts.

The tolerance of all is the peer's: half of the error of full bf16. Its seconds do not include the start of Python and the import of openvino,
halfway's are the whole process. halfway's answer is more: kind, groups, a smallest set to keep in f32, settings, and their proof. Its memory is the
peak of the process.

    pip install openvino numpy
    HALFWAY_SHARED=DIR python engine/bench/search.py [--threads 2] [--rounds 2] [CASE ...]
"""
import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("HALFWAY_SHARED", ROOT.parent / "shared")).resolve()
CASES = ["mnist", "squeezenet", "ultraface", "blazeface", "mlsd", "gaze-estimation-ir-fp16", "open-closed-eye-ir-fp32", "llama-outlier-f32"]


def peer(model, sample, threads):
    text = subprocess.run([sys.executable, SHARED / "peers" / "ov_precise_bisect.py", model, "--input", sample, "--threads", str(threads), "--json"],
                          capture_output=True, text=True).stdout
    if not text:
        raise RuntimeError(f"{model}: the peer says nothing")
    return json.loads(text)


def halfway(program, folder, model, sample, tolerance, threads, *flags):
    """The result of a bisection, seconds and MiB of its process."""
    result = os.path.join(folder, "result.json")
    start = time.perf_counter()
    child = subprocess.Popen([program, "bisect", model, "--input", sample, "--accept", f"max-abs<={tolerance!r}", "--threads", str(threads),
                              "--json", result, "--quiet", *flags], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1, 3, 4):
        raise RuntimeError(f"{model}: halfway ends with {child.returncode}")
    return json.loads(pathlib.Path(result).read_text()), seconds, usage.ru_maxrss / 1024


def measure(program, folder, name, args):
    case = json.loads((SHARED / "corpus" / name / "case.json").read_text())
    data = np.load(SHARED / "corpus" / name / "input.npz")
    model, sample = str(SHARED / case["model"]), os.path.join(folder, name + ".npz")
    np.savez(sample, **{i["name"]: data[i["key"]] for i in case["inputs"]})
    best, bare, other = math.inf, math.inf, math.inf
    for _ in range(args.rounds):
        p = peer(model, sample, args.threads)
        result, seconds, mib = halfway(program, folder, model, sample, p["tol"], args.threads)
        _, without, _ = halfway(program, folder, model, sample, p["tol"], args.threads, "--memory", "0")
        best, bare, other = min(best, seconds), min(bare, without), min(other, p["seconds"])
    passes = result["forward_passes"]["total"]
    print(f"| {name} | {result['outcome']} | {result['probes']} | {passes:.1f} | {best:.3f} | {mib:.0f} | {bare / best:.1f} "
          f"| {p['outcome'].split(':')[0]} | {other:.2f} | {other / best:.1f} |", flush=True)
    return bare / best, other / best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=CASES)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    print("| model | outcome | probes | forward passes | seconds | MiB | without memo / with | peer's outcome | peer's seconds | peer / halfway |")
    print("|---" * 10 + "|")
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "halfway")
        subprocess.run(["go", "build", "-o", program, "."], cwd=ROOT, check=True)
        ratios = np.array([measure(program, folder, name, args) for name in args.cases])
    bare, other = np.exp(np.log(ratios).mean(axis=0))
    print(f"| geometric mean | | | | | | {bare:.1f} | | | {other:.1f} |")


if __name__ == "__main__":
    main()
