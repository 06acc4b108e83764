"""NVIDIA's client over gRPC: everything but inference. Arguments: the address of gRPC."""

import sys
from pathlib import Path

import numpy as np
import tritonclient.grpc as triton

from checks import check, refused, run
from models import X

DIGITS = Path("../../../models/digits/1/model.onnx")
client = triton.InferenceServerClient(sys.argv[1])


def infer(model="affine"):
    x = triton.InferInput("x", [1, 2], "FP32")
    x.set_data_from_numpy(X)
    return client.infer(model, [x])


def states():
    return {(model.name, model.version): model.state for model in client.get_model_repository_index().models}


@check("repository index")
def _():
    assert states()["affine", "1"] == "READY" and states()["versions", "2"] == "READY"


@check("unload and load")
def _():
    client.unload_model("versions")
    assert states()["versions", "1"] == states()["versions", "2"] == "UNAVAILABLE"
    refused(lambda: client.is_model_ready("versions"), "NOT_FOUND", "versions")
    refused(lambda: infer("versions"), "versions")
    client.load_model("versions")
    assert states()["versions", "2"] == "READY"
    np.testing.assert_array_equal(infer("versions").as_numpy("y"), 3 * X + 1)


@check("load with a configuration of one's own")
def _():
    client.load_model("versions", config='{"max_batch_size": 2}')
    assert client.get_model_config("versions").config.max_batch_size == 2
    client.load_model("versions")
    assert client.get_model_config("versions").config.max_batch_size > 2


@check("load a model that is sent")
def _():
    client.load_model("sent", config="{}", files={"file:1/model.onnx": DIGITS.read_bytes()})
    assert client.is_model_ready("sent", "1")
    client.unload_model("sent")


@check("a model that is not there is not loaded")
def _():
    refused(lambda: client.load_model("no_such_model"), "no_such_model")


@check("a model of BF16 is refused in words")
def _():
    refused(lambda: client.load_model("bfloat16"), "bfloat16")


@check("statistics")
def _():
    def counts():
        [model] = client.get_inference_statistics("affine", "1").model_stats
        return model.inference_count, model.inference_stats.success.count

    rows, requests = counts()
    infer()
    assert counts() == (rows + 1, requests + 1), counts()
    assert len(client.get_inference_statistics().model_stats) > 1


@check("model configuration")
def _():
    config = client.get_model_config("affine").config
    assert config.name == "affine" and config.max_batch_size > 0
    assert config.input[0].name == "x" and list(config.input[0].dims) == [-1]


@check("log settings")
def _():
    before = client.get_log_settings().settings
    changed = client.update_log_settings({"log_verbose_level": 1}).settings
    assert changed["log_verbose_level"].uint32_param == 1
    client.update_log_settings({"log_verbose_level": 0, "log_info": before["log_info"].bool_param})
    assert client.get_log_settings().settings["log_verbose_level"].uint32_param == 0


@check("trace settings")
def _():
    changed = client.update_trace_settings("affine", {"trace_level": ["TIMESTAMPS"], "trace_rate": "5"})
    assert list(changed.settings["trace_rate"].value) == ["5"]
    assert list(client.get_trace_settings("affine").settings["trace_level"].value) == ["TIMESTAMPS"]
    assert list(client.get_trace_settings().settings["trace_level"].value) == ["OFF"]
    client.update_trace_settings("affine", {"trace_level": None, "trace_rate": None})
    assert client.get_trace_settings("affine") == client.get_trace_settings()


run()
