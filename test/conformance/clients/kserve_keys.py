"""KServe's clients with an API key. Arguments: the addresses of HTTP and of gRPC, and the key."""

import sys

from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

from checks import check, run
from models import X, is_affine

HTTP, GRPC, KEY = sys.argv[1:]
BEARER = {"authorization": f"Bearer {KEY}"}


def request():
    tensor = InferInput("x", list(X.shape), "FP32")
    tensor.set_data_from_numpy(X)
    return InferRequest("affine", [tensor])


@check("KServe REST, V2 and V1: headers")
async def _():
    url = f"http://{HTTP}"
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        for headers in (BEARER, {"x-api-key": KEY}):
            answer = await client.infer(url, request(), "affine", headers=headers)
            is_affine(answer.outputs[0].as_numpy())
    async with InferenceRESTClient(RESTConfig(protocol="v1")) as client:
        answer = await client.infer(url, {"instances": X.tolist()}, "affine", headers=BEARER)
        assert answer["predictions"] == (2 * X + 1).tolist(), answer


@check("KServe gRPC: headers")
async def _():
    async with InferenceGRPCClient(GRPC) as client:
        answer = await client.infer(request(), headers=list(BEARER.items()))
        is_affine(answer.outputs[0].as_numpy())


run()
