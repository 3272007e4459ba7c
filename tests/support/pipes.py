"""Listeners that pass bytes on: the ground of a TLS front and of a proxy."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Greet = Callable[[socket.socket], tuple[socket.socket, int]]
"""Gives the link to go on with and the loopback port to pass its bytes to; OSError hangs up."""


@contextmanager
def serve_pipes(greet: Greet) -> Iterator[int]:
    """Listen on a free loopback port, given here."""
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listener, greet), daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@dataclass(slots=True)
class Proxy:
    """An HTTP proxy that knows CONNECT alone, and finds every host on loopback."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    """`host:port`, and what authorisation came with it."""
    authorizations: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def greet(self, link: socket.socket) -> tuple[socket.socket, int]:
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = link.recv(4096)
            if not chunk:
                raise OSError("hung up")
            head += chunk
        first, *rest = head.decode("latin-1").split("\r\n")
        verb, where, _ = first.split(" ")
        if verb != "CONNECT":
            link.sendall(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            raise OSError(first)
        self.asked.append(where)
        self.authorizations += [line for line in rest if line.lower().startswith("proxy-auth")]
        link.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return link, int(where.rpartition(":")[2])


@contextmanager
def a_proxy() -> Iterator[Proxy]:
    """A Proxy that listens."""
    proxy = Proxy()
    with serve_pipes(proxy.greet) as proxy.port:
        yield proxy


def _accept(listener: socket.socket, greet: Greet) -> None:
    with suppress(OSError):  # closed: the test is over
        while True:
            link, _ = listener.accept()
            threading.Thread(target=_serve, args=(link, greet), daemon=True).start()


def _serve(link: socket.socket, greet: Greet) -> None:
    try:
        link, port = greet(link)
    except OSError:
        link.close()
        return
    with link, suppress(OSError), socket.create_connection(("127.0.0.1", port)) as onward:
        back = threading.Thread(target=_copy, args=(onward, link), daemon=True)
        back.start()
        _copy(link, onward)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
    for link in (source, target):
        with suppress(OSError):
            link.shutdown(socket.SHUT_RDWR)
