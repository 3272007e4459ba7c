"""A server that misbehaves in the way that a test asks for, until it is told to behave."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Misbehaves = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class StrangeServer:
    """Answers POSTs by `way`, or with an empty 200 when that is None; has no policy."""

    way: Misbehaves | None
    asked: int = 0
    taken: list[bytes] = field(default_factory=list)
    """Bodies that were answered with 200."""
    url: str = ""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that hangs up in the middle is no news here."""


def with_status(status: int, body: bytes = b"", **headers: str) -> Misbehaves:
    """Answers with a status."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def with_garbage(handler: BaseHTTPRequestHandler) -> None:
    """Answers with bytes that are no HTTP."""
    handler.wfile.write(b"\x00\xff\x00 220 smtp.example ESMTP\r\n" * 4)
    handler.close_connection = True


def with_nothing(handler: BaseHTTPRequestHandler) -> None:
    """Hangs up without an answer."""
    handler.close_connection = True


def hanging(seconds: float) -> Misbehaves:
    """Takes its time, then hangs up."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return answer


@contextmanager
def a_strange_server(
    way: Misbehaves | None, *, get: Misbehaves | None = None
) -> Iterator[StrangeServer]:
    """A running StrangeServer; `get` answers GETs, which it knows nothing of without."""
    strange = StrangeServer(way)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            strange.asked += 1
            if strange.way is not None:
                strange.way(self)
                return
            with_status(200, Content_Type="application/x-protobuf")(self)
            strange.taken.append(body)

        def do_GET(self) -> None:
            (get or with_status(404))(self)

        def log_message(self, *_: object) -> None:
            pass

    server = _Quiet(("127.0.0.1", 0), Handler)
    strange.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield strange
    finally:
        server.shutdown()
        server.server_close()
