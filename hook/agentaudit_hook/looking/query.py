"""Queries over the records of one machine: `risk:>=high -tool:Bash "drop table"`, as the page reads
them, as far as this machine knows the fields.

Terms are joined by AND, the values of one term by OR. What a rule found, and its controls, the
server alone knows.
"""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from agentaudit_hook.looking.watch import Row
from agentaudit_processor.model import RiskLevel

FIELDS = {
    "risk": "risk",
    "decision": "decision",
    "action": "action",
    "tool": "tool",
    "kind": "kind",
    "outcome": "state",
    "agent": "agent",
    "user": "user",
    "host": "host",
    "session": "session",
    "id": "id",
    "cwd": "cwd",
    "cmd": "command",
    "path": "path",
}
"""Name in a query → field of a Row."""
OF_THE_SERVER = ("pii", "rule", "finding", "framework", "control", "env", "repo")
_RISKS = {level.label: level for level in RiskLevel}
_COMPARISONS: dict[str, Callable[[RiskLevel, RiskLevel], bool]] = {
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
}

Test = Callable[[Row], bool]


class BadQuery(Exception):
    """The query means nothing; the text says what, and what it may be."""


@dataclass(frozen=True, slots=True)
class Query:
    """All of its tests must be true."""

    tests: tuple[Test, ...]

    def matches(self, row: Row) -> bool:
        """Whether a Row is asked for."""
        return all(test(row) for test in self.tests)


def read_query(text: str) -> Query:
    """Read what a person typed.

    Raises:
        BadQuery: an unknown field or level, a quote that is left open.
    """
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.quotes, lexer.escape = True, "", '"', ""
    try:
        return Query(tuple(_test(word) for word in lexer))
    except ValueError as error:
        raise BadQuery("a quote is left open") from error


def _test(word: str) -> Test:
    negated = word.startswith("-") and len(word) > 1
    name, colon, value = word.removeprefix("-").partition(":")
    is_term = bool(colon) and name.isidentifier() and not value.startswith("//")
    test = _term(name, value) if is_term else _holds(word.removeprefix("-" if negated else ""))
    return (lambda row: not test(row)) if negated else test


def _term(name: str, value: str) -> Test:
    if name in OF_THE_SERVER:
        raise BadQuery(f"{name} is known to the server alone: use the dashboard")
    if name not in FIELDS:
        raise BadQuery(f"unknown field {name}; there are {', '.join(FIELDS)}")
    field = FIELDS[name]
    if name == "risk" and value[:1] in ("<", ">"):
        return _level(value)
    wanted = [one.casefold() for one in value.split(",")]
    if name == "risk" and "*" not in value:
        for one in wanted:
            _level_of(one)

    def test(row: Row) -> bool:
        said = str(getattr(row, field)).casefold()
        return any(fnmatchcase(said, _literal(one)) and bool(said) for one in wanted)

    return test


def _level(value: str) -> Test:
    sign = value[:2] if value[:2] in _COMPARISONS else value[:1]
    level, compare = _level_of(value.removeprefix(sign)), _COMPARISONS[sign]
    return lambda row: row.risk in _RISKS and compare(_RISKS[row.risk], level)


def _level_of(label: str) -> RiskLevel:
    try:
        return _RISKS[label]
    except KeyError as error:
        raise BadQuery(f"unknown level {label!r}; there are {', '.join(_RISKS)}") from error


def _holds(word: str) -> Test:
    wanted = word.casefold()
    return lambda row: wanted in f"{row.summary}\n{row.command}\n{row.path}".casefold()


def _literal(pattern: str) -> str:
    """Only `*` has a meaning."""
    return pattern.replace("[", "[[]").replace("?", "[?]")
