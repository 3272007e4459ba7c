"""hyperscan's part in the first pass: a database of patterns, compiled once and kept.

    pattern (RE2) -> the same in hyperscan's dialect -> database -> kept on disk -> loaded in 1 ms

A kept database is good for one version of the library, one kind of CPU and these very patterns; its
name is made of all three. It is compiled by `python -m` of this module in a process of its own, so
that neither the time nor the 50 MB are the caller's. Where hyperscan is not installed, or anything
is wrong with a database, there is none, and the caller goes on with RE2.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

from agentaudit_processor.kept import keep, read_kept

try:
    import hyperscan
except ImportError:  # no wheel for this machine
    IS_INSTALLED = False
else:
    IS_INSTALLED = True

_KIND = "patterns"
_KIND_OF_REST = "unfit"
"""Apart from the database, which hyperscan wants in bytes of its own: megabytes are not copied."""
_COMPILE_SECONDS = 120
_WATCH_SECONDS = 0.5
_FORMAT = "3"
"""Grows by one with every change to what is compiled from a pattern, or to how it is kept."""


class Database:
    """Patterns, compiled. Any thread may scan."""

    def __init__(self, compiled: "hyperscan.Database", left_out: Sequence[int]) -> None:
        self._compiled = compiled
        self._spare = [hyperscan.Scratch(compiled)]
        self.left_out = left_out
        """Indices of the patterns that hyperscan cannot do."""

    def scan(self, text: bytes) -> list[int]:
        """Indices of the patterns that occur in `text`, each once."""
        found: list[int] = []
        try:
            scratch = self._spare.pop()  # working memory: one for each scan that runs
        except IndexError:
            scratch = hyperscan.Scratch(self._compiled)
        self._compiled.scan(text, _take, context=found, scratch=scratch)
        self._spare.append(scratch)
        return found


def kept_database(patterns: Sequence[str]) -> Database | None:
    """The database of `patterns` that was compiled before, if there is one to be trusted."""
    if not IS_INSTALLED:
        return None
    key = key_of(patterns)
    left_out, body = read_kept(_KIND_OF_REST, key), read_kept(_KIND, key)
    return _loaded(left_out, body) if left_out is not None and body is not None else None


def compiled_database(patterns: Sequence[str]) -> Database | None:
    """The database of `patterns`, compiled now and kept; None where hyperscan cannot."""
    if not IS_INSTALLED:
        return None
    import subprocess  # noqa: PLC0415  3 ms that a start from the cache is spared

    command = [sys.executable, "-P", "-m", __name__, str(os.getpid())]
    try:
        done = subprocess.run(  # noqa: S603  this module, by this interpreter
            command,
            input=json.dumps(patterns).encode(),
            capture_output=True,
            timeout=_COMPILE_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    left_out, _, body = done.stdout.partition(b"\n")
    database = _loaded(left_out, body)
    if database is not None:
        key = key_of(patterns)
        keep(_KIND, key, body)
        keep(_KIND_OF_REST, key, left_out)
    return database


def key_of(patterns: Sequence[str]) -> str:
    """The name under which the database of `patterns` is kept on this machine."""
    told = [_FORMAT, sys.platform, _platform(), *patterns]
    return sha256(json.dumps(told).encode()).hexdigest()[:32]


def in_hyperscan(pattern: str) -> str | None:
    """RE2's `pattern` as hyperscan writes it; None where the two may mean different things by it.

    For hyperscan `$` also matches before a last newline, and white space has a sixth sign.
    """
    flags, rest = _flags(pattern)
    if "U" in flags or _changes_flags(rest):
        return None
    pieces: list[str] = []
    opened = -1  # where the class began that this sign is in
    signs = iter(rest)
    for sign in signs:
        piece = sign + next(signs, "") if sign == "\\" else sign
        in_class = opened >= 0
        if piece in _OTHERWISE or (in_class and _is_otherwise(piece, pieces[opened:])):
            return None
        if in_class:
            opened = -1 if piece == "]" else opened
        elif piece == "[":
            opened = len(pieces)
        elif piece == "$" and "m" not in flags:
            piece = "\\z"
        pieces.append((_IN_CLASS if in_class else _OUTSIDE).get(piece, piece))
    return (f"(?{flags})" if flags else "") + "".join(pieces)


_OUTSIDE = {r"\s": r"[\t\n\f\r ]", r"\S": r"[^\t\n\f\r ]"}
_IN_CLASS = {r"\s": r"\t\n\f\r "}
_OTHERWISE = frozenset((r"\C", r"\Q", r"\v", r"\p", r"\P"))


def _is_otherwise(piece: str, before: Sequence[str]) -> bool:
    """Tell whether `piece`, in a class that began with `before`, may mean another thing."""
    if piece == "]":
        return before[-1] in ("[", "^")
    return piece == r"\S" or (piece == ":" and before[-1] == "[" and len(before) > 1)


def _flags(pattern: str) -> tuple[str, str]:
    """The flags that `pattern` begins with, `im` of `(?im)…`, and what follows them."""
    flags, closed, rest = pattern.removeprefix("(?").partition(")")
    return (flags, rest) if closed and pattern[:2] == "(?" and flags.isalpha() else ("", pattern)


def _changes_flags(pattern: str) -> bool:
    """Tell whether `(?m)` or `(?U)` change what the signs mean from here on."""
    starts = pattern.split("(?")[1:]
    return any({"m", "U"} & set(start[: start.find(")") + 1].partition(":")[0]) for start in starts)


def _take(index: int, _start: int, _end: int, _flags: int, found: Any) -> None:
    found.append(index)


@cache
def _platform() -> str:
    """Version and CPU features that a database compiled here is for, as the engine tells them."""
    tiny = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    tiny.compile([b"a"])
    return str(tiny.info())


def _loaded(left_out: bytes, body: bytes) -> Database | None:
    """The Database of what `_compiled` wrote; None if there is anything wrong with it."""
    try:
        indices = json.loads(left_out)
        return Database(hyperscan.loadb(body, hyperscan.HS_MODE_BLOCK), indices)
    except (ValueError, hyperscan.error):
        return None


def _compiled(patterns: Sequence[str]) -> bytes:
    """A line with the indices that are left out, and the serialised database."""
    written = {at: form for at, pattern in enumerate(patterns) if (form := in_hyperscan(pattern))}
    try:
        database = _database_of(written)
    except hyperscan.error:
        written = {at: form for at, form in written.items() if _is_taken(form)}
        database = _database_of(written)
    left_out = [at for at in range(len(patterns)) if at not in written]
    return json.dumps(left_out).encode() + b"\n" + hyperscan.dumpb(database)


def _is_taken(form: str) -> bool:
    try:
        _database_of({0: form})
    except hyperscan.error:
        return False
    return True


def _database_of(forms: Mapping[int, str]) -> "hyperscan.Database":
    """A database of patterns by their index.

    Raises:
        hyperscan.error: it does not take one of them, or all together.
    """
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[form.encode() for form in forms.values()],
        ids=list(forms),
        elements=len(forms),
        flags=[hyperscan.HS_FLAG_SINGLEMATCH] * len(forms),
    )
    return database


def _end_with(parent: int) -> None:
    """End this process when `parent`, which started it, is gone: nobody would take what it makes.

    The compiler is one long call, which lets other threads run: one of them watches.
    """
    import threading  # noqa: PLC0415  for the process that compiles alone
    import time  # noqa: PLC0415

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(10)  # nobody waits for it
    _end_with(int(sys.argv[1]))
    sys.stdout.buffer.write(_compiled(json.load(sys.stdin)))
