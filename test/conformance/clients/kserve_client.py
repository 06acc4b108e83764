"""KServe's clients. Arguments: the addresses of HTTP and of gRPC."""

import sys

import httpx
import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

from checks import check, refused, run
from models import X, is_affine

HTTP = f"http://{sys.argv[1]}"
GRPC = sys.argv[2]


def rest():
    return InferenceRESTClient(RESTConfig(protocol="v2"))


def rest_v1():
    return InferenceRESTClient(RESTConfig(protocol="v1"))


def request(model="affine", array=X, binary=True, name="x", outputs=None, request_id=None, datatype="FP32"):
    tensor = InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array, binary_data=binary)
    return InferRequest(model, [tensor], request_id=request_id, request_outputs=outputs)


def texts(answer):
    return [item.decode() if isinstance(item, bytes) else item for item in answer.outputs[0].as_numpy()]


@check("REST: health")
async def _():
    async with rest() as client:
        assert await client.is_server_live(HTTP) and await client.is_server_ready(HTTP)
        assert await client.is_model_ready(HTTP, "affine")
        assert not await client.is_model_ready(HTTP, "no_such_model")


for sent in (True, False):

    @check(f"REST: {'binary' if sent else 'JSON'} tensors")
    async def _(sent=sent):
        outputs = [RequestedOutput("y", parameters={"binary_data": sent})]
        async with rest() as client:
            answer = await client.infer(HTTP, request(binary=sent, outputs=outputs, request_id="1"), "affine")
        assert answer.id == "1" and answer.model_name == "affine"
        is_affine(answer.outputs[0].as_numpy())


@check("REST: strings")
async def _():
    text = np.array(["", "grün", "模型"], object)
    async with rest() as client:
        for binary in (True, False):
            given = request("identity_bytes", text, binary, "in", datatype="BYTES")
            answer = await client.infer(HTTP, given, "identity_bytes")
            assert texts(answer) == list(text), texts(answer)


@check("REST: half precision")
async def _():
    array = np.array([0.5, -0.0, 65504], np.float16)
    async with rest() as client:
        outputs = [RequestedOutput("out", parameters={"binary_data": True})]
        given = request("identity_fp16", array, name="in", datatype="FP16", outputs=outputs)
        answer = await client.infer(HTTP, given, "identity_fp16")
        np.testing.assert_array_equal(answer.outputs[0].as_numpy(), array, strict=True)


@check("REST: a mistake is refused in words")
async def _():
    async with rest() as client:
        try:
            await client.infer(HTTP, request("no_such_model"), "no_such_model")
        except httpx.HTTPStatusError as error:
            refused(error.response.raise_for_status, "404")
            assert "model 'no_such_model' not found" in str(error), error
        else:
            raise AssertionError("expected a refusal")


@check("V1: health")
async def _():
    async with rest_v1() as client:
        assert await client.is_server_live(HTTP)
        assert await client.is_model_ready(HTTP, "affine")
        try:
            await client.is_model_ready(HTTP, "no_such_model")
        except httpx.HTTPStatusError as error:
            assert error.response.status_code == 404, error
        else:
            raise AssertionError("expected a refusal")


@check("V1: instances and inputs")
async def _():
    async with rest_v1() as client:
        answer = await client.infer(HTTP, {"instances": X.tolist()}, "affine")
        is_affine(np.array(answer["predictions"], np.float32))
        answer = await client.infer(HTTP, {"instances": [{"x": row} for row in X.tolist()]}, "affine")
        is_affine(np.array(answer["predictions"], np.float32))
        answer = await client.infer(HTTP, {"inputs": {"x": X.tolist()}}, "affine")
        is_affine(np.array(answer["outputs"], np.float32))


@check("V1: what is missing is NaN")
async def _():
    async with rest_v1() as client:
        answer = await client.infer(HTTP, {"instances": [[float("nan"), 1.0]]}, "affine")
        assert answer["predictions"] == [["NaN", 3]], answer


@check("V1: a mistake is refused in words")
async def _():
    async with rest_v1() as client:
        try:
            await client.infer(HTTP, {"instances": [["x"]]}, "affine")
        except httpx.HTTPStatusError as error:
            assert error.response.status_code == 400, error
            assert "instances[0][0]" in error.response.json()["error"], error
            assert "instances[0][0]" in str(error), error
        else:
            raise AssertionError("expected a refusal")


@check("V1: several outputs are objects by name")
async def _():
    async with rest_v1() as client:
        rows = [{"a": [3, 1], "b": [1, 1]}, {"a": [0, 2], "b": [1, 0]}]
        answer = await client.infer(HTTP, {"instances": rows}, "sum_difference/versions/1")
        expected = [{"sum": [4, 2], "difference": [2, 0]}, {"sum": [1, 2], "difference": [-1, 2]}]
        assert answer == {"predictions": expected}, answer


@check("V1: an explanation is refused in words")
async def _():
    async with rest_v1() as client:
        try:
            await client.explain(HTTP, "affine", {"instances": X.tolist()})
        except httpx.HTTPStatusError as error:
            assert error.response.status_code == 404 and ":explain" in str(error), error
        else:
            raise AssertionError("expected a refusal")


@check("REST: what is missing is NaN")
async def _():
    outputs = [RequestedOutput("y", parameters={"binary_data": True})]
    async with rest() as client:
        given = request(array=np.array([[np.nan, 1]], np.float32), binary=False, outputs=outputs)
        answer = await client.infer(HTTP, given, "affine")
        np.testing.assert_array_equal(answer.outputs[0].as_numpy(), [[np.nan, 3]])


@check("gRPC: health")
async def _():
    async with InferenceGRPCClient(GRPC) as client:
        assert await client.is_server_live() and await client.is_server_ready()
        assert await client.is_model_ready("affine")


for sent in (True, False):

    @check(f"gRPC: {'raw' if sent else 'typed'} tensors")
    async def _(sent=sent):
        async with InferenceGRPCClient(GRPC) as client:
            answer = await client.infer(request(binary=sent, request_id="1"))
        assert answer.id == "1" and answer.model_name == "affine"
        is_affine(answer.outputs[0].as_numpy())


@check("gRPC: strings")
async def _():
    text = np.array(["", "grün", "模型"], object)
    async with InferenceGRPCClient(GRPC) as client:
        for binary in (True, False):
            answer = await client.infer(request("identity_bytes", text, binary, "in", datatype="BYTES"))
            assert texts(answer) == list(text), texts(answer)


@check("gRPC: a deadline is kept")
async def _():
    async with InferenceGRPCClient(GRPC) as client:
        try:
            await client.infer(request(), timeout=0.000_001)
        except Exception as error:
            assert "DEADLINE_EXCEEDED" in str(error) or "Deadline" in str(error), error
        else:
            raise AssertionError("expected a refusal")


run()
