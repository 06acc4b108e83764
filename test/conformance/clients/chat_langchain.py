"""
LangChain's classes for OpenAI: models that a scripted engine runs. Arguments: the control address of the engine, the address
of HTTP, and a key.
"""

import asyncio
import sys

import openai
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from pydantic import BaseModel

from checks import check, refused, run
from engine import RESPONSE, RESPONSE_EVENTS, TOOL, TOOL_EVENTS, Engine, mark

CONTROL, URL, KEY = sys.argv[1:]
engine = Engine(CONTROL)
settings = {"base_url": f"http://{URL}/v1", "api_key": KEY}


def chat(script={}, **more):
    """A model that asks the engine for `script` with each call."""
    more = {"model": "chat", "max_retries": 0, **more}
    return ChatOpenAI(**settings, extra_body={"script": script}, **more)


class Answer(BaseModel):
    """The answer."""

    answer: int


@check("chat: an answer, and several at once")
def _():
    answer = chat().invoke([SystemMessage("You are a cat"), HumanMessage("Hi")])
    assert answer.content == "Hello" and answer.usage_metadata["total_tokens"] == 13, answer
    assert [one.content for one in chat().batch(["a", "b", "c"])] == ["Hello"] * 3


@check("chat: a stream, and its usage")
def _():
    chunks = list(chat(stream_usage=True).stream("Hi"))
    assert "".join(chunk.content for chunk in chunks) == "Hello 1 2", chunks
    assert sum(chunk.usage_metadata["total_tokens"] for chunk in chunks if chunk.usage_metadata) == 13, chunks


@check("chat: a call of a tool and its result")
def _():
    asked = HumanMessage("How is the weather?")
    called = chat().bind_tools([TOOL]).invoke([asked])
    assert [(call["name"], call["args"]) for call in called.tool_calls] == [("weather", {"city": "Bern"})], called
    own = mark()
    answer = chat().invoke([asked, called, ToolMessage(own, tool_call_id=called.tool_calls[0]["id"])])
    assert answer.content == "Hello" and '"role":"tool"' in engine.arrived(own)["body"], answer


@check("chat: a call of a tool in a stream")
def _():
    whole = None
    for chunk in chat({"events": TOOL_EVENTS}).bind_tools([TOOL]).stream("Hi"):
        whole = chunk if whole is None else whole + chunk
    assert [(call["name"], call["args"]) for call in whole.tool_calls] == [("weather", {"city": "Bern"})], whole


@check("chat: JSON, and a class as its schema")
def _():
    model = chat().with_structured_output(Answer, method="json_mode")
    assert model.invoke("Answer as JSON") == Answer(answer=42)
    content = {"choices": [{"index": 0, "message": {"role": "assistant", "content": '{"answer":42}'}}]}
    model = chat({"status": 200, "body": content}).with_structured_output(Answer, method="json_schema")
    assert model.invoke("Answer") == Answer(answer=42)


@check("responses, whole and streamed")
def _():
    answer = chat({"status": 200, "body": RESPONSE}, use_responses_api=True).invoke("Hi")
    assert answer.text == "Hello 1" and answer.usage_metadata["total_tokens"] == 13, answer
    chunks = list(chat({"events": RESPONSE_EVENTS}, use_responses_api=True).stream("Hi"))
    assert "".join(chunk.text for chunk in chunks) == "Hello 1", chunks


@check("completions, and embeddings through the engine")
def _():
    assert OpenAI(**settings, model="chat", max_retries=0).invoke("Hi") == "Hello"
    embeddings = OpenAIEmbeddings(**settings, model="chat", check_embedding_ctx_length=False)
    assert embeddings.embed_documents(["a", "b"]) == [[1, 2], [1, 2]]
    assert embeddings.embed_query("a") == [1, 2]


@check("errors: the engine's own, an unknown model, and a wrong key")
def _():
    error = {"message": "too long", "type": "BadRequestError", "param": "max_tokens", "code": "x"}
    raised = refused(lambda: chat({"status": 400, "body": {"error": error}}).invoke("Hi"), "too long")
    assert isinstance(raised, openai.BadRequestError) and raised.body == error, raised
    raised = refused(lambda: chat(model="none").invoke("Hi"), "'none' not found")
    assert isinstance(raised, openai.NotFoundError), raised
    stranger = ChatOpenAI(base_url=settings["base_url"], api_key=f"{KEY}0", model="chat", max_retries=0)
    assert isinstance(refused(lambda: stranger.invoke("Hi")), openai.AuthenticationError)


@check("errors: retries, and an engine that stays full")
def _():
    own = mark()
    full = {"status": 429, "headers": {"retry-after": "1"}}
    assert chat({**full, "times": 1}, max_retries=1).invoke(own).content == "Hello"
    assert engine.arrived(own)["count"] == 2
    assert isinstance(refused(lambda: chat(full).invoke("Hi")), openai.RateLimitError)


@check("errors: another model answers for one that fails")
def _():
    assert chat({"status": 500}).with_fallbacks([chat()]).invoke("Hi").content == "Hello"


@check("errors: a stream that breaks off raises")
def _():
    raised = refused(lambda: list(chat({"breakOff": "event"}).stream("Hi")))
    assert isinstance(raised, openai.APIError), raised


@check("cancel: closing a stream ends it at the engine")
def _():
    own = mark()
    stream = chat({"hang": "stream"}).stream(own)
    assert next(stream).content == "Hello"
    stream.close()
    engine.left(own)


@check("async: answers, streams, and a cancelled task")
async def _():
    assert (await chat().ainvoke("Hi")).content == "Hello"
    assert "".join([chunk.content async for chunk in chat().astream("Hi")]) == "Hello 1 2"
    own = mark()
    task = asyncio.create_task(chat({"hang": "head"}).ainvoke(own))
    await asyncio.to_thread(engine.arrived, own)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.to_thread(engine.left, own)


run()
