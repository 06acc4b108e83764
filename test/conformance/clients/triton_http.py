"""NVIDIA's client over HTTP, blocking and asyncio: inference. Arguments: the address of HTTP."""

import contextlib
import io
import sys

import ml_dtypes
import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.http.auth import BasicAuth
from tritonclient.utils import np_to_triton_dtype

from checks import check, refused, run
from models import LARGE, SLOW, X, is_affine

URL = sys.argv[1]
client = triton.InferenceServerClient(URL, concurrency=4)


def given(array=X, name="x", binary=True, datatype=None):
    tensor = triton.InferInput(name, array.shape, datatype or np_to_triton_dtype(array.dtype))
    tensor.set_data_from_numpy(array, binary_data=binary)
    return [tensor]


def wanted(name="y", **how):
    return [triton.InferRequestedOutput(name, **how)]


def infer(array=X, **how):
    return client.infer("affine", given(array), **how)


@check("health")
def _():
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("affine") and client.is_model_ready("versions", "1")
    assert not client.is_model_ready("no_such_model")


@check("metadata")
def _():
    server = client.get_server_metadata()
    assert server["name"] and server["version"] and "binary_tensor_data" in server["extensions"]
    metadata = client.get_model_metadata("affine")
    assert metadata["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, -1]}]


for sent in (True, False):
    for answered in (True, False):

        @check(f"{'binary' if sent else 'JSON'} in, {'binary' if answered else 'JSON'} out")
        def _(sent=sent, answered=answered):
            outputs = wanted(binary_data=answered)
            is_affine(client.infer("affine", given(binary=sent), outputs=outputs).as_numpy("y"))


@check("every datatype of numpy, binary and JSON")
def _():
    for datatype in ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]:
        array = np.array([0, 1, 1], datatype)
        model = f"identity_{np_to_triton_dtype(array.dtype).lower()}"
        for binary in (True, False):
            answer = client.infer(model, given(array, "in", binary), outputs=wanted("out", binary_data=binary))
            np.testing.assert_array_equal(answer.as_numpy("out"), array, strict=True)
    for datatype in ["float16", "float32", "float64"]:
        array = np.array([-0.0, 0.1, np.inf, np.nan], datatype)
        answer = client.infer(f"identity_fp{array.itemsize * 8}", given(array, "in"))
        np.testing.assert_array_equal(answer.as_numpy("out"), array, strict=True)


@check("strings, binary and JSON")
def _():
    text = np.array(["", "grün", "模型"], object)
    for binary in (True, False):
        answer = client.infer("identity_bytes", given(text, "in", binary), outputs=wanted("out", binary_data=binary))
        got = answer.as_numpy("out")
        assert [item.decode() if binary else item for item in got] == list(text), got


@check("a tensor of 16 MB")
def _():
    is_affine(infer(LARGE).as_numpy("y"), LARGE)


@check("a batch of no rows")
def _():
    empty = np.zeros((0, 2), np.float32)
    assert infer(empty).as_numpy("y").shape == (0, 2)


@check("request ids")
def _():
    assert infer(request_id="grün 1").get_response()["id"] == "grün 1"
    assert "id" not in infer().get_response()


@check("versions")
def _():
    answer = client.infer("versions", given(), model_version="1")
    assert answer.get_response()["model_version"] == "1"
    is_affine(answer.as_numpy("y"))
    np.testing.assert_array_equal(client.infer("versions", given()).as_numpy("y"), 3 * X + 1)


@check("parameters of the request, priority among them")
def _():
    is_affine(infer(priority=1, parameters={"text": "a", "number": 2, "flag": True}).as_numpy("y"))


@check("classification, with labels")
def _():
    array = np.array([[1, 3, 2]], np.float32)
    for binary in (True, False):
        outputs = wanted(binary_data=binary, class_count=2)
        got = client.infer("labelled", given(array), outputs=outputs).as_numpy("y")
        assert [item.decode() if binary else item for item in got[0]] == ["7.000000:1:dog", "5.000000:2:bird"], got


@check("classes of no output are refused")
def _():
    refused(lambda: infer(outputs=wanted("z", class_count=2)), "[400]", "z")


for algorithm in ("gzip", "deflate"):

    @check(f"{algorithm} both ways")
    def _(algorithm=algorithm):
        array = np.ones((100, 100), np.float32)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), triton.InferenceServerClient(URL, verbose=True) as own:
            how = {"request_compression_algorithm": algorithm, "response_compression_algorithm": algorithm}
            is_affine(own.infer("affine", given(array), **how).as_numpy("y"), array)
        assert f"'content-encoding': '{algorithm}'" in printed.getvalue(), "the answer was not compressed"


@check("basic-auth plugin")
def _():
    with triton.InferenceServerClient(URL) as own:
        own.register_plugin(BasicAuth("user", "password"))
        is_affine(own.infer("affine", given()).as_numpy("y"))


@check("headers and query parameters of one's own")
def _():
    is_affine(infer(headers={"x-request-id": "1"}, query_params={"a": "b"}).as_numpy("y"))


@check("requests at once")
def _():
    calls = [client.async_infer("affine", given(np.full((1, 2), n, np.float32))) for n in range(50)]
    for n, call in enumerate(calls):
        is_affine(call.get_result(timeout=30).as_numpy("y"), np.full((1, 2), n, np.float32))


@check("a deadline of the request is kept")
def _():
    refused(lambda: infer(timeout=1), "[504]", "deadline")
    is_affine(infer(timeout=60_000_000).as_numpy("y"))


@check("a timeout of the client leaves the server well")
def _():
    with triton.InferenceServerClient(URL, network_timeout=0.1) as impatient:
        count = given(SLOW, "count")
        refused(lambda: impatient.infer("counter", count), "timed out")
    is_affine(infer().as_numpy("y"))


@check("BF16 is refused in words")
def _():
    array = X.astype(ml_dtypes.bfloat16)
    refused(lambda: client.infer("affine", given(array, datatype="BF16")), "[400]", "BF16", "FP32")


@check("mistakes are refused in words")
def _():
    refused(lambda: client.infer("no_such_model", given()), "[404]", "no_such_model")
    refused(lambda: client.infer("affine", given(), model_version="9"), "[404]", "9")
    refused(lambda: infer(X.astype(np.float64)), "[400]", "FP32", "FP64")
    refused(lambda: infer(X[0]), "[400]", "[-1,-1]", "[2]")
    refused(lambda: client.infer("affine", given(name="z")), "[400]", "z")


@check("asyncio: inference, JSON and binary")
async def _():
    async with triton_aio.InferenceServerClient(URL) as own:
        assert await own.is_server_ready() and await own.is_model_ready("affine")
        is_affine((await own.infer("affine", given())).as_numpy("y"))
        is_affine((await own.infer("affine", given(binary=False))).as_numpy("y"))
        is_affine((await own.infer("affine", given(LARGE))).as_numpy("y"), LARGE)


run()
