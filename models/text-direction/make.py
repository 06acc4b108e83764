"""Finds out whether a line of text in a picture is upright or upside down."""

import io
import json

import numpy as np
import onnx
import onnxruntime
from onnx import helper
from packages import read
from PIL import Image, ImageDraw, ImageFont

MODEL = "rapidocr-onnxruntime==1.4.4"
FILE = "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx"
HEIGHT, WIDTH = 48, 192
MARGIN = 4
LABELS = ["upright", "upside-down"]

CONFIG = {
    "architectures": ["MobileNetV3ForImageClassification"],
    "model_type": "mobilenet_v3",
    "num_channels": 3,
    "id2label": {str(index): label for index, label in enumerate(LABELS)},
    "label2id": {label: index for index, label in enumerate(LABELS)},
}
PREPROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "do_resize": True,
    "size": {"height": HEIGHT, "width": WIDTH},
    "resample": 2,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}
LINES = ["Nexus AI Gateway", "Total: 42.50 EUR", "Please sign here", "Flight LH 1234", "Chapter One", "Open 9 to 17"]


def logits_of(content):
    """The graph with names and shapes as hubs have them, and with logits in place of probabilities."""
    model = onnx.load(io.BytesIO(content))
    graph = model.graph
    by_output = {node.output[0]: node for node in graph.node}
    last = by_output[graph.output[0].name]
    while last.op_type != "Softmax":
        graph.node.remove(last)
        last = by_output[last.input[0]]
    graph.node.remove(last)
    before = {graph.input[0].name: "pixel_values", last.input[0]: "logits"}
    for node in graph.node:
        node.input[:] = [before.get(name, name) for name in node.input]
        node.output[:] = [before.get(name, name) for name in node.output]
    del graph.input[:], graph.output[:], graph.value_info[:]
    graph.input.append(helper.make_tensor_value_info("pixel_values", 1, ["batch", 3, HEIGHT, WIDTH]))
    graph.output.append(helper.make_tensor_value_info("logits", 1, ["batch", len(LABELS)]))
    model.doc_string = __doc__.strip()
    onnx.checker.check_model(model, full_check=True)
    return model


def render(text):
    """A picture of `text`, black on white, cut close as the text detectors do that come before such a model."""
    font = ImageFont.load_default(size=28)
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("L", (right - left + 2 * MARGIN, bottom - top + 2 * MARGIN), "white")
    ImageDraw.Draw(picture).text((MARGIN - left, MARGIN - top), text, "black", font)
    return picture


def tensor(picture):
    """The input of the model for `picture`, float32 [3, HEIGHT, WIDTH]."""
    resized = picture.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    values = np.asarray(resized, np.float32)[:, :, ::-1] / 255
    return ((values - 0.5) / 0.5).transpose(2, 0, 1)


def make(folder, write):
    """Writes the model and its files to `folder`. Returns what to print about it."""
    (content,) = read(MODEL, FILE)
    onnx.save(logits_of(content), folder / "model.onnx")
    for name, value in {"config.json": CONFIG, "preprocessor_config.json": PREPROCESSOR}.items():
        (folder / name).write_text(json.dumps(value, indent=2) + "\n")
    upright = [render(line) for line in LINES]
    turned = [picture.rotate(180) for picture in upright]
    upright[0].save(folder / "upright.png", optimize=True)
    turned[0].save(folder / "upside-down.png", optimize=True)
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {"pixel_values": np.stack([tensor(each) for each in upright + turned])})
    right = logits.argmax(axis=1) == np.repeat([0, 1], len(LINES))
    return f"accuracy {right.mean():.1%} on {len(right)} rendered lines"
