"""What the scripted engine is asked to do, and what it received; see test/conformance/engine.mts."""

import json
import urllib.request
import uuid

TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}

USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}


class Engine:
    def __init__(self, control):
        self.control = control

    def arrived(self, mark):
        """Waits until a request with `mark` in its body has arrived. Returns the last one, and the `count` of them."""
        return self._ask("arrived", mark)

    def left(self, mark):
        """Like `arrived`, and waits until the gateway has ended it before it was answered."""
        return self._ask("left", mark)

    def _ask(self, event, mark):
        with urllib.request.urlopen(f"http://{self.control}/{event}/{mark}", timeout=20) as answer:
            return json.load(answer)


def mark():
    """A text that only one request has."""
    return uuid.uuid4().hex


def chunk(delta, finish_reason=None, **more):
    """An event of a streamed chat."""
    choices = [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "tiny", "choices": choices, **more}


def call(arguments, **more):
    """A piece of a streamed call of a tool."""
    return chunk({"tool_calls": [{"index": 0, **more, "function": {**more.get("function", {}), "arguments": arguments}}]})


# A call of `weather`, whose arguments come in pieces.
TOOL_EVENTS = [
    chunk({"role": "assistant", "content": None}),
    call("", id="call_1", type="function", function={"name": "weather"}),
    call('{"ci'),
    call('ty":"Bern"}'),
    chunk({}, "tool_calls"),
    {**chunk({}), "choices": [], "usage": USAGE},
]

_TEXT = {"type": "output_text", "text": "Hello 1", "annotations": []}
_MESSAGE = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [_TEXT]}
_PLACE = {"item_id": "msg_1", "output_index": 0, "content_index": 0}


def _response(status, output, usage=None):
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "tiny",
        "status": status,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage,
    }


RESPONSE_USAGE = {
    "input_tokens": 9,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 4,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 13,
}

RESPONSE = _response("completed", [_MESSAGE], RESPONSE_USAGE)

# The same response, streamed.
RESPONSE_EVENTS = [
    {**event, "sequence_number": number}
    for number, event in enumerate(
        [
            {"type": "response.created", "response": _response("in_progress", [])},
            {
                "type": "response.output_item.added",
                "output_index": 0,
                "item": {**_MESSAGE, "status": "in_progress", "content": []},
            },
            {"type": "response.content_part.added", **_PLACE, "part": {**_TEXT, "text": ""}},
            {"type": "response.output_text.delta", **_PLACE, "delta": "Hello", "logprobs": []},
            {"type": "response.output_text.delta", **_PLACE, "delta": " 1", "logprobs": []},
            {"type": "response.output_text.done", **_PLACE, "text": "Hello 1", "logprobs": []},
            {"type": "response.content_part.done", **_PLACE, "part": _TEXT},
            {"type": "response.output_item.done", "output_index": 0, "item": _MESSAGE},
            {"type": "response.completed", "response": RESPONSE},
        ]
    )
]
