"""OpenAI's client: a model of random weights that llama.cpp runs. Arguments: the address of HTTP, and a key."""

import json
import sys

import openai

from checks import check, refused, run

URL, KEY = sys.argv[1:]
client = openai.OpenAI(base_url=f"http://{URL}/v1", api_key=KEY, max_retries=0)
MESSAGES = [{"role": "user", "content": "hello"}]
# The same text for each request.
FIXED = {"model": "llama", "max_tokens": 16, "temperature": 0, "seed": 1}


def chat(**more):
    return client.chat.completions.create(**{**FIXED, "messages": MESSAGES, **more})


def text(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@check("chat: an answer with its usage")
def _():
    answer = chat()
    assert answer.usage.completion_tokens == 16 and answer.choices[0].finish_reason == "length", answer
    assert answer.choices[0].message.content, answer


@check("chat: a stream is the same text")
def _():
    chunks = list(chat(stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].usage.completion_tokens == 16, chunks[-1]
    assert text(chunks) == chat().choices[0].message.content, text(chunks)


@check("chat: members that only llama.cpp knows, and JSON of a schema")
def _():
    assert chat(extra_body={"grammar": 'root ::= "yes"'}).choices[0].message.content == "yes"
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    answer = json.loads(chat(response_format=form, max_tokens=100).choices[0].message.content)
    assert isinstance(answer["ok"], bool), answer


@check("completions, whole and streamed")
def _():
    whole = client.completions.create(**FIXED, prompt="hello").choices[0].text
    stream = client.completions.create(**FIXED, prompt="hello", stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == whole != "", whole


@check("responses, whole and streamed")
def _():
    fixed = {"model": "llama", "input": "hello", "max_output_tokens": 16, "temperature": 0}
    answer = client.responses.create(**fixed)
    assert answer.usage.output_tokens == 16 and answer.output_text, answer
    stream = client.responses.create(**fixed, stream=True)
    deltas = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
    assert deltas == answer.output_text, deltas


@check("errors: what llama.cpp refuses")
def _():
    raised = refused(lambda: chat(messages=[{"role": "user", "content": "a" * 2000}]), "context")
    assert isinstance(raised, openai.BadRequestError), raised
    raised = refused(lambda: chat(messages="nonsense"))
    assert isinstance(raised, openai.BadRequestError), raised
    raised = refused(lambda: client.embeddings.create(model="llama", input="a"), "does not support embeddings")
    assert isinstance(raised, openai.BadRequestError), raised


@check("cancel: a closed stream makes room for others")
def _():
    for _ in range(8):
        stream = chat(stream=True, max_tokens=400)
        next(stream)
        stream.close()
    assert chat().usage.completion_tokens == 16


run()
