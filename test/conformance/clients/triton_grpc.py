"""NVIDIA's client over gRPC, blocking, in streams and asyncio: inference. Arguments: the address of gRPC."""

import queue
import sys
import threading

import ml_dtypes
import numpy as np
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from tritonclient.utils import np_to_triton_dtype

from checks import check, refused, run
from models import LARGE, SLOW, X, is_affine

URL = sys.argv[1]
client = triton.InferenceServerClient(URL)


def given(array=X, name="x", datatype=None):
    tensor = triton.InferInput(name, array.shape, datatype or np_to_triton_dtype(array.dtype))
    tensor.set_data_from_numpy(array)
    return [tensor]


def infer(array=X, **how):
    return client.infer("affine", given(array), **how)


def streamed(requests, **how):
    """What a stream answers to `requests`, keyword arguments of a call each, as pairs of an id and a result or an error."""
    answers = queue.Queue()
    with triton.InferenceServerClient(URL) as own:
        own.start_stream(lambda result, error: answers.put((result, error)), **how)
        for request in requests:
            own.async_stream_infer(**{"model_name": "affine", "inputs": given()} | request)
        return [answers.get(timeout=30) for _ in requests]


@check("health and metadata")
def _():
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("affine") and client.is_model_ready("versions", "1")
    assert client.get_server_metadata().name
    [x] = client.get_model_metadata("affine").inputs
    assert (x.name, x.datatype, list(x.shape)) == ("x", "FP32", [-1, -1])


@check("tensors")
def _():
    is_affine(infer().as_numpy("y"))
    is_affine(infer(outputs=[triton.InferRequestedOutput("y")]).as_numpy("y"))


@check("every datatype of numpy")
def _():
    for datatype in "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split():
        array = np.array([0, 1, 1], datatype)
        answer = client.infer(f"identity_{np_to_triton_dtype(array.dtype).lower()}", given(array, "in"))
        np.testing.assert_array_equal(answer.as_numpy("out"), array, strict=True)


@check("strings")
def _():
    text = np.array(["", "grün", "模型"], object)
    got = client.infer("identity_bytes", given(text, "in")).as_numpy("out")
    assert [item.decode() for item in got] == list(text), got


@check("a tensor of 16 MB")
def _():
    is_affine(infer(LARGE).as_numpy("y"), LARGE)


@check("request ids")
def _():
    assert infer(request_id="grün 1").get_response().id == "grün 1"


@check("versions")
def _():
    answer = client.infer("versions", given(), model_version="1")
    assert answer.get_response().model_version == "1"
    is_affine(answer.as_numpy("y"))


@check("parameters of the request, priority among them")
def _():
    is_affine(infer(priority=1, parameters={"text": "a", "number": 2, "flag": True}).as_numpy("y"))


@check("classification, with labels")
def _():
    array = np.array([[1, 3, 2]], np.float32)
    outputs = [triton.InferRequestedOutput("y", class_count=2)]
    got = client.infer("labelled", given(array), outputs=outputs).as_numpy("y")
    assert [item.decode() for item in got[0]] == ["7.000000:1:dog", "5.000000:2:bird"], got


for algorithm in ("gzip", "deflate"):

    @check(f"{algorithm}")
    def _(algorithm=algorithm):
        is_affine(infer(LARGE[:100], compression_algorithm=algorithm).as_numpy("y"), LARGE[:100])


@check("requests at once")
def _():
    answers = queue.Queue()
    for _ in range(50):
        client.async_infer("affine", given(), lambda result, error: answers.put((result, error)))
    for _ in range(50):
        result, error = answers.get(timeout=30)
        assert error is None, error
        is_affine(result.as_numpy("y"))


@check("a deadline of the client is kept")
def _():
    count = given(SLOW, "count")
    refused(lambda: client.infer("counter", count, client_timeout=0.1), "DEADLINE_EXCEEDED")
    is_affine(infer(client_timeout=60).as_numpy("y"))


@check("a deadline of the request is kept")
def _():
    refused(lambda: infer(timeout=1), "DEADLINE_EXCEEDED", "deadline")
    is_affine(infer(timeout=60_000_000).as_numpy("y"))


@check("a call is cancelled")
def _():
    ended = threading.Event()
    errors = []
    count = given(SLOW, "count")
    call = client.async_infer("counter", count, lambda result, error: (errors.append(error), ended.set()))
    call.cancel()
    assert ended.wait(30), "the call did not end"
    assert "CANCELLED" in str(errors[0]), errors
    is_affine(infer().as_numpy("y"))


@check("a stream answers each request with its id")
def _():
    answers = streamed([{"request_id": str(n)} for n in range(20)])
    assert [error for _, error in answers] == [None] * 20
    assert sorted(int(result.get_response().id) for result, _ in answers) == list(range(20))
    for result, _ in answers:
        is_affine(result.as_numpy("y"))


@check("a stream as decoupled models have it")
def _():
    [(result, error)] = streamed([{"request_id": "1", "enable_empty_final_response": True}])
    assert error is None, error
    assert result.get_response().parameters["triton_final_response"].bool_param
    is_affine(result.as_numpy("y"))


@check("a stream tells an error and goes on")
def _():
    answers = streamed([{"model_name": "no_such_model"}, {}])
    errors = [error for _, error in answers if error is not None]
    assert len(errors) == 1 and "no_such_model" in str(errors[0]), errors


@check("a stream is cancelled")
def _():
    with triton.InferenceServerClient(URL) as own:
        own.start_stream(lambda result, error: None)
        own.async_stream_infer("counter", given(SLOW, "count"))
        own.stop_stream(cancel_requests=True)
    is_affine(infer().as_numpy("y"))


@check("a stream in gzip")
def _():
    [(result, error)] = streamed([{}], compression_algorithm="gzip")
    assert error is None, error
    is_affine(result.as_numpy("y"))


@check("BF16 is refused in words")
def _():
    array = X.astype(ml_dtypes.bfloat16)
    refused(lambda: client.infer("affine", given(array, datatype="BF16")), "INVALID_ARGUMENT", "BF16", "FP32")


@check("mistakes are refused in words")
def _():
    refused(lambda: client.infer("no_such_model", given()), "NOT_FOUND", "no_such_model")
    refused(lambda: client.infer("affine", given(), model_version="9"), "NOT_FOUND", "9")
    refused(lambda: infer(X.astype(np.float64)), "INVALID_ARGUMENT", "FP32", "FP64")
    refused(lambda: infer(X[0]), "INVALID_ARGUMENT", "[-1,-1]", "[2]")


@check("asyncio: inference and a stream")
async def _():
    async def requests():
        for n in range(5):
            yield {"model_name": "affine", "inputs": given(), "request_id": str(n)}

    async with triton_aio.InferenceServerClient(URL) as own:
        is_affine((await own.infer("affine", given())).as_numpy("y"))
        answers = [pair async for pair in own.stream_infer(requests())]
        assert sorted(result.get_response().id for result, error in answers if not error) == list("01234"), answers


run()
