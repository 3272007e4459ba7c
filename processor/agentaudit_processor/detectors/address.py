"""E-mail and IP addresses that belong to somebody: no documentation, no private range."""

from ipaddress import AddressValueError, IPv4Address, IPv6Address

_MACHINE_LOCAL_PARTS = {"git", "noreply", "no-reply", "donotreply", "do-not-reply"}
# RFC 2606 and RFC 6761, and what looks like an address in code: `user@host.local`, `@types.d.ts`
_NO_TOP_LEVEL = {
    "example",
    "invalid",
    "localhost",
    "test",
    "local",
    "internal",
    "lan",
    "localdomain",
}
_FILE_ENDINGS = {"js", "ts", "jsx", "tsx", "json", "py", "md", "png", "jpg", "svg", "css", "html"}
_FILE_ENDINGS |= {"service", "socket", "timer", "target", "mount", "yml", "yaml", "txt", "lock"}


_ROUTED = ("2", "3", "fe8", "fe9", "fea", "feb", "fc", "fd")
"""How the ranges of version 6 begin that are handed out: global, link-local, unique local."""
_LEAST_OF_ADDRESS = 32
_PUBLIC_SERVICES = {"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "208.67.222.222"}
"""Name servers that everybody asks."""


def is_email(value: str) -> bool:
    """Tell whether `value` may be a person's e-mail address (RFC 5321 limits).

    Addresses in example domains count: they stand for people in tests and in documents alike, and
    a masked example costs nothing. `git@github.com` and file names do not.
    """
    local, _, domain = value.rpartition("@")
    labels = domain.lower().split(".")
    if len(local) > 64 or len(domain) > 253 or local.lower() in _MACHINE_LOCAL_PARTS:
        return False
    if ".." in value or local.startswith(".") or local.endswith("."):
        return False
    if any(not label or label.startswith("-") or label.endswith("-") for label in labels):
        return False
    top = labels[-1]
    return top.isalpha() and top not in _NO_TOP_LEVEL and top not in _FILE_ENDINGS


def is_ip(value: str) -> bool:
    """Tell whether `value` is an address that may lead to a person or a household.

    Version 4 must be of the public internet (IANA special registries). Version 6 counts also in
    documentation and link-local ranges, for the reason given at `is_email`, and because the latter
    hold a number of the device; short ones that may be names in code (`a::b`) do not.
    """
    return _is_public(value) if ":" not in value else _is_of_a_device(value)


def _is_public(value: str) -> bool:
    try:
        address = IPv4Address(value)
    except AddressValueError:
        return False
    if max(address.packed) < _LEAST_OF_ADDRESS or value in _PUBLIC_SERVICES:
        return False  # 7.0.8.1 is a version, thousands of times more often than an address
    return address.is_global and not address.is_multicast


def _is_of_a_device(value: str) -> bool:
    try:
        address = IPv6Address(value)
    except AddressValueError:
        return False
    inner = address.ipv4_mapped
    if (
        address.is_multicast
        or address.is_loopback
        or (int(address) >> 32 == 0 and "." not in value)
    ):
        return False
    if inner is not None and (inner.is_loopback or inner.is_unspecified):
        return False
    groups = [group for group in value.split(":") if group]
    distinct = (
        len(groups) >= 3
        or "." in value
        or (len(groups[0]) == 4 and value.lower().startswith(_ROUTED))
    )
    distinct = distinct and (len(groups) > 1 or not value.endswith("::"))
    return distinct and any(sign.isdecimal() for sign in value)


def is_client_ip(value: str) -> bool:
    """Tell whether `value`, found beside a key such as `client_ip`, may be a person's device.

    Or a network of such (`10.0.0.0/8`), where the text says how long its prefix is.
    """
    host, slash, _ = value.partition("/")
    if ":" in host:
        return is_ip(host) or (bool(slash) and host.lower().startswith(_ROUTED))
    try:
        address = IPv4Address(host)
    except AddressValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast) and (
        bool(slash) or not host.endswith((".0", ".255"))
    )
