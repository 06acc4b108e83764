"""
Runs llama.cpp with a model of one layer and random weights, which it writes to the file that is its argument. Prints its URL
as a line of JSON, and ends when standard input does.
"""

import json
import sys

import numpy
import xllamacpp
from gguf import GGUFWriter, TokenType

[FILE] = sys.argv[1:]
WIDTH, INNER, HEADS = 32, 64, 2
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
TOKENS = ["<unk>", "<s>", "</s>", *BYTES, *"abcdefghijklmnopqrstuvwxyz", "\u2581"]
TYPES = [TokenType.UNKNOWN, *[TokenType.CONTROL] * 2, *[TokenType.BYTE] * 256, *[TokenType.NORMAL] * 27]
TEMPLATE = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"


def write_model():
    random = numpy.random.default_rng(1)
    weights = lambda *shape: random.normal(0, 0.5, shape).astype(numpy.float32)
    writer = GGUFWriter(FILE, "llama")
    writer.add_context_length(512)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(TOKENS))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(TOKENS)
    writer.add_token_scores([0.0] * len(TOKENS))
    writer.add_token_types(TYPES)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(TEMPLATE)
    writer.add_tensor("token_embd.weight", weights(len(TOKENS), WIDTH))
    writer.add_tensor("output.weight", weights(len(TOKENS), WIDTH))
    writer.add_tensor("output_norm.weight", numpy.ones(WIDTH, numpy.float32))
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        writer.add_tensor(f"blk.0.{name}.weight", weights(WIDTH, WIDTH))
    for name, shape in {"gate": (INNER, WIDTH), "up": (INNER, WIDTH), "down": (WIDTH, INNER)}.items():
        writer.add_tensor(f"blk.0.ffn_{name}.weight", weights(*shape))
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.0.{name}.weight", numpy.ones(WIDTH, numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


write_model()
params = xllamacpp.CommonParams()
params.model.path = FILE
params.model_alias = {"tiny"}
params.port = 0
params.n_ctx = 2048
params.n_parallel = 4
params.cpuparams.n_threads = 1
params.warmup = False
server = xllamacpp.Server(params)
print(json.dumps({"url": f"{server.listening_address}/v1"}), flush=True)
sys.stdin.read()
