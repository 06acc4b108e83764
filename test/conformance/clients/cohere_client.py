"""Cohere's clients of both versions: embeddings and rankings. Arguments: the address of HTTP, and a key."""

import base64
import struct
import sys

import cohere

from checks import check, refused, run

URL, KEY = sys.argv[1:]
settings = {"base_url": f"http://{URL}", "api_key": KEY}
v1 = cohere.Client(**settings)
v2 = cohere.ClientV2(**settings)
TEXTS = ["the cat sleeps", "a good dog"]
DOCUMENTS = ["the weather today", "cat", "a dog and a cat"]


@check("version 2 embeds")
def _():
    answer = v2.embed(
        model="sentences", texts=TEXTS, input_type="search_document", embedding_types=["float", "base64"]
    )
    floats = answer.embeddings.float_
    assert [len(vector) for vector in floats] == [32, 32], floats
    for vector, text in zip(floats, answer.embeddings.base64):
        held = struct.unpack("<32f", base64.b64decode(text))
        assert all(abs(one - other) < 1e-6 for one, other in zip(vector, held)), held


@check("version 1 embeds more texts than the client sends at once")
def _():
    answer = v1.embed(model="sentences", texts=TEXTS * 60, input_type="search_query")
    assert len(answer.embeddings) == 120 and answer.embeddings[0] == answer.embeddings[118], answer
    assert answer.meta.billed_units.input_tokens > 0, answer.meta


@check("version 2 ranks")
def _():
    answer = v2.rerank(model="ranker", query="cat and dog", documents=DOCUMENTS, top_n=2)
    assert [result.index for result in answer.results] == [2, 1], answer
    assert answer.results[0].relevance_score > answer.results[1].relevance_score, answer


@check("version 1 ranks, and returns the documents")
def _():
    documents = [{"text": DOCUMENTS[0]}, *DOCUMENTS[1:]]
    answer = v1.rerank(model="ranker", query="cat and dog", documents=documents, return_documents=True)
    assert [result.document.text for result in answer.results] == [DOCUMENTS[index] for index in (2, 1, 0)], answer


@check("errors are those of the client, with their message")
def _():
    call = lambda **more: v2.rerank(**{"model": "ranker", "query": "x", "documents": ["y"], **more})
    assert isinstance(refused(lambda: call(model="none"), "'none' not found"), cohere.NotFoundError)
    assert isinstance(refused(lambda: call(documents=[]), "documents"), cohere.BadRequestError)
    stranger = cohere.ClientV2(base_url=settings["base_url"], api_key="another-key-of-20-characters")
    unknown = lambda: stranger.rerank(model="ranker", query="x", documents=["y"])
    assert isinstance(refused(unknown, "credentials"), cohere.UnauthorizedError)


run()
