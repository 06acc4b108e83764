"""NVIDIA's clients with tensors in system shared memory. Arguments: the addresses of HTTP and of gRPC."""

import sys
from contextlib import contextmanager

import numpy as np
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import shared_memory as shm

from checks import check, refused, run
from models import X, is_affine

SIZE = 64
OFFSET = 8
NAMES = ["input", "output"]


@contextmanager
def regions(client):
    """Memory for an input and an output, registered for as long as the block runs."""
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
    x = triton.InferInput("x", [1, 2], "FP32")
    x.set_shared_memory("input", X.nbytes, OFFSET)
    y = triton.InferRequestedOutput("y")
    y.set_shared_memory("output", SIZE - OFFSET, OFFSET)
    return client.infer("affine", [x], outputs=[y])


for protocol, triton, address in (("HTTP", tritonclient.http, sys.argv[1]), ("gRPC", tritonclient.grpc, sys.argv[2])):
    client = triton.InferenceServerClient(address)

    @check(f"{protocol}: tensors in shared memory")
    def _(triton=triton, client=client):
        with regions(client) as (source, target):
            shm.set_shared_memory_region(source, [X], OFFSET)
            assert infer(triton, client).get_output("y") is not None
            is_affine(shm.get_contents_as_numpy(target, np.float32, [1, 2], OFFSET).copy())

    @check(f"{protocol}: a region that is unregistered is used no more")
    def _(triton=triton, client=client):
        with regions(client):
            client.unregister_system_shared_memory("input")
            refused(lambda: infer(triton, client), "'input'")

    @check(f"{protocol}: memory that is not there is refused in words")
    def _(client=client):
        refused(lambda: client.register_system_shared_memory("a", "/nexus-none", 64), "/nexus-none")

    @check(f"{protocol}: memory of CUDA: there is none, and registering is refused in words")
    def _(client=client):
        assert not getattr(client.get_cuda_shared_memory_status(), "regions", None)
        refused(lambda: client.register_cuda_shared_memory("a", b"aGFuZGxl", 0, 64), "shared memory")
        client.unregister_cuda_shared_memory()


run()
