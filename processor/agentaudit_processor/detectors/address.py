"""E-mail addresses that may be a person's; IP addresses, of the public internet or not."""

from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network

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
_ENDINGS = """
js ts jsx tsx mjs cjs json jsonl ndjson py pyc ipynb md mdx rst adoc tex txt log lock html htm css
scss xml xsd xsl yml yaml toml ini cfg conf env properties service socket timer target mount png
jpg jpeg gif svg webp avif bmp ico tif tiff psd heic pdf doc docx xls xlsx ppt pptx odt ods csv tsv
parquet avro sql db sqlite dump bak tmp old orig eml msg ics vcf pem crt cer key csr pfx jks java
kt scala go rb php vue cpp hpp cs vb lua exs proto gradle mp3 mp4 wav ogg webm ttf otf woff eot exe
dll jar war whl deb rpm apk dmg iso img gz tgz bz xz zst tar rar zip
"""
_FILE_ENDINGS = frozenset(_ENDINGS.split())
"""A top-level domain of this name is none, or has next to no users: `x@2x.png`, `a@b.org.csv`."""


_LEAST_OF_ADDRESS = 32
_LIKE_VERSIONS = {"8.8.8.8", "8.8.4.4", "1.1.1.1", "9.9.9.9"}
"""Addresses of the internet that everybody writes, though all their numbers are small."""
_HANDED_OUT = ("2", "3", "fe8", "fe9", "fea", "feb", "fc", "fd")
"""How the ranges of version 6 begin that are in use: global, link-local, unique local."""
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""Addresses of version 4 written as version 6 (RFC 6052)."""


def is_email(value: str) -> bool:
    """Tell whether `value` may be a person's e-mail address (RFC 5321 limits).

    Addresses in example domains count: they stand for people in tests and in documents alike, and
    a masked example costs nothing. `git@github.com` and file names do not.
    """
    local, _, domain = value.replace("%40", "@").rpartition("@")
    labels = domain.lower().split(".")
    if len(local) > 64 or len(domain) > 253 or local.lower() in _MACHINE_LOCAL_PARTS:
        return False
    if ".." in value or not local or local.startswith(".") or local.endswith("."):
        return False
    dotted = f".{domain}."
    if ".." in dotted or ".-" in dotted or "-." in dotted:
        return False
    top = labels[-1]
    return top.isalpha() and top not in _NO_TOP_LEVEL and top not in _FILE_ENDINGS


def is_ip(value: str) -> bool:
    """Tell whether `value` is an address of the public internet (IANA special registries).

    Four small numbers, as in `7.0.8.1`, are no address: they are a version, thousands of times
    more often. Short ones of version 6 that may be names in code (`a::b`) are none either.
    """
    if ":" not in value and value not in _LIKE_VERSIONS and _is_like_a_version(value):
        return False
    return is_named_ip(value)


def is_named_ip(value: str) -> bool:
    """The same of a `value` that a word beside it calls an address: a version then is none."""
    address = _address_of(value)
    if isinstance(address, IPv6Address):
        return address in _TRANSLATED or (address in _GLOBAL_UNICAST and address.is_global)
    return address is not None and address.is_global and not address.is_multicast


def is_private_ip(value: str) -> bool:
    """Tell whether `value` is an address that the public internet does not know.

    Private, shared, link-local, for documentation or never given out. Not what is no device at
    all: loopback, unspecified, multicast, masks.
    """
    address = _address_of(value)
    if address is None or address.is_multicast or is_named_ip(value):
        return False
    if isinstance(address, IPv6Address):
        return not (address.is_loopback or address.is_unspecified)
    nobody = address.packed[0] == 0 or address.is_loopback or address.is_reserved
    return not nobody and not address.is_global


def _address_of(value: str) -> IPv4Address | IPv6Address | None:
    """The address written as `value`; of version 4 also where version 6 holds it."""
    try:
        if ":" not in value:
            return IPv4Address(value)
        address = IPv6Address(value)
    except AddressValueError:
        return None
    inner = address.ipv4_mapped
    if inner is None and int(address) >> 32 == 0 and "." in value:
        inner = IPv4Address(int(address))  # `::10.0.0.1`, of old
    if inner is not None:
        return inner
    return address if _is_distinct(value) else None


def _is_like_a_version(value: str) -> bool:
    return all(int(part) < _LEAST_OF_ADDRESS for part in value.split(".") if part.isdecimal())


def _is_distinct(value: str) -> bool:
    """Tell whether an address of version 6 is no name in code: `a::b`, `dead::`."""
    groups = [group for group in value.split(":") if group]
    told = len(groups) >= 3 or "." in value
    routed = bool(groups) and len(groups[0]) == 4 and value.lower().startswith(_HANDED_OUT)
    told = (told or routed) and (len(groups) > 1 or not value.endswith("::"))
    return told and any(sign.isdecimal() for sign in value)
