"""What the workers of all engines share: one JSON object a line comes in on standard input, one goes out on what standard output was at the start;
anything that a library prints goes to standard error. A request has an "id", which its answer repeats. One that fails is answered by
{"error": text}; the worker goes on."""

import importlib
import json
import os
import sys


def serve(package, make):
    """Answers requests, by "op", with the methods of make(package, numpy), until standard input ends."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)

    def answer(value):
        out.write(json.dumps(value) + "\n")
        out.flush()

    try:
        modules = [importlib.import_module(name) for name in (package, "numpy")]
    except ImportError as e:
        answer({"missing": e.name or str(e), "error": str(e)})
        return
    worker = make(*modules)
    answer({"version": modules[0].__version__})
    for line in sys.stdin:
        request = json.loads(line)
        op, id = request.pop("op"), request.pop("id")
        try:
            answer({"id": id, **getattr(worker, op)(**request)})
        except Exception as e:  # whatever the runtime throws is the answer
            answer({"id": id, "error": f"{type(e).__name__}: {e}"})
