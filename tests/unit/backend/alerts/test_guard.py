"""Where messages may go: nowhere inside, whatever name it hides behind."""

import socket

import pytest

from agentaudit_backend.alerts.guard import Forbidden, Guard

INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.251",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "::127.0.0.1",
    "::8.8.8.8",
    "64:ff9b:1:a9fe:a9:fe00::",
    "fec0::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
]


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def found(_host: str, port: int, **_: object) -> list[object]:
        return [(0, 1, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_of_a_machine_inside_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    guard = Guard()
    resolving(monkeypatch, address)

    with pytest.raises(Forbidden, match="private network"):
        guard.addresses(guard.target("https://hooks.example.com/x"))


def test_one_address_inside_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard()
    resolving(monkeypatch, "93.184.216.34", "10.0.0.1")

    with pytest.raises(Forbidden):
        guard.addresses(guard.target("https://hooks.example.com/x"))


def test_what_is_connected_to_is_the_address_that_was_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guard = Guard()
    resolving(monkeypatch, "93.184.216.34")

    assert ["93.184.216.34"] == guard.addresses(guard.target("https://hooks.example.com/x"))


def test_a_public_address_takes_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard()
    resolving(monkeypatch, "93.184.216.34")

    with pytest.raises(Forbidden, match="https"):
        guard.addresses(guard.target("http://hooks.example.com/x"))


def test_a_network_that_the_operator_names_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard(["10.1.0.0/16"])
    resolving(monkeypatch, "10.1.2.3")

    assert ["10.1.2.3"] == guard.addresses(guard.target("http://alerts.internal:8080/x"))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://example.com/",
        "//example.com/",
        "https:///x",
        "https://user:pass@example.com/",
        "https://example.com/\r\nHost: other",
        "https://example.com:99999/",
        "https://[::1/",
        "https://exämple.com/",
        "",
    ],
)
def test_what_is_no_plain_url_is_refused(url: str) -> None:
    with pytest.raises(Forbidden):
        Guard().target(url)


@pytest.mark.parametrize("url", ["https://2130706433/", "https://0x7f.1/", "https://127.1/"])
def test_other_ways_to_write_loopback_are_refused(url: str) -> None:
    guard = Guard()

    with pytest.raises((Forbidden, OSError)):
        guard.addresses(guard.target(url))
