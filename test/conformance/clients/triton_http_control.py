"""NVIDIA's client over HTTP: everything but inference. Arguments: the address of HTTP."""

import sys
from pathlib import Path

import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio

from checks import check, refused, run
from models import X

URL = sys.argv[1]
DIGITS = Path("../../../models/digits/1/model.onnx")
client = triton.InferenceServerClient(URL)


def infer(model="affine"):
    x = triton.InferInput("x", [1, 2], "FP32")
    x.set_data_from_numpy(X)
    return client.infer(model, [x])


def states():
    return {(model["name"], model.get("version")): model.get("state") for model in client.get_model_repository_index()}


@check("repository index")
def _():
    assert states()["affine", "1"] == "READY" and states()["versions", "2"] == "READY"


@check("unload and load")
def _():
    client.unload_model("versions")
    assert states()["versions", "1"] == states()["versions", "2"] == "UNAVAILABLE"
    assert not client.is_model_ready("versions")
    refused(lambda: infer("versions"), "[4")
    client.load_model("versions")
    assert states()["versions", "2"] == "READY"
    np.testing.assert_array_equal(infer("versions").as_numpy("y"), 3 * X + 1)


@check("load with a configuration of one's own")
def _():
    client.load_model("versions", config='{"max_batch_size": 2}')
    assert client.get_model_config("versions")["max_batch_size"] == 2
    client.load_model("versions")
    assert client.get_model_config("versions")["max_batch_size"] > 2


@check("load a model that is sent")
def _():
    client.load_model("sent", config="{}", files={"file:1/model.onnx": DIGITS.read_bytes()})
    assert client.is_model_ready("sent", "1")
    client.unload_model("sent")


@check("a model that is not there is not loaded")
def _():
    refused(lambda: client.load_model("no_such_model"), "[4", "no_such_model")


@check("a model of BF16 is refused in words")
def _():
    refused(lambda: client.load_model("bfloat16"), "[4", "bfloat16")


@check("statistics")
def _():
    def counts():
        [model] = client.get_inference_statistics("affine", "1")["model_stats"]
        return model["inference_count"], model["inference_stats"]["success"]["count"]

    rows, requests = counts()
    infer()
    assert counts() == (rows + 1, requests + 1), counts()
    assert len(client.get_inference_statistics()["model_stats"]) > 1


@check("model configuration")
def _():
    config = client.get_model_config("affine")
    assert config["name"] == "affine" and config["max_batch_size"] > 0
    assert config["input"][0]["data_type"] == "TYPE_FP32"


@check("log settings")
def _():
    before = client.get_log_settings()
    assert client.update_log_settings({"log_verbose_level": 1})["log_verbose_level"] == 1
    client.update_log_settings({"log_verbose_level": 0, "log_info": before["log_info"]})
    assert client.get_log_settings()["log_verbose_level"] == 0
    refused(lambda: client.update_log_settings({"log_info": "loud"}), "[400]", "log_info")


@check("trace settings")
def _():
    settings = {"trace_level": ["TIMESTAMPS"], "trace_rate": "5"}
    assert client.update_trace_settings("affine", settings)["trace_rate"] == "5"
    assert client.get_trace_settings("affine")["trace_level"] == ["TIMESTAMPS"]
    assert client.get_trace_settings()["trace_level"] == ["OFF"]
    client.update_trace_settings("affine", {"trace_level": None, "trace_rate": None})
    assert client.get_trace_settings("affine") == client.get_trace_settings()


@check("asyncio: everything but inference")
async def _():
    async with triton_aio.InferenceServerClient(URL) as own:
        assert "affine" in [model["name"] for model in await own.get_model_repository_index()]
        await own.unload_model("versions")
        await own.load_model("versions")
        assert await own.is_model_ready("versions")
        assert (await own.get_model_config("affine"))["name"] == "affine"
        assert (await own.get_inference_statistics("affine"))["model_stats"]
        assert (await own.get_log_settings())["log_format"] == "default"
        assert (await own.get_trace_settings())["trace_level"] == ["OFF"]
        assert await own.get_system_shared_memory_status() == []


run()
