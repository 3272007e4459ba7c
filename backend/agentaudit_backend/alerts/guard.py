"""Where the server may connect to on behalf of whoever wrote an address into a form.

A name is resolved once, each of its addresses is judged, and the connection goes to the very
address that was judged: a name that resolves differently the second time gains nothing.
Sources: OWASP, Server-Side Request Forgery Prevention; RFC 6890; RFC 6052 and 8215 (NAT64).
"""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
_NAT64: Final = ip_network("64:ff9b::/96")
_INSIDE: Final = (
    ip_network("::/96"),  # IPv4-compatible, of old: whatever address it holds
    ip_network("64:ff9b:1::/48"),  # NAT64 of a network's own
    ip_network("fec0::/10"),  # site-local, of old
)
"""What Python takes for public, and is not."""


class Forbidden(Exception):
    """The server may not connect there; the text says why, for whoever gave the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL that has been read."""

    secure: bool
    host: str
    port: int
    path: str
    """With the query."""


class Guard:
    """Lets through public addresses, and those of the networks that the operator named."""

    def __init__(self, allowed: Sequence[str] = ()) -> None:
        """Take networks such as `10.0.0.0/8`.

        Raises:
            ValueError: one of them is no network.
        """
        self._allowed = [ip_network(each) for each in allowed]

    def target(self, url: str) -> Target:
        """Read a URL, without resolving it.

        Raises:
            Forbidden: it is no plain http or https URL.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as wrong:
            raise Forbidden(f"no URL: {wrong}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Forbidden("expected https://host/path")
        if parts.username is not None or parts.password is not None:
            raise Forbidden("a name or password in the address would end up in logs")
        if not url.isascii() or any(character <= " " or character == "\x7f" for character in url):
            raise Forbidden("it holds a space, a control character or a letter beyond ASCII")
        secure = parts.scheme == "https"
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(
            secure=secure, host=parts.hostname, port=port or (443 if secure else 80), path=path
        )

    def addresses(self, target: Target) -> Sequence[str]:
        """The addresses to connect to, in the resolver's order. Takes as long as it does.

        Raises:
            Forbidden: an address of the host is not public, or a public one is to be reached
                without TLS.
            OSError: the host has no address.
        """
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        for text in addresses:
            self._judge(ip_address(text.partition("%")[0]), target)
        return addresses

    def _judge(self, address: Address, target: Target) -> None:
        real = _embedded(address)
        if any(real in network for network in self._allowed):
            return
        if not real.is_global or real.is_multicast or any(real in each for each in _INSIDE):
            raise Forbidden(
                f"{target.host} is in a private network ({real}); the setting alert_networks "
                "would have to name it"
            )
        if not target.secure:
            raise Forbidden("a public address takes https")


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address
