"""NVIDIA's client over gRPC, with streams. Arguments: host:port of gRPC."""

import queue
import sys

import numpy as np
import tritonclient.grpc as triton

from checks import run

X = np.array([[1, 2]], np.float32)
client = triton.InferenceServerClient(sys.argv[1])


def inputs():
    x = triton.InferInput("x", [1, 2], "FP32")
    x.set_data_from_numpy(X)
    return [x]


def expect(answer):
    np.testing.assert_array_equal(answer.as_numpy("y"), 2 * X + 1)


def metadata():
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("affine")
    assert client.get_model_metadata("affine").inputs[0].name == "x"


def stream():
    answers = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for _ in range(10):
        client.async_stream_infer("affine", inputs())
    client.stop_stream()
    for _ in range(10):
        result, error = answers.get(timeout=10)
        assert error is None, error
        expect(result)


def repository():
    assert "affine" in [model.name for model in client.get_model_repository_index().models]


def statistics():
    assert client.get_inference_statistics("affine").model_stats[0].name == "affine"


run(
    "tritonclient gRPC",
    [
        ("health and metadata", metadata),
        ("tensors", lambda: expect(client.infer("affine", inputs()))),
        ("stream", stream),
        ("gzip", lambda: expect(client.infer("affine", inputs(), compression_algorithm="gzip"))),
        ("deflate", lambda: expect(client.infer("affine", inputs(), compression_algorithm="deflate"))),
        ("repository index", repository),
        ("statistics", statistics),
        ("model configuration", lambda: client.get_model_config("affine")),
    ],
)
