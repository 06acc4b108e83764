"""A typical service written by hand: fastapi_server.py MODEL single|batches. Prints its address.

FastAPI behind uvicorn, with uvloop and httptools. `single` runs each request alone, on one thread, in as many processes as the
machine has cores. `batches` is one process that runs all waiting requests together, on all cores.
"""

import asyncio
import os
import socket
import sys

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

MODEL, MODE = sys.argv[1:3]
CORES = len(os.sched_getaffinity(0))
MAX_BATCH = 64

listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
if MODE == "single":
    # Each process takes connections from the same listener. A session cannot be shared by fork.
    any(os.fork() == 0 for _ in range(CORES - 1))

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1 if MODE == "single" else CORES
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
session = onnxruntime.InferenceSession(MODEL, options, providers=["CPUExecutionProvider"])
waiting: asyncio.Queue[tuple[np.ndarray, asyncio.Future]] = asyncio.Queue()


class Row(BaseModel):
    x: list[float]


async def infer(row: np.ndarray) -> np.ndarray:
    if MODE == "single":
        return session.run(["y"], {"x": row[None]})[0][0]
    result = asyncio.get_running_loop().create_future()
    waiting.put_nowait((row, result))
    return await result


async def run_batches() -> None:
    while True:
        batch = [await waiting.get()]
        while len(batch) < MAX_BATCH and not waiting.empty():
            batch.append(waiting.get_nowait())
        rows = np.stack([row for row, _ in batch])
        (outputs,) = await asyncio.to_thread(session.run, ["y"], {"x": rows})
        for (_, result), output in zip(batch, outputs):
            if not result.cancelled():
                result.set_result(output)


async def lifespan(_app):
    batches = asyncio.create_task(run_batches())
    yield
    batches.cancel()


app = FastAPI(lifespan=lifespan)


@app.post("/json")
async def json(row: Row):
    return {"y": (await infer(np.array(row.x, np.float32))).tolist()}


@app.post("/binary")
async def binary(request: Request):
    output = await infer(np.frombuffer(await request.body(), np.float32))
    return Response(output.tobytes(), media_type="application/octet-stream")


uvicorn.Server(uvicorn.Config(app, loop="uvloop", http="httptools", log_level="error", access_log=False)).run([listener])
