"""A scripted model: the Anthropic Messages API on loopback, so that a real agent runs offline.

A Script is the list of assistant turns. Which turn to give is read off the request (its count of
assistant messages), so a retried request gets the same turn again. A sub-agent is a conversation
of its own, known by what its first user message holds.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.support.model_dialects import (
    gemini_answer,
    gemini_stream,
    messages_of,
    responses_stream,
)

MODEL = "claude-sonnet-4-5-20250929"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One `tool_use` block."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One answer of the model: some text, then tools to use, all of them at once."""

    text: str = ""
    uses: tuple[Use, ...] = ()


Script = tuple[Turn, ...]
ToolResults = dict[str, tuple[bool, str]]
"""`tool_use_id` -> (is it an error, the text that the model was given)."""


def uses(*calls: tuple[str, dict[str, Any]], text: str = "") -> Turn:
    """A Turn of `(tool, arguments)` pairs; several are parallel calls."""
    return Turn(text=text, uses=tuple(Use(tool=tool, arguments=args) for tool, args in calls))


def says(text: str) -> Turn:
    """A Turn of text alone, which ends the agent's loop."""
    return Turn(text=text)


@dataclass(slots=True)
class ModelServer:
    """Serves one Script, and Scripts for sub-agents; remembers what the agent sent.

    `sub_agents` maps a piece of the sub-agent's prompt to its Script.
    """

    script: Script
    sub_agents: Mapping[str, Script] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    _http: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        """Listen on a free loopback port."""
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        assert self._http is not None
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        """What goes into `ANTHROPIC_BASE_URL`."""
        assert self._http is not None
        return f"http://127.0.0.1:{self._http.server_port}"

    def turn_for(self, request: dict[str, Any]) -> tuple[str, Turn]:
        """Choose the Turn a request asks for; the string tells conversations apart in ids."""
        messages = request.get("messages", [])
        first = _text_of(messages[0].get("content")) if messages else ""
        name, script = "main", self.script
        for number, (marker, sub_script) in enumerate(self.sub_agents.items()):
            if marker in first:
                name, script = f"sub{number}", sub_script
        done = sum(message.get("role") == "assistant" for message in messages)
        turn = script[done] if done < len(script) else says("Done.")
        return f"{name}_{done:02d}", turn

    def tool_results(self) -> ToolResults:
        """What the model was told of each call."""
        told: ToolResults = {}
        for request in self.requests:
            for message in request.get("messages", []):
                for block in _blocks(message.get("content")):
                    if block.get("type") == "tool_result":
                        text = _text_of(block.get("content"))
                        told[block["tool_use_id"]] = (bool(block.get("is_error")), text)
        return told


def _blocks(content: Any) -> list[dict[str, Any]]:
    return [block for block in content if isinstance(block, dict)] if content else []


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "") for block in _blocks(content))


def _handler_for(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = json.loads(body)
            server.requests.append(request)
            told = request | {"messages": messages_of(self.path, request)}
            kind, answer = _answer(self.path, *server.turn_for(told))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Keep the test's output clean."""

    return Handler


def _answer(path: str, conversation: str, turn: Turn) -> tuple[str, bytes]:
    """Content type and body, in the words of the API that `path` belongs to."""
    if path.partition("?")[0].endswith(":generateContent"):
        return "application/json", gemini_answer(turn)
    if "/responses" in path:
        chunks = responses_stream(conversation, turn)
    elif "enerateContent" in path:
        chunks = gemini_stream(turn)
    else:
        chunks = _stream(conversation, turn)
    return "text/event-stream", b"".join(chunks)


def _stream(conversation: str, turn: Turn) -> Iterator[bytes]:
    """Write a Turn as the API streams it."""
    usage = {"input_tokens": 10, "output_tokens": 10}
    message = {"id": f"msg_{conversation}", "type": "message", "role": "assistant", "content": []}
    message |= {"model": MODEL, "stop_reason": None, "stop_sequence": None, "usage": usage}
    yield _event("message_start", message=message)
    index = 0
    if turn.text:
        yield from _block(index, {"type": "text", "text": ""}, type="text_delta", text=turn.text)
        index += 1
    for number, use in enumerate(turn.uses):
        call_id = f"toolu_{conversation}_{number:02d}"
        block = {"type": "tool_use", "id": call_id, "name": use.tool, "input": {}}
        arguments = json.dumps(use.arguments)
        yield from _block(index, block, type="input_json_delta", partial_json=arguments)
        index += 1
    stop = {"stop_reason": "tool_use" if turn.uses else "end_turn", "stop_sequence": None}
    yield _event("message_delta", delta=stop, usage={"output_tokens": 10})
    yield _event("message_stop")


def _block(index: int, block: dict[str, Any], **delta: str) -> Iterator[bytes]:
    yield _event("content_block_start", index=index, content_block=block)
    yield _event("content_block_delta", index=index, delta=delta)
    yield _event("content_block_stop", index=index)


def _event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()
