"""
LlamaIndex's classes for OpenAI: models that a scripted engine runs. Arguments: the control address of the engine, the address
of HTTP, and a key.
"""

import asyncio
import gc
import sys

import openai
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.openai import OpenAI
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel

from checks import check, refused, run
from engine import TOOL_EVENTS, Engine, mark

CONTROL, URL, KEY = sys.argv[1:]
engine = Engine(CONTROL)
settings = {"api_base": f"http://{URL}/v1", "api_key": KEY, "max_retries": 0}


def chat(script={}, **more):
    """A model that asks the engine for `script` with each call."""
    kind = {"is_chat_model": True, "is_function_calling_model": True}
    asked = {"extra_body": {"script": script}}
    return OpenAILike(**{"model": "chat", **settings, **kind, "additional_kwargs": asked, **more})


def says(text):
    return [ChatMessage(role="user", content=text)]


def weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


class Answer(BaseModel):
    """The answer."""

    answer: int


TOOL = FunctionTool.from_defaults(weather)


@check("chat: an answer, and a prompt that becomes one")
def _():
    answer = chat().chat(says("Hi"))
    assert answer.message.content == "Hello" and answer.raw.usage.total_tokens == 13, answer
    assert chat().complete("Hi").text == "Hello"


@check("chat: a stream")
def _():
    assert "".join(part.delta or "" for part in chat().stream_chat(says("Hi"))) == "Hello 1 2"


@check("chat: a call of a tool, whole and streamed")
def _():
    llm = chat()
    answer = llm.chat_with_tools([TOOL], user_msg="How is the weather?")
    [call] = llm.get_tool_calls_from_response(answer)
    assert (call.tool_name, call.tool_kwargs) == ("weather", {"city": "Bern"}), call
    *_, last = chat({"events": TOOL_EVENTS}).stream_chat_with_tools([TOOL], user_msg="How is the weather?")
    [call] = llm.get_tool_calls_from_response(last)
    assert (call.tool_name, call.tool_kwargs) == ("weather", {"city": "Bern"}), call


@check("chat: JSON, and a class as its schema")
def _():
    answer = chat().chat(says("Answer as JSON"), response_format={"type": "json_object"})
    assert answer.message.content == '{"answer":42}', answer
    content = {"choices": [{"index": 0, "message": {"role": "assistant", "content": '{"answer":42}'}}]}
    llm = chat({"status": 200, "body": content}, should_use_structured_outputs=True, is_function_calling_model=False)
    answer = llm.as_structured_llm(Answer).chat(says("Answer"))
    assert answer.raw == Answer(answer=42), answer


@check("chat: the class for OpenAI itself, with the address of the gateway")
def _():
    llm = OpenAI(model="gpt-4o", **settings)
    assert llm.chat(says("Hi")).message.content == "Hello"
    assert "".join(part.delta or "" for part in llm.stream_chat(says("Hi"))) == "Hello 1 2"


@check("completions, and embeddings through the engine")
def _():
    assert chat(is_chat_model=False).complete("Hi").text == "Hello"
    embedding = OpenAIEmbedding(model_name="chat", **settings)
    assert embedding.get_text_embedding("a") == [1, 2]
    assert embedding.get_text_embedding_batch(["a", "b"]) == [[1, 2], [1, 2]]


@check("errors: the engine's own, an unknown model, and a wrong key")
def _():
    error = {"message": "too long", "type": "BadRequestError", "param": "max_tokens", "code": "x"}
    raised = refused(lambda: chat({"status": 400, "body": {"error": error}}).chat(says("Hi")), "too long")
    assert isinstance(raised, openai.BadRequestError) and raised.body == error, raised
    raised = refused(lambda: chat(model="none").chat(says("Hi")), "'none' not found")
    assert isinstance(raised, openai.NotFoundError), raised
    assert isinstance(refused(lambda: chat(api_key=f"{KEY}0").chat(says("Hi"))), openai.AuthenticationError)


@check("errors: retries, and an engine that stays full")
def _():
    own = mark()
    full = {"status": 429, "headers": {"retry-after": "1"}}
    assert chat({**full, "times": 1}, max_retries=2).chat(says(own)).message.content == "Hello"
    assert engine.arrived(own)["count"] == 2
    assert isinstance(refused(lambda: chat(full).chat(says("Hi"))), openai.RateLimitError)


@check("errors: a stream that breaks off raises")
def _():
    raised = refused(lambda: list(chat({"breakOff": "event"}).stream_chat(says("Hi"))))
    assert isinstance(raised, openai.APIError), raised


@check("cancel: closing a stream ends it at the engine")
def _():
    own = mark()
    stream = chat({"hang": "stream"}).stream_chat(says(own))
    assert next(stream).delta == "Hello"
    stream.close()
    # LlamaIndex leaves the closing of the connection to Python's garbage collector.
    del stream
    gc.collect()
    engine.left(own)


@check("async: answers, streams, and a cancelled task")
async def _():
    assert (await chat().achat(says("Hi"))).message.content == "Hello"
    stream = await chat().astream_chat(says("Hi"))
    assert "".join([part.delta or "" async for part in stream]) == "Hello 1 2"
    own = mark()
    task = asyncio.create_task(chat({"hang": "head"}).achat(says(own)))
    await asyncio.to_thread(engine.arrived, own)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.to_thread(engine.left, own)


run()
