"""Rebuilds all sample models (`python models/build.py`) or some of them (`python models/build.py digits`).

Each model has a train.py with a function `train()` that returns the ONNX graph, the inputs of held-out
examples by name, and the expected values of its first output: the true labels, for a trained model. This
script writes the graph to <model>/1/model.onnx, runs that file on the examples and prints its accuracy.

A model in the form of a model hub has a make.py with a function `make(folder, write)` in its place. It writes all
files of the folder, with `write` for the graph, and returns what to print about the model.
"""

import runpy
import sys
from pathlib import Path

import onnx
import onnxruntime
from onnx import helper

MODELS = Path(__file__).parent
OPSETS = {"": 23, "ai.onnx.ml": 5, "com.microsoft": 1}
IR_VERSION = 11


def write(path, graph, doc):
    """Checks `graph` and writes it to `path`, with the operator sets that it uses."""
    domains = sorted({node.domain for node in graph.node} | {""})
    opsets = [helper.make_opsetid(domain, OPSETS[domain]) for domain in domains]
    model = helper.make_model(
        graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="nexus", doc_string=doc
    )
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(exist_ok=True)
    onnx.save(model, path)


def accuracy(path, inputs, expected):
    """The share of elements of the first output of the model at `path` that equal `expected`."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    actual, *_ = session.run(None, inputs)
    return (actual == expected).mean()


def build(name):
    """Writes and evaluates the model `name`."""
    if (MODELS / name / "make.py").exists():
        script = runpy.run_path(str(MODELS / name / "make.py"))
        outcome = script["make"](MODELS / name, write)
        print(f"{name}: {outcome}, {(MODELS / name / 'model.onnx').stat().st_size:,} bytes")
        return
    script = runpy.run_path(str(MODELS / name / "train.py"))
    graph, inputs, labels = script["train"]()
    path = MODELS / name / "1" / "model.onnx"
    write(path, graph, script["__doc__"].strip())
    share = accuracy(path, inputs, labels)
    print(f"{name}: accuracy {share:.1%} on {len(labels)} held-out examples, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    for model in sys.argv[1:] or sorted(script.parent.name for script in MODELS.glob("*/*.py")):
        build(model)
