"""Compares embeddings and labels with those of Python: reference.py FOLDER HOST:PORT, of a gateway that serves the folder
with all-minilm-l6-v2 and text-direction."""

import http.client
import io
import json
import math
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
from checks import check, run
from PIL import Image, ImageDraw, ImageFont
from tokenizers import Tokenizer

MODELS = Path(sys.argv[1])
HOST, PORT = sys.argv[2].split(":")
MINILM = MODELS / "all-minilm-l6-v2"
DIRECTION = MODELS / "text-direction"
TEXTS, PICTURES, CONNECTIONS = 500, 50, 32
TOLERANCE = 1e-4
LENGTH = 256

ODD = [
    "",
    " ",
    "Übergrößenträger naïve façade",
    "東京は日本の首都です。",
    "emoji 👩‍👩‍👧 and 🇩🇪 flags",
    "tab\tand\nnewline",
    "[CLS] is text here [SEP] [MASK]",
    "x" * 500,
    "http://example.com/a?b=c&d=%20",
    "1,234.56 € -- 50% off!!!",
]


class Gateway:
    """A connection to the gateway."""

    def __init__(self):
        self.connection = http.client.HTTPConnection(HOST, int(PORT), timeout=60)

    def predict(self, model, body, content_type="application/json"):
        self.connection.request("POST", f"/v1/models/{model}/predict", body, {"content-type": content_type})
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        assert response.status == 200, f"{response.status}: {answer}"
        return answer

    def embed(self, text):
        answer = self.predict("all-minilm-l6-v2", json.dumps({"inputs": {"text": text}}))
        return np.array(answer["outputs"]["embedding"], np.float32)


def load(path):
    """A session of one thread, because several wait for each other on a machine that is busy."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


@cache
def texts():
    """Odd ones and, of random words, short, medium and long ones; the longest have more tokens than the model reads."""
    chance = random.Random(13)
    vocabulary = json.loads((MINILM / "tokenizer.json").read_text())["model"]["vocab"]
    words = [word for word in vocabulary if len(word) > 2 and word.isalpha()]
    spans = chance.choices([(1, 12), (12, 40), (40, 400)], [70, 26, 4], k=TEXTS - len(ODD))
    return ODD + [" ".join(chance.choices(words, k=chance.randint(*span))) for span in spans]


@cache
def expected():
    """The embeddings that Python computes, each text alone."""
    tokenizer = Tokenizer.from_file(str(MINILM / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LENGTH)
    session = load(MINILM / "onnx/model.onnx")

    def embed(text):
        encoding = tokenizer.encode(text)
        ids, mask, types = ([part] for part in (encoding.ids, encoding.attention_mask, encoding.type_ids))
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        (states,) = session.run(None, {name: np.array(value) for name, value in inputs.items()})
        mean = states[0].mean(axis=0)
        return mean / np.linalg.norm(mean)

    return np.array([embed(text) for text in texts()])


def expect_near(actual):
    difference = np.abs(np.array(actual) - expected()).max(axis=1)
    worst = int(difference.argmax())
    assert difference[worst] <= TOLERANCE, f"text {worst} differs by {difference[worst]:.2g}: {texts()[worst][:80]!r}"


def at_once(call, values):
    """The results of `call` with a connection and each of `values`, on many connections at once."""
    batches = [values[start::CONNECTIONS] for start in range(CONNECTIONS)]

    def work(batch):
        gateway = Gateway()
        return [call(gateway, value) for value in batch]

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        results = list(pool.map(work, batches))
    return [results[index % CONNECTIONS][index // CONNECTIONS] for index in range(len(values))]


@check("embeddings of texts one by one")
def _():
    gateway = Gateway()
    expect_near([gateway.embed(text) for text in texts()])


@check("embeddings of texts in requests at once")
def _():
    expect_near(at_once(Gateway.embed, texts()))


@cache
def pictures():
    """Lines of text, every other one upside down, as encoded pictures with their content types."""
    chance = random.Random(7)
    words = [text for text in texts()[len(ODD) :] if len(text) > 40]
    return [picture(words[index], index % 2 == 1, chance) for index in range(PICTURES)]


def picture(words, upside_down, chance):
    font = ImageFont.load_default(size=chance.choice([14, 20, 32, 60, 120]))
    text = words[: chance.randint(8, 24)].strip()
    margin = chance.randint(1, 5)
    left, top, right, bottom = map(math.ceil, font.getbbox(text))
    size = (right - left + 2 * margin, bottom - top + 2 * margin)
    mode = chance.choice(["L", "RGB", "RGB", "RGBA"])
    image = Image.new("RGB", size, tuple(chance.randint(170, 255) for _ in range(3)))
    ink = tuple(chance.randint(0, 90) for _ in range(3))
    ImageDraw.Draw(image).text((margin - left, margin - top), text, ink, font)
    image = image.convert(mode)
    if upside_down:
        image = image.rotate(180)
    encoded = io.BytesIO()
    if mode == "RGBA" or chance.random() < 0.4:
        image.save(encoded, "PNG")
        return encoded.getvalue(), "image/png"
    image.save(encoded, "JPEG", quality=chance.randint(60, 95), progressive=chance.random() < 0.3)
    return encoded.getvalue(), "image/jpeg"


@cache
def expected_scores():
    """The scores that Python computes: Pillow decodes and resizes."""
    settings = json.loads((DIRECTION / "preprocessor_config.json").read_text())
    session = load(DIRECTION / "model.onnx")
    size = (settings["size"]["width"], settings["size"]["height"])

    def scores(content):
        image = Image.open(io.BytesIO(content)).convert("RGB").resize(size, settings["resample"])
        values = np.asarray(image, np.float32)[:, :, ::-1] * np.float32(settings["rescale_factor"])
        values = (values - np.float32(settings["image_mean"])) / np.float32(settings["image_std"])
        (logits,) = session.run(None, {"pixel_values": values.transpose(2, 0, 1)[None]})
        powers = np.exp(logits[0] - logits[0].max())
        return powers / powers.sum()

    return np.array([scores(content) for content, _ in pictures()])


def classify(gateway, encoded):
    """The best label of a picture, and its scores."""
    answer = gateway.predict("text-direction", *encoded)
    return answer["classes"]["scores"][0]["label"], answer["outputs"]["scores"]


def expect_labels(answers):
    labels = json.loads((DIRECTION / "config.json").read_text())["id2label"]
    for index, ((label, scores), wanted) in enumerate(zip(answers, expected_scores(), strict=True)):
        best = labels[str(wanted.argmax())]
        assert label == best, f"picture {index}: expected {best}, got {label}; scores {wanted} and {scores}"
        difference = np.abs(np.array(scores) - wanted).max()
        assert difference <= TOLERANCE, f"picture {index}: scores differ by {difference:.2g}"
    assert len({label for label, _ in answers}) == 2


@check("labels of pictures one by one")
def _():
    gateway = Gateway()
    expect_labels([classify(gateway, encoded) for encoded in pictures()])


@check("labels of pictures in requests at once")
def _():
    expect_labels(at_once(classify, pictures()))


run()
