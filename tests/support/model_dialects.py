"""The scripted model in the words of other APIs: OpenAI's Responses and Gemini's generateContent.

Each dialect reads which turn a request asks for, and writes a Turn as its API streams it.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support.model_server import Turn

Request = dict[str, Any]


def messages_of(path: str, request: Request) -> list[dict[str, Any]]:
    """The conversation so far, each turn of the model as one `assistant` message."""
    if "/responses" in path:
        calls = [item for item in request.get("input", []) if item.get("type") == "function_call"]
        return [{"role": "assistant"} for _ in calls]
    if "enerateContent" in path:
        turns = [turn for turn in request.get("contents", []) if turn.get("role") == "model"]
        return [{"role": "assistant"} for _ in turns]
    messages: list[dict[str, Any]] = request.get("messages", [])
    return messages


def responses_stream(name: str, turn: "Turn") -> Iterator[bytes]:
    """A Turn as server-sent events of the Responses API."""
    response = {"id": f"resp_{name}", "object": "response", "output": []}
    yield _event("response.created", response=response)
    items: list[dict[str, Any]] = []
    if turn.text:
        text = {"type": "output_text", "text": turn.text, "annotations": []}
        items.append({"type": "message", "id": f"msg_{name}", "role": "assistant"})
        items[-1]["content"] = [text]
    for number, use in enumerate(turn.uses):
        call_id = f"call_{name}_{number:02d}"
        item = {"type": "function_call", "id": f"fc_{call_id}", "call_id": call_id}
        items.append(item | {"name": use.tool, "arguments": json.dumps(use.arguments)})
    for index, item in enumerate(items):
        yield _event("response.output_item.added", output_index=index, item=item)
        yield _event("response.output_item.done", output_index=index, item=item)
    usage = {"input_tokens": 10, "output_tokens": 10, "total_tokens": 20}
    usage |= {"input_tokens_details": None, "output_tokens_details": None}
    done = response | {"status": "completed", "output": items, "usage": usage}
    yield _event("response.completed", response=done)


def gemini_stream(turn: "Turn") -> Iterator[bytes]:
    """A Turn as the one chunk of a `streamGenerateContent?alt=sse`."""
    yield b"data: " + gemini_answer(turn) + b"\r\n\r\n"


def gemini_answer(turn: "Turn") -> bytes:
    """A Turn as the answer of a `generateContent`."""
    parts: list[dict[str, Any]] = [{"text": turn.text}] if turn.text else []
    parts += [{"functionCall": {"name": use.tool, "args": use.arguments}} for use in turn.uses]
    content = {"role": "model", "parts": parts}
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 10, "totalTokenCount": 20}
    candidate = {"content": content, "finishReason": "STOP", "index": 0}
    return json.dumps({"candidates": [candidate], "usageMetadata": usage}).encode()


def _event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()
