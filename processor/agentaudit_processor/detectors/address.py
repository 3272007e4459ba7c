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


def is_public_ip(value: str) -> bool:
    """Tell whether `value` is an address of the public internet (IANA special registries)."""
    try:
        address = IPv6Address(value) if ":" in value else IPv4Address(value)
    except AddressValueError:
        return False
    return address.is_global and not address.is_multicast
