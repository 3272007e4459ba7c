"""Headers that every answer carries: it holds audit data, and is a page for nobody's frame."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: Final[Mapping[str, str]] = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


_ANOTHER_SLASH: Final = 307
"""The routers' own answer to a path with one slash too many or few; nobody else gives it."""


def _path_of(address: str) -> str:
    """An address without the host: it would be the one that the request names, whatever that is."""
    parts = urlsplit(address)
    return urlunsplit(("", "", "/" + parts.path.lstrip("/"), parts.query, ""))


class Guarded:
    """ASGI middleware: adds `HEADERS` where the answer does not say otherwise itself, and keeps a
    redirect to the same path with another slash on this server."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if message["status"] == _ANOTHER_SLASH and "location" in headers:
                    headers["location"] = _path_of(headers["location"])
            await send(message)

        await self.app(scope, receive, send_guarded)
