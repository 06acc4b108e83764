"""What MLServer has for clients: types, codecs and `mlserver infer`. Arguments: the addresses of HTTP and of gRPC."""

import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import grpc
import numpy as np
from mlserver.codecs import NumpyCodec, NumpyRequestCodec, StringCodec
from mlserver.grpc import dataplane_pb2 as messages
from mlserver.grpc.converters import ModelInferRequestConverter, ModelInferResponseConverter
from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub
from mlserver.types import InferenceRequest, InferenceResponse, MetadataModelResponse, MetadataServerResponse

from checks import check, run
from models import X, is_affine

HTTP, GRPC = sys.argv[1:]
REQUEST = InferenceRequest(inputs=[NumpyCodec.encode_input("x", X)])
TEXT = ["", "grün", "模型"]
stub = GRPCInferenceServiceStub(grpc.insecure_channel(GRPC))


def http(path, body=None):
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"http://{HTTP}{path}", body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def post(model, request):
    """Sends a request as MLServer writes it: absent fields are null, and parameters tell the codec."""
    return InferenceResponse.model_validate_json(http(f"/v2/models/{model}/infer", request.model_dump_json().encode()))


@check("metadata has its types")
def _():
    assert MetadataServerResponse.model_validate_json(http("/v2")).extensions
    metadata = MetadataModelResponse.model_validate_json(http("/v2/models/affine"))
    assert [(x.name, x.datatype, x.shape) for x in metadata.inputs] == [("x", "FP32", [-1, -1])]


@check("REST: the codec of numpy for a tensor")
def _():
    is_affine(NumpyCodec.decode_output(post("affine", REQUEST).outputs[0]))


@check("REST: the codec of numpy for a request")
def _():
    request = NumpyRequestCodec.encode_request(X)
    request.inputs[0].name = "x"
    is_affine(NumpyCodec.decode_output(post("affine", request).outputs[0]))


@check("REST: the codec of strings")
def _():
    request = InferenceRequest(inputs=[StringCodec.encode_input("in", TEXT, use_bytes=False)])
    request.inputs[0].shape = [len(TEXT)]
    assert StringCodec.decode_output(post("identity_bytes", request).outputs[0]) == TEXT


for raw in (True, False):

    @check(f"gRPC: {'raw' if raw else 'typed'} tensors")
    def _(raw=raw):
        request = InferenceRequest(id="1", inputs=[NumpyCodec.encode_input("x", X)])
        message = ModelInferRequestConverter.from_types(request, "affine", use_raw=raw)
        answer = ModelInferResponseConverter.to_types(stub.ModelInfer(message, timeout=30))
        assert answer.id == "1"
        is_affine(NumpyCodec.decode_output(answer.outputs[0]))


@check("gRPC: health")
def _():
    assert stub.ServerLive(messages.ServerLiveRequest()).live
    assert stub.ModelReady(messages.ModelReadyRequest(name="affine")).ready


@check("gRPC: repository index")
def _():
    models = stub.RepositoryIndex(messages.RepositoryIndexRequest()).models
    assert ("affine", "READY") in [(model.name, model.state) for model in models]


for how in ([], ["--binary-data"]):

    @check(f"mlserver infer, {'binary' if how else 'JSON'}")
    def _(how=how):
        with tempfile.TemporaryDirectory() as folder:
            given, got = Path(folder, "in.jsonl"), Path(folder, "out.jsonl")
            given.write_text(f"{REQUEST.model_dump_json(exclude_none=True)}\n" * 20)
            files = ["-i", given, "-o", got]
            command = [Path(sys.prefix, "bin/mlserver"), "infer", "-u", HTTP, "-m", "affine", *files, *how]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stderr.splitlines()[-1]
            lines = got.read_text().splitlines()
        assert len(lines) == 20, lines
        for line in lines:
            assert "error" not in json.loads(line), line
            is_affine(np.array(json.loads(line)["outputs"][0]["data"]).reshape(1, 2))


run()
