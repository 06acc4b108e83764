"""MLServer with a custom runtime, in one process: mlserver_server.py MODEL. Prints its address.

Its adaptive batching and its worker processes are off: they take more time than so small a model.
"""

import asyncio
import logging
import socket
import sys

import onnxruntime
from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec
from mlserver.settings import ModelParameters
from mlserver.types import InferenceRequest, InferenceResponse
from mlserver.utils import install_uvloop_event_loop


class Perceptron(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        uri = self.settings.parameters.uri
        self.session = onnxruntime.InferenceSession(uri, options, providers=["CPUExecutionProvider"])
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        x = NumpyCodec.decode_input(payload.inputs[0])
        (y,) = self.session.run(["y"], {"x": x})
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("y", y)])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


async def serve() -> None:
    settings = Settings(
        host="127.0.0.1",
        http_port=free_port(),
        grpc_port=free_port(),
        metrics_port=free_port(),
        parallel_workers=0,
        debug=False,
    )
    model = ModelSettings(
        name="mlp",
        implementation=Perceptron,
        parameters=ModelParameters(uri=sys.argv[1]),
    )
    print(f"http://127.0.0.1:{settings.http_port}", flush=True)
    await MLServer(settings).start([model])


logging.disable(logging.INFO)
install_uvloop_event_loop()
asyncio.run(serve())
