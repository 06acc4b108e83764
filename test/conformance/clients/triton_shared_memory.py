"""NVIDIA's clients with tensors in system shared memory. Arguments: host:port of HTTP, host:port of gRPC."""

import sys

import numpy as np
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException
from tritonclient.utils import shared_memory as shm

from checks import run

SIZE = 64
OFFSET = 8
X = np.array([[1, 2]], np.float32)


def check(triton, address):
    """The checks of one client, each with regions of its own."""
    client = triton.InferenceServerClient(address)

    def infer():
        x = triton.InferInput("x", [1, 2], "FP32")
        x.set_shared_memory("input", X.nbytes, OFFSET)
        y = triton.InferRequestedOutput("y")
        y.set_shared_memory("output", SIZE - OFFSET, OFFSET)
        return client.infer("affine", [x], outputs=[y])

    def with_regions(work):
        names = ["input", "output"]
        handles = [shm.create_shared_memory_region(name, f"/nexus-{name}", SIZE) for name in names]
        try:
            for name in names:
                client.register_system_shared_memory(name, f"/nexus-{name}", SIZE)
            work(*handles)
        finally:
            client.unregister_system_shared_memory()
            for handle in handles:
                shm.destroy_shared_memory_region(handle)

    def tensors(source, target):
        shm.set_shared_memory_region(source, [X], OFFSET)
        assert infer().get_output("y") is not None
        got = shm.get_contents_as_numpy(target, np.float32, [1, 2], OFFSET)
        np.testing.assert_array_equal(got.copy(), 2 * X + 1)

    def unregistered(_source, _target):
        client.unregister_system_shared_memory("input")
        try:
            infer()
        except InferenceServerException as error:
            assert "'input'" in error.message(), error
        else:
            raise AssertionError("a region was used that is not registered")

    return [
        ("tensors in shared memory", lambda: with_regions(tensors)),
        ("a region that is unregistered", lambda: with_regions(unregistered)),
    ]


run("tritonclient HTTP", check(tritonclient.http, sys.argv[1]))
run("tritonclient gRPC", check(tritonclient.grpc, sys.argv[2]))
