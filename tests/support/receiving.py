"""Receivers of alerts on loopback: an HTTP sink and an SMTP server, both real."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A request that came."""

    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(kw_only=True)
class Sink:
    """Answers each POST with the next of `answers`; when none is left, with 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    location: str = ""
    posted: list[Posted] = field(default_factory=list)


@contextmanager
def a_sink() -> Iterator[Sink]:
    """An HTTP receiver that keeps what it gets."""
    sink = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            told = {name.lower(): value for name, value in self.headers.items()}
            sink.posted.append(Posted(path=self.path, headers=told, body=body))
            self.send_response(sink.answers.pop(0) if sink.answers else 200)
            if sink.location:
                self.send_header("Location", sink.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sink.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(kw_only=True)
class Mailbox:
    """Where an SMTP server keeps letters; the senders and receivers are those of the envelope."""

    url: str = ""
    letters: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    refuse: bool = False

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """aiosmtpd calls it with each letter."""
        if self.refuse:
            return "451 not now"
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        self.to.append(list(envelope.rcpt_tos))
        return "250 OK"


class _OnAnyPort(Controller):
    """A Controller that tries itself at the port it got, not at the 0 it was given."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def a_mailbox() -> Iterator[Mailbox]:
    """An SMTP server without TLS on loopback."""
    box = Mailbox()
    controller = _OnAnyPort(box, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        box.url = f"smtp://127.0.0.1:{controller.port}"
        yield box
    finally:
        controller.stop()
