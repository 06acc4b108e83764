"""OpenAI's client: embeddings. Argument: the address of HTTP."""

import math
import sys

import openai

from checks import check, refused, run

[URL] = sys.argv[1:]
client = openai.OpenAI(base_url=f"http://{URL}/v1", api_key="any", max_retries=0)
TEXTS = ["the cat sleeps", "a good dog"]


def embed(**more):
    return client.embeddings.create(**{"model": "sentences", "input": TEXTS, **more})


def near(one, other):
    assert len(one) == len(other) and all(math.isclose(a, b, abs_tol=1e-6) for a, b in zip(one, other)), (one, other)


@check("embeds, with base64 that the client asks for by itself")
def _():
    by_default = embed()
    floats = embed(encoding_format="float")
    assert [item.index for item in by_default.data] == [0, 1], by_default
    for one, other in zip(by_default.data, floats.data):
        assert len(one.embedding) == 32, one
        near(one.embedding, other.embedding)
    assert by_default.usage.prompt_tokens == by_default.usage.total_tokens > 0, by_default.usage
    assert by_default.model == "sentences", by_default.model


@check("embeds one text as it does several")
def _():
    near(embed(input=TEXTS[1]).data[0].embedding, embed().data[1].embedding)


@check("cuts embeddings, and scales them again")
def _():
    vector = embed(dimensions=4).data[0].embedding
    assert len(vector) == 4 and math.isclose(math.hypot(*vector), 1, abs_tol=1e-6), vector


@check("finds a version")
def _():
    assert embed(model="sentences:1").model == "sentences:1"


@check("a size that is not allowed is a bad request")
def _():
    error = refused(lambda: embed(dimensions=5), "dimensions")
    assert isinstance(error, openai.BadRequestError) and error.param == "dimensions", error


@check("token ids are a bad request")
def _():
    assert isinstance(refused(lambda: embed(input=[[1, 2]]), "check_embedding_ctx_length"), openai.BadRequestError)


@check("an unknown model is not found, and another task a bad request")
def _():
    error = refused(lambda: embed(model="none"), "'none' not found")
    assert isinstance(error, openai.NotFoundError) and error.code == "model_not_found", error
    assert isinstance(refused(lambda: embed(model="ranker"), "reranking"), openai.BadRequestError)


run()
