"""MLServer's types and stub with an API key. Arguments: the addresses of HTTP and of gRPC, and the key."""

import sys
import urllib.error
import urllib.request

import grpc
from mlserver.codecs import NumpyCodec
from mlserver.grpc.converters import ModelInferRequestConverter, ModelInferResponseConverter
from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub
from mlserver.types import InferenceRequest, InferenceResponse

from checks import check, refused, run
from models import X, is_affine

HTTP, GRPC, KEY = sys.argv[1:]
REQUEST = InferenceRequest(inputs=[NumpyCodec.encode_input("x", X)])
stub = GRPCInferenceServiceStub(grpc.insecure_channel(GRPC))


def post(**headers):
    url = f"http://{HTTP}/v2/models/affine/infer"
    message = urllib.request.Request(url, REQUEST.model_dump_json().encode(), headers)
    with urllib.request.urlopen(message, timeout=30) as answer:
        return InferenceResponse.model_validate_json(answer.read())


def call(*metadata):
    request = ModelInferRequestConverter.from_types(REQUEST, model_name="affine")
    return ModelInferResponseConverter.to_types(stub.ModelInfer(request, metadata=metadata))


@check("REST")
def _():
    refused(post, "401")
    is_affine(NumpyCodec.decode_output(post(authorization=f"Bearer {KEY}").outputs[0]))


@check("gRPC")
def _():
    refused(call, "UNAUTHENTICATED")
    is_affine(NumpyCodec.decode_output(call(("authorization", f"Bearer {KEY}")).outputs[0]))


run()
