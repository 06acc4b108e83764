"""NVIDIA's client over HTTP and gRPC with an API key. Arguments: the addresses of HTTP and of gRPC, and the key."""

import base64
import sys

import tritonclient.grpc as triton_grpc
import tritonclient.grpc.auth
import tritonclient.http as triton_http
import tritonclient.http.auth

from checks import check, refused, run
from models import X, is_affine

HTTP, GRPC, KEY = sys.argv[1:]
BEARER = {"authorization": f"Bearer {KEY}"}
# Copied for each call, because the client over HTTP adds headers of its own to what it is given.
WAYS = {
    "Bearer": BEARER,
    "x-api-key": {"x-api-key": KEY},
    "Basic": {"authorization": f"Basic {base64.b64encode(f'triton:{KEY}'.encode()).decode()}"},
}
TRITON = {"HTTP": (triton_http, HTTP, "[401]"), "gRPC": (triton_grpc, GRPC, "UNAUTHENTICATED")}


def given(triton):
    tensor = triton.InferInput("x", X.shape, "FP32")
    tensor.set_data_from_numpy(X)
    return [tensor]


for protocol, (triton, address, unauthenticated) in TRITON.items():

    @check(f"tritonclient {protocol}: health without a key, and nothing else")
    def _(triton=triton, address=address, unauthenticated=unauthenticated):
        with triton.InferenceServerClient(address) as client:
            assert client.is_server_live() and client.is_server_ready()
            refused(lambda: client.infer("affine", given(triton)), unauthenticated)
            refused(lambda: client.get_server_metadata(), unauthenticated)

    for way, headers in WAYS.items():

        @check(f"tritonclient {protocol}: headers with {way}")
        def _(triton=triton, address=address, headers=headers):
            with triton.InferenceServerClient(address) as client:
                is_affine(client.infer("affine", given(triton), headers=dict(headers)).as_numpy("y"))
                assert client.is_model_ready("affine", headers=dict(headers))
                client.get_model_metadata("affine", headers=dict(headers))

    @check(f"tritonclient {protocol}: BasicAuth plugin, whose password is the key")
    def _(triton=triton, address=address, unauthenticated=unauthenticated):
        with triton.InferenceServerClient(address) as client:
            client.register_plugin(triton.auth.BasicAuth("triton", KEY))
            is_affine(client.infer("affine", given(triton)).as_numpy("y"))
            assert client.is_model_ready("affine")
            client.unregister_plugin()
            client.register_plugin(triton.auth.BasicAuth("triton", f"{KEY}x"))
            refused(lambda: client.infer("affine", given(triton)), unauthenticated)


@check("tritonclient gRPC: a stream with a key")
def _():
    answers = []
    with triton_grpc.InferenceServerClient(GRPC) as client:
        client.start_stream(lambda result, error: answers.append((result, error)), headers=dict(BEARER))
        client.async_stream_infer("affine", given(triton_grpc))
        client.stop_stream()
    [(result, error)] = answers
    assert error is None, error
    is_affine(result.as_numpy("y"))


run()
