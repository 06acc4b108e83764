"""The small server that people write in Python: task_server.py FOLDER, with the models all-minilm-l6-v2 and text-direction.

Runs each request alone, on a thread of the server's pool. Prints its address.
"""

import io
import json
import socket
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import uvicorn
from fastapi import Body, FastAPI
from PIL import Image
from tokenizers import Tokenizer

MODELS = Path(sys.argv[1])
MAX_TOKENS = 512

app = FastAPI()
embedder = onnxruntime.InferenceSession(MODELS / "all-minilm-l6-v2/onnx/model.onnx")
tokenizer = Tokenizer.from_file(str(MODELS / "all-minilm-l6-v2/tokenizer.json"))
tokenizer.no_padding()
tokenizer.enable_truncation(MAX_TOKENS)
classifier = onnxruntime.InferenceSession(MODELS / "text-direction/model.onnx")
settings = json.loads((MODELS / "text-direction/preprocessor_config.json").read_text())
labels = json.loads((MODELS / "text-direction/config.json").read_text())["id2label"]


@app.post("/embed")
def embed(text: str = Body(embed=True)):
    encoding = tokenizer.encode(text)
    ids = np.array([encoding.ids])
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    mean = embedder.run(None, inputs)[0][0].mean(axis=0)
    return {"embedding": (mean / np.linalg.norm(mean)).tolist()}


@app.post("/classify")
def classify(picture: bytes = Body(media_type="image/jpeg")):
    size = (settings["size"]["width"], settings["size"]["height"])
    image = Image.open(io.BytesIO(picture)).convert("RGB").resize(size, settings["resample"])
    values = np.asarray(image, np.float32)[:, :, ::-1] * np.float32(settings["rescale_factor"])
    values = (values - np.float32(settings["image_mean"])) / np.float32(settings["image_std"])
    (logits,) = classifier.run(None, {"pixel_values": values.transpose(2, 0, 1)[None]})
    return {"label": labels[str(logits[0].argmax())]}


listener = socket.create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run([listener])
