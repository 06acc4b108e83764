"""KServe's client over HTTP. Arguments: host:port of HTTP."""

import asyncio
import sys

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

from checks import run

URL = f"http://{sys.argv[1]}"
X = np.array([[1, 2]], np.float32)


def call(method, *arguments):
    async def within():
        client = InferenceRESTClient(RESTConfig(protocol="v2"))
        return await getattr(client, method)(*arguments)

    return asyncio.run(within())


def infer(binary):
    given = InferInput("x", [1, 2], "FP32")
    given.set_data_from_numpy(X, binary_data=binary)
    answer = call("infer", URL, InferRequest("affine", [given]), "affine")
    np.testing.assert_array_equal(answer.outputs[0].as_numpy(), 2 * X + 1)


def health():
    assert call("is_server_live", URL) is not False
    assert call("is_server_ready", URL) is not False
    assert call("is_model_ready", URL, "affine") is not False


run(
    "kserve HTTP",
    [
        ("health", health),
        ("JSON tensors", lambda: infer(False)),
        ("binary tensors", lambda: infer(True)),
    ],
)
