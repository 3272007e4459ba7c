"""A message's way to a receiver that is up to no good, or hard to reach."""

import socket
from contextlib import suppress
from threading import Thread

import pytest

from agentaudit_backend.alerts import posting
from agentaudit_backend.alerts.guard import Guard
from agentaudit_backend.alerts.posting import NotSent, post
from tests.support.receiving import a_sink

LOOPBACK = Guard(["127.0.0.0/8"])
_BEGUN = bytes.fromhex("1603034000")
"""The head of a TLS record whose 16 KiB never come to an end."""


def drip(listening: socket.socket, head: bytes, ended: list[bool]) -> None:
    """Answer whoever connects byte by byte, for as long as they listen."""
    connection, _ = listening.accept()
    connection.settimeout(0.02)
    with connection, suppress(ConnectionError):
        connection.sendall(head)
        while True:
            connection.sendall(b"0")
            with suppress(TimeoutError):
                if connection.recv(4096) == b"":
                    break
    ended.append(True)


@pytest.mark.parametrize(("scheme", "head"), [("https", _BEGUN), ("http", b"HTTP/1.1 200 ")])
def test_one_that_answers_drop_by_drop_is_left_at_the_deadline(
    scheme: str, head: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(posting, "DEADLINE_S", 0.3)
    ended: list[bool] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        dripping = Thread(target=drip, args=(listening, head, ended), daemon=True)
        dripping.start()

        with pytest.raises(NotSent):
            post(LOOPBACK, f"{scheme}://127.0.0.1:{listening.getsockname()[1]}/", b"x", {})
        dripping.join()

    assert [True] == ended


def test_an_address_that_does_not_answer_leads_to_the_next(monkeypatch: pytest.MonkeyPatch):
    with a_sink() as sink:
        port = int(sink.url.rpartition(":")[2].partition("/")[0])
        found = [(0, 1, 6, "", (address, port)) for address in ("127.0.0.9", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", resolving(found, socket.getaddrinfo))

        post(LOOPBACK, f"http://hooks.internal:{port}/", b"x", {})

        assert [b"x"] == [each.body for each in sink.posted]


def resolving(found: object, really: object) -> object:
    """A resolver that knows one name more."""

    def resolve(host: str, *rest: object, **options: object) -> object:
        return found if host == "hooks.internal" else really(host, *rest, **options)  # type: ignore[operator]

    return resolve
