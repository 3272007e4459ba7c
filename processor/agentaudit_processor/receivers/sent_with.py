"""Headers of a request that go along with what is forwarded of it: who a tenant is, say.

As a Collector's `include_metadata` with `headers_setter`, by names that the operator gives. Never a
key, and nothing that says how the request itself is sent.
"""

from collections.abc import Iterable

from agentaudit_processor.ports import SentWith

_MAX_VALUE = 1_000
_OF_ITS_OWN = frozenset(
    (
        "authorization",
        "connection",
        "cookie",
        "host",
        "keep-alive",
        "proxy-authorization",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    )
)
_KINDS_OF_ITS_OWN = ("content-", "accept", "grpc-", ":", "x-forwarded-")


def may_go_along(name: str) -> bool:
    """Whether a header of this name, in lower case, may be passed on."""
    return name not in _OF_ITS_OWN and not name.startswith(_KINDS_OF_ITS_OWN)


def sent_with(headers: Iterable[tuple[str, str | bytes]], wanted: frozenset[str]) -> SentWith:
    """Those of `headers` that are wanted; of a name given twice, the first."""
    found: dict[str, str] = {}
    for name, value in headers if wanted else ():
        if name.lower() in wanted and isinstance(value, str) and _is_plain(value):
            found.setdefault(name.lower(), value)
    return tuple(sorted(found.items()))


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable() and len(value) <= _MAX_VALUE
