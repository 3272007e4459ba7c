"""Why a server did not answer, in a few words: libraries wrap the reason several times over."""

import os
import ssl
from collections.abc import Iterator
from socket import gaierror

MAX_CHARS = 160
MAX_LEVELS = 12
IN_TIME = "no answer in time"
_CLOSED = "the connection was closed"


def cause_in_words(error: BaseException | None) -> str:
    """`connection refused`, `no answer in time`, and so on; nothing that only a program reads."""
    chain = list(_chain(error))
    words = next((told for one in reversed(chain) if (told := _words(one))), "")
    if not words:
        words = _plain(chain[-1]) if chain else IN_TIME
    by_proxy = any(type(one).__name__ == "ProxyError" for one in chain)
    return f"the proxy: {words}" if by_proxy else words


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it came of, the innermost last."""
    for _ in range(MAX_LEVELS):
        if error is None:
            return
        yield error
        inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
        if not isinstance(inner, BaseException):
            inner = error.__cause__ or error.__context__
        error = inner


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError):
        return _plain(error)
    if isinstance(error, gaierror):
        return "its name is not known here"
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return IN_TIME
    if isinstance(error, ConnectionError):
        return "connection refused" if isinstance(error, ConnectionRefusedError) else _CLOSED
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno).lower()
    return ""


def _plain(error: BaseException) -> str:
    """What it says, or its kind where that is no sentence."""
    told = str(error)
    is_of_program = "object at 0x" in told or "Connection(" in told or "ConnectionPool(" in told
    return (type(error).__name__ if is_of_program or not told else told)[:MAX_CHARS]
