"""Writes the ONNX backend tests of the installed wheel as models to serve: export.py FOLDER [NAME...].

Each test becomes two models in Triton's layout: `<name>`, as it is, and `<name>-dynamic`, in which the first dimension of
every input and output is a symbol, as if any number of rows were taken. A line of standard output describes each, as JSON: its name and its sets of
inputs, with data in the protocol's binary form as base64; or, as `unfit`, what the protocol cannot carry.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

DATA = Path(onnx.__file__).parent / "backend/test/data"
KINDS = ["node", "simple", "pytorch-converted", "pytorch-operator"]

DATATYPES = {
    TensorProto.BOOL: "BOOL",
    TensorProto.UINT8: "UINT8",
    TensorProto.UINT16: "UINT16",
    TensorProto.UINT32: "UINT32",
    TensorProto.UINT64: "UINT64",
    TensorProto.INT8: "INT8",
    TensorProto.INT16: "INT16",
    TensorProto.INT32: "INT32",
    TensorProto.INT64: "INT64",
    TensorProto.FLOAT16: "FP16",
    TensorProto.FLOAT: "FP32",
    TensorProto.DOUBLE: "FP64",
    TensorProto.STRING: "BYTES",
}


class Unfit(Exception):
    """The protocol cannot carry an input or output; the message says which and why."""


def expect_fit(value):
    """Raises Unfit unless the protocol can carry `value`, an input or output."""
    kind = value.type.WhichOneof("value")
    if kind != "tensor_type":
        raise Unfit(f"'{value.name}' has the type {kind.removesuffix('_type')}")
    element = value.type.tensor_type.elem_type
    if element not in DATATYPES:
        raise Unfit(f"'{value.name}' has the element type {TensorProto.DataType.Name(element)}")


def sets_of(test, graph):
    """The sets of inputs of a test."""
    for value in [*graph.input, *graph.output]:
        expect_fit(value)
    return [tensors_of(folder, graph.input) for folder in sorted(test.glob("test_data_set_*"))]


def tensors_of(folder, inputs):
    tensors = []
    for index in range(len(list(folder.glob("input_*.pb")))):
        proto = TensorProto()
        proto.ParseFromString((folder / f"input_{index}.pb").read_bytes())
        tensors.append(
            {
                "name": inputs[index].name,
                "datatype": DATATYPES[proto.data_type],
                "shape": list(proto.dims),
                "data": base64.b64encode(bytes_of(numpy_helper.to_array(proto))).decode(),
            }
        )
    return tensors


def bytes_of(array):
    if array.dtype.kind not in "OUS":
        return np.ascontiguousarray(array).tobytes()
    texts = [text if isinstance(text, bytes) else str(text).encode() for text in array.flatten()]
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def make_dynamic(model):
    """Gives each input and output with dimensions a symbol for its first: `batch`, or another for inputs of another size."""
    constants = {constant.name for constant in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    sizes = [value.type.tensor_type.shape.dim[0].dim_value for value in inputs if has_dims(value)]
    for value in inputs:
        if has_dims(value):
            size = value.type.tensor_type.shape.dim[0].dim_value
            rename_first(value, "batch" if size == sizes[0] else f"rows_{size}")
    for value in model.graph.output:
        if has_dims(value):
            rename_first(value, "batch")
    # What was inferred from the fixed dimension holds no longer.
    del model.graph.value_info[:]


def has_dims(value):
    return len(value.type.tensor_type.shape.dim) > 0


def rename_first(value, symbol):
    value.type.tensor_type.shape.dim[0].dim_param = symbol


def export(test, folder):
    model = onnx.load(test / "model.onnx")
    try:
        about = {"sets": sets_of(test, model.graph)}
    except Unfit as reason:
        about = {"unfit": str(reason)}
    for name, change in [(test.name, lambda _: None), (f"{test.name}-dynamic", make_dynamic)]:
        change(model)
        path = folder / name / "1/model.onnx"
        path.parent.mkdir(parents=True)
        onnx.save(model, path)
        print(json.dumps({"name": name, **about}))


folder, *names = sys.argv[1:]
for test in sorted(test for kind in KINDS for test in (DATA / kind).glob("test_*")):
    if (test / "model.onnx").exists() and (not names or test.name in names):
        export(test, Path(folder))
