"""All that a server answers to on its web port, and what it answers there."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Message, Scope

from agentaudit_backend.alerts.guard import Guard
from agentaudit_backend.alerts.postman import Postman
from agentaudit_backend.applications import web_application
from agentaudit_backend.exports.jobs import Exporter
from agentaudit_backend.parts import Parts
from agentaudit_backend.settings import Settings
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.receivers.ingest import Ingest

HOST = "audit.example"


def whole_application(store: Store, judge: Judge, **settings: Any) -> Starlette:
    """The application of the web port, as the composition root makes it; no thread is started."""
    told = Settings(data_dir=settings.pop("data_dir"), **settings)
    parts = Parts(
        store=store,
        judge=judge,
        ingest=Ingest(gate=store.access, policies=store.access, judge=judge, store=store),
        forward=None,
        exporter=Exporter(store, judge, told.data_dir / "exports", lambda _query: EventFilter()),
        postman=Postman(guard=Guard([]), mail=None, public_url="https://audit.example"),
    )
    return web_application(parts, told)


def every_route(app: Any) -> list[tuple[str, str]]:
    """Method and pattern of each route, those of applications inside too."""
    return sorted(set(_routes(app.routes)))


def _routes(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str]]:
    for route in routes:
        if (router := getattr(route, "original_router", None)) is not None:  # FastAPI's
            yield from _routes(router.routes)
        elif isinstance(route, Mount):
            yield "GET", f"{route.path}/{{file:path}}"
        elif (inner := getattr(route, "app", None)) is not None and not hasattr(route, "path"):
            yield from _routes(inner.app.routes)  # our own prefix, inside its headers
        else:
            for method in getattr(route, "methods", None) or ():
                if method != "HEAD":
                    yield method, route.path  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer; of a stream of events hardly more than the head."""

    status: int
    headers: Headers
    body: bytes


def ask(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """What the application answers; a stream of events is left after its head."""
    scope = _scope(method, path, {"content-length": str(len(body))} | dict(headers or {}))
    return asyncio.run(_ask(app, scope, body))


def _scope(method: str, path: str, headers: Mapping[str, str]) -> Scope:
    plain, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(plain),
        "raw_path": plain.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(k.encode(), v.encode()) for k, v in ({"host": HOST} | dict(headers)).items()],
        "client": ("192.0.2.1", 1234),
        "server": (HOST, 80),
        "state": {},
    }


async def _ask(app: ASGIApp, scope: Scope, body: bytes) -> Answer:
    heads: list[Message] = []
    parts: list[bytes] = []
    enough = asyncio.Event()
    asked: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if asked:
            return asked.pop()
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            heads.append(message)
            if b"text/event-stream" in dict(message["headers"]).get(b"content-type", b""):
                enough.set()
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    (head,) = heads
    return Answer(status=head["status"], headers=Headers(raw=head["headers"]), body=b"".join(parts))
