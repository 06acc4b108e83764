"""NVIDIA's clients with tensors in system shared memory. Arguments: host:port of HTTP, host:port of gRPC."""

import sys
from contextlib import contextmanager

import numpy as np
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import shared_memory as shm

from checks import check, refused, run

SIZE = 64
OFFSET = 8
NAMES = ["input", "output"]
X = np.array([[1, 2]], np.float32)
CLIENTS = [("HTTP", tritonclient.http, sys.argv[1]), ("gRPC", tritonclient.grpc, sys.argv[2])]


@contextmanager
def regions(client):
    """Two registered regions, gone afterwards."""
    handles = [shm.create_shared_memory_region(name, f"/nexus-{name}", SIZE) for name in NAMES]
    try:
        for name in NAMES:
            client.register_system_shared_memory(name, f"/nexus-{name}", SIZE)
        yield handles
    finally:
        client.unregister_system_shared_memory()
        for handle in handles:
            shm.destroy_shared_memory_region(handle)


def infer(triton, client):
    """Runs a model from one region into the other."""
    x = triton.InferInput("x", [1, 2], "FP32")
    x.set_shared_memory("input", X.nbytes, OFFSET)
    y = triton.InferRequestedOutput("y")
    y.set_shared_memory("output", SIZE - OFFSET, OFFSET)
    return client.infer("affine", [x], outputs=[y])


for protocol, triton, address in CLIENTS:
    client = triton.InferenceServerClient(address)

    @check(f"{protocol}: tensors in shared memory")
    def _(triton=triton, client=client):
        with regions(client) as (source, target):
            shm.set_shared_memory_region(source, [X], OFFSET)
            assert infer(triton, client).get_output("y") is not None
            got = shm.get_contents_as_numpy(target, np.float32, [1, 2], OFFSET)
            np.testing.assert_array_equal(got.copy(), 2 * X + 1)

    @check(f"{protocol}: a region that is unregistered")
    def _(triton=triton, client=client):
        with regions(client):
            client.unregister_system_shared_memory("input")
            refused(lambda: infer(triton, client), "'input'")


run()
