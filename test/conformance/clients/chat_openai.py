"""
OpenAI's client: models that a scripted engine runs. Arguments: the control address of the engine, the address of HTTP, and a
key.
"""

import asyncio
import io
import sys
import time

import openai
from pydantic import BaseModel

from checks import check, refused, run
from engine import RESPONSE, RESPONSE_EVENTS, TOOL, TOOL_EVENTS, Engine, mark

CONTROL, URL, KEY = sys.argv[1:]
engine = Engine(CONTROL)
settings = {"base_url": f"http://{URL}/v1", "api_key": KEY}
client = openai.OpenAI(**settings, max_retries=0)


def ask(script={}, content="Hi", **more):
    """The arguments of a chat that asks the engine for `script`."""
    body = {"script": script, **more.pop("extra_body", {})}
    return {"model": "chat", "messages": [{"role": "user", "content": content}], "extra_body": body, **more}


def chat(script={}, content="Hi", **more):
    return client.chat.completions.create(**ask(script, content, **more))


def text(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


class Answer(BaseModel):
    answer: int


@check("chat: an answer with usage and headers")
def _():
    raw = client.chat.completions.with_raw_response.create(**ask())
    answer = raw.parse()
    assert answer.choices[0].message.content == "Hello" and answer.usage.total_tokens == 13, answer
    assert raw.headers["x-request-id"] == answer._request_id, raw.headers


@check("chat: what the client adds reaches the engine")
def _():
    own = mark()
    chat(content=own, seed=7, logit_bias={"5": -100}, extra_body={"top_k": 4}, extra_headers={"x-session-id": "a"})
    request = engine.arrived(own)
    assert '"top_k":4' in request["body"] and '"model":"tiny"' in request["body"], request
    assert KEY not in str(request["headers"]), request["headers"]


@check("chat: a stream, and its usage")
def _():
    assert text(chat(stream=True)) == "Hello 1 2"
    chunks = list(chat(stream=True, stream_options={"include_usage": True}))
    assert text(chunks) == "Hello 1 2" and chunks[-1].usage.total_tokens == 13, chunks


@check("chat: the events of the client's own stream")
def _():
    with client.chat.completions.stream(**ask({"events": TOOL_EVENTS}), tools=[TOOL]) as stream:
        kinds = [event.type for event in stream]
        answer = stream.get_final_completion()
    assert kinds.count("tool_calls.function.arguments.delta") >= 2, kinds
    assert answer.choices[0].message.tool_calls[0].function.arguments == '{"city":"Bern"}', answer


@check("chat: tools, whole and streamed")
def _():
    message = chat(tools=[TOOL]).choices[0].message
    assert message.tool_calls[0].function.name == "weather" and message.content is None, message
    arguments = ""
    for chunk in chat({"events": TOOL_EVENTS}, tools=[TOOL], stream=True):
        for choice in chunk.choices:
            for called in choice.delta.tool_calls or []:
                arguments += called.function.arguments
    assert arguments == '{"city":"Bern"}', arguments


@check("chat: JSON, and a class as its schema")
def _():
    assert chat(response_format={"type": "json_object"}).choices[0].message.content == '{"answer":42}'
    content = {"choices": [{"index": 0, "message": {"role": "assistant", "content": '{"answer":42}'}}]}
    parsed = client.chat.completions.parse(**ask({"status": 200, "body": content}), response_format=Answer)
    assert parsed.choices[0].message.parsed == Answer(answer=42), parsed


@check("completions, whole and streamed")
def _():
    assert client.completions.create(model="chat", prompt="Hi").choices[0].text == "Hello"
    events = [{"id": "cmpl-1", "object": "text_completion", "choices": [{"index": 0, "text": piece}]} for piece in "abc"]
    stream = client.completions.create(model="chat", prompt="Hi", stream=True, extra_body={"script": {"events": events}})
    assert "".join(chunk.choices[0].text for chunk in stream) == "abc"


@check("responses, whole and streamed")
def _():
    script = {"script": {"status": 200, "body": RESPONSE}}
    answer = client.responses.create(model="chat", input="Hi", extra_body=script)
    assert answer.output_text == "Hello 1" and answer.usage.total_tokens == 13, answer
    script = {"script": {"events": RESPONSE_EVENTS}}
    with client.responses.stream(model="chat", input="Hi", extra_body=script) as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert deltas == ["Hello", " 1"] and final.output_text == "Hello 1", (deltas, final)


@check("embeddings through the engine")
def _():
    answer = client.embeddings.create(model="chat", input=["a", "b"])
    assert [item.embedding for item in answer.data] == [[1, 2], [1, 2]], answer


@check("audio: a file as a form")
def _():
    own = mark()
    audio = io.BytesIO(bytes(range(256)) * 400)
    answer = client.audio.transcriptions.create(model="chat", file=("a.wav", audio), prompt=own)
    assert answer.text == "Hello, world", answer
    body = engine.arrived(own)["body"]
    assert bytes(range(256)).decode("latin1") * 400 in body and "\r\n\r\ntiny\r\n" in body


@check("models: the list has those that engines run")
def _():
    assert {"chat", "slow"} <= {model.id for model in client.models.list()}
    assert client.models.retrieve("chat").id == "chat"


@check("errors: one of the engine about the request, as it is")
def _():
    error = {"message": "too long", "type": "BadRequestError", "param": "max_tokens", "code": "x"}
    for stream in (False, True):
        raised = refused(lambda: chat({"status": 400, "body": {"error": error}}, stream=stream), "too long")
        assert isinstance(raised, openai.BadRequestError) and raised.body == error, raised.body


@check("errors: an unknown model, and a wrong key")
def _():
    raised = refused(lambda: chat(model="none"), "'none' not found")
    assert isinstance(raised, openai.NotFoundError) and raised.code == "model_not_found", raised
    other = client.with_options(api_key=f"{KEY}0")
    assert isinstance(refused(lambda: other.chat.completions.create(**ask())), openai.AuthenticationError)


@check("errors: an engine that fails is a server error, after the client's retries")
def _():
    own = mark()
    often = client.with_options(max_retries=2)
    raised = refused(lambda: often.chat.completions.create(**ask({"status": 500}, own)))
    assert isinstance(raised, openai.InternalServerError) and raised.status_code == 502, raised
    assert raised.code == "target_failed" and engine.arrived(own)["count"] == 3, raised
    assert text(chat(stream=True)) == "Hello 1 2"


@check("errors: a full engine is retried after the time that it asks for")
def _():
    own = mark()
    full = {"status": 429, "headers": {"retry-after": "1"}, "times": 1}
    started = time.monotonic()
    often = client.with_options(max_retries=1)
    assert often.chat.completions.create(**ask(full, own)).choices[0].message.content == "Hello"
    assert engine.arrived(own)["count"] == 2 and time.monotonic() - started >= 1
    raised = refused(lambda: chat({"status": 429, "headers": {"retry-after": "7"}}))
    assert isinstance(raised, openai.RateLimitError) and raised.response.headers["retry-after"] == "7", raised


@check("errors: a stream that breaks off raises, between events and within one")
def _():
    for place in ("event", "middle"):
        stream = chat({"breakOff": place}, stream=True)
        assert next(stream).choices[0].delta.content == "Hello"
        refused(lambda: list(stream))
    raised = refused(lambda: list(chat({"breakOff": "event"}, stream=True)))
    assert isinstance(raised, openai.APIError) and raised.code == "target_failed", raised


@check("errors: a response of the Responses API that breaks off raises")
def _():
    script = {"script": {"breakOff": "event"}}
    raised = refused(lambda: list(client.responses.create(model="chat", input="Hi", stream=True, extra_body=script)))
    assert isinstance(raised, openai.APIError), raised


@check("time: the gateway's limit is 504, the client's ends the request at the engine")
def _():
    raised = refused(lambda: chat({"hang": "head"}, model="slow"))
    assert raised.status_code == 504 and raised.code == "target_timeout", raised
    own = mark()
    hasty = client.with_options(timeout=0.5)
    raised = refused(lambda: hasty.chat.completions.create(**ask({"hang": "head"}, own)))
    assert isinstance(raised, openai.APITimeoutError), raised
    engine.left(own)


@check("cancel: closing a stream ends it at the engine")
def _():
    own = mark()
    stream = chat({"hang": "stream"}, own, stream=True)
    assert next(stream).choices[0].delta.content == "Hello"
    stream.close()
    engine.left(own)


@check("async: answers, streams and a closed stream")
async def _():
    own = mark()
    async with openai.AsyncOpenAI(**settings, max_retries=0) as client:
        answers = await asyncio.gather(*(client.chat.completions.create(**ask()) for _ in range(8)))
        assert [answer.choices[0].message.content for answer in answers] == ["Hello"] * 8
        stream = await client.chat.completions.create(**ask(), stream=True)
        assert text([chunk async for chunk in stream]) == "Hello 1 2"
        stream = await client.chat.completions.create(**ask({"hang": "stream"}, own), stream=True)
        async for _ in stream:
            break
        await stream.close()
        await asyncio.to_thread(engine.left, own)


@check("async: a cancelled task ends the request at the engine")
async def _():
    own = mark()
    async with openai.AsyncOpenAI(**settings, max_retries=0) as client:
        task = asyncio.create_task(client.chat.completions.create(**ask({"hang": "head"}, own)))
        await asyncio.to_thread(engine.arrived, own)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        await asyncio.to_thread(engine.left, own)


run()
