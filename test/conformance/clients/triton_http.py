"""NVIDIA's client over HTTP, sync and asyncio. Arguments: host:port of HTTP."""

import asyncio
import sys

import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.http.auth import BasicAuth

from checks import run

URL = sys.argv[1]
X = np.array([[1, 2]], np.float32)
client = triton.InferenceServerClient(URL)


def inputs(binary=True):
    x = triton.InferInput("x", [1, 2], "FP32")
    x.set_data_from_numpy(X, binary_data=binary)
    return [x]


def expect(answer):
    np.testing.assert_array_equal(answer.as_numpy("y"), 2 * X + 1)


def metadata():
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("affine")
    assert client.get_server_metadata()["name"]
    assert client.get_model_metadata("affine")["inputs"][0]["name"] == "x"


def strings():
    text = np.array(["", "grün", "模型"], object)
    given = triton.InferInput("in", [3], "BYTES")
    given.set_data_from_numpy(text)
    answer = client.infer("identity_bytes", [given]).as_numpy("out")
    assert [item.decode() for item in answer] == list(text)


def basic_auth():
    with triton.InferenceServerClient(URL) as own:
        own.register_plugin(BasicAuth("user", "password"))
        expect(own.infer("affine", inputs()))


def asyncio_infer():
    async def call():
        async with triton_aio.InferenceServerClient(URL) as own:
            expect(await own.infer("affine", inputs()))
            expect(await own.infer("affine", inputs(binary=False)))

    asyncio.run(call())


def compressed(algorithm):
    expect(
        client.infer(
            "affine",
            inputs(),
            request_compression_algorithm=algorithm,
            response_compression_algorithm=algorithm,
        )
    )


def statistics():
    assert client.get_inference_statistics("affine")["model_stats"][0]["name"] == "affine"


def repository():
    assert "affine" in [model["name"] for model in client.get_model_repository_index()]


run(
    "tritonclient HTTP",
    [
        ("health and metadata", metadata),
        ("binary tensors", lambda: expect(client.infer("affine", inputs()))),
        ("JSON tensors", lambda: expect(client.infer("affine", inputs(binary=False)))),
        ("strings", strings),
        ("asyncio", asyncio_infer),
        ("gzip", lambda: compressed("gzip")),
        ("deflate", lambda: compressed("deflate")),
        ("basic-auth plugin", basic_auth),
        ("repository index", repository),
        ("statistics", statistics),
        ("model configuration", lambda: client.get_model_config("affine")["name"]),
    ],
)
