"""Query parameters -> a Query: checked, aliases understood, unknown ones ignored.

A bad value is told with its field's name (422). Parameters of the API (`risk_level`, `agent_id`,
`after` …) are understood as aliases.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import Enum
from types import MappingProxyType
from typing import Final

from agentaudit_backend.pages.columns import read_columns
from agentaudit_backend.pages.query import (
    DEFAULT_LIMIT,
    DEFAULT_RANGE,
    DEFAULT_SORT,
    FACETS,
    RANGES,
    SORTS,
    VALUE_LIMIT,
    BadQuery,
    Query,
    Sort,
)
from agentaudit_backend.templates.zones import zone_of
from agentaudit_processor.model import Action, Decision, EventKind, ReviewState, RiskLevel
from agentaudit_processor.query.language import QueryError, read_query

LIMITS = (25, 50, 100, 200)
VALUES_LIMIT = 50
"""Values of one parameter."""

YEARS = range(1970, 2262)
"""What unix nanoseconds in 64 bits can tell; no Event lies outside."""

ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "risk_level": "risk",
        "agent_id": "agent",
        "session_id": "session",
        "pii_detected": "pii",
        "after": "from",
        "before": "to",
    }
)
_TIME = ("range", "from", "to", "zone")
_NAMES = ("tool", "user", "agent", "host", "session")
"""Facets whose values agents and users choose: spaces around one are part of it."""

_PII = {
    "true": "yes",
    "yes": "yes",
    "1": "yes",
    "false": "none",
    "no": "none",
    "none": "none",
    "0": "none",
}


def parse(pairs: Iterable[tuple[str, str]]) -> Query:
    """Read query parameters, in the order of the URL.

    Raises:
        BadQuery: a value means nothing for its field.
    """
    given = _gathered(pairs)
    zone = read_zone(_last(given, "zone"))
    facets = {name: _values(name, given[name]) for name in FACETS if given.get(name)}
    query = Query(
        facets={k: v for k, v in facets.items() if v},
        text=_last(given, "q"),
        range=_range(_last(given, "range")),
        since=_time("from", _last(given, "from"), zone),
        until=_time("to", _last(given, "to"), zone),
        cursor=_last(given, "cursor"),
        sort=_sort(_last(given, "sort")),
        columns=read_columns(_last(given, "cols")),
        limit=_limit(_last(given, "limit")),
    )
    if query.since and query.until and query.until <= query.since:
        raise BadQuery("to", "must be later than “from”")
    try:
        read_query(query.text or "")
    except QueryError as wrong:
        raise BadQuery("q", str(wrong)) from None
    return query


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an address asks for, without what people mistype; that is told beside its field."""

    query: Query
    text: str
    """Of the query, as it was typed."""
    wrong: str | None = None
    """What that text means nothing by; the list is without it then."""
    wrong_time: str | None = None
    """The same of the time."""

    @property
    def status(self) -> int:
        """Of the answer: something was wrong, or nothing."""
        return 422 if self.wrong or self.wrong_time else 200


def parse_gently(pairs: Sequence[tuple[str, str]]) -> Asked:
    """Read query parameters; a slip in the text or in the time is left out, and told.

    Raises:
        BadQuery: another parameter is wrong.
    """
    text = next((value for name, value in reversed(pairs) if name == "q"), "").strip()
    wrong: dict[str, str] = {}
    left = list(pairs)
    while True:
        try:
            query = parse(left)
        except BadQuery as problem:
            name = ALIASES.get(problem.field, problem.field)
            left, told = _without_slip(left, name), f"“{problem.field}” {problem.message}"
            if name == "q":
                wrong["q"] = problem.message
            elif name in _TIME:
                wrong.setdefault("time", told)
            else:
                raise
        else:
            return Asked(query=query, text=text, wrong=wrong.get("q"), wrong_time=wrong.get("time"))


def _without_slip(pairs: Sequence[tuple[str, str]], name: str) -> list[tuple[str, str]]:
    """Without the field; the times of a zone that is none mean nothing either."""
    gone = ("zone", "from", "to") if name == "zone" else (name,)
    return [pair for pair in pairs if ALIASES.get(pair[0], pair[0]) not in gone]


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {}
    for key, value in pairs:
        name = ALIASES.get(key, key)
        if not (value if name in _NAMES else value.strip()):
            continue  # an empty field of a form is no condition
        if len(value) > VALUE_LIMIT:
            raise BadQuery(key, f"longer than {VALUE_LIMIT} characters")
        values = given.setdefault(name, [])
        values.append(value if name in _NAMES else value.strip())
        if name in FACETS and len(values) > VALUES_LIMIT:
            raise BadQuery(key, f"more than {VALUES_LIMIT} values")
    return given


def _values(name: str, raw: list[str]) -> tuple[str, ...]:
    read = _READERS.get(name)
    values = [value if read is None else read(name, value) for value in raw]
    if name == "kind" and "all" in values:
        values = [kind.value for kind in EventKind]
    return tuple(dict.fromkeys(values))


def _one_of(words: Callable[[], Iterable[str]]) -> Callable[[str, str], str]:
    def read(name: str, value: str) -> str:
        known = list(words())
        if value.lower() not in known:
            raise BadQuery(name, f"“{value}” is none of {', '.join(known)}")
        return value.lower()

    return read


def _labels(kind: type[Enum]) -> Callable[[], list[str]]:
    return lambda: [str(each.value) for each in kind]


def _read_pii(name: str, value: str) -> str:
    try:
        return _PII[value.lower()]
    except KeyError:
        raise BadQuery(name, f"“{value}” is neither yes nor none") from None


_READERS: Final[Mapping[str, Callable[[str, str], str]]] = {
    "risk": _one_of(lambda: [level.label for level in RiskLevel]),
    "action": _one_of(_labels(Action)),
    "decision": _one_of(_labels(Decision)),
    "review": _one_of(_labels(ReviewState)),
    "kind": _one_of(lambda: [*_labels(EventKind)(), "all"]),
    "pii": _read_pii,
}


def _last(given: Mapping[str, list[str]], name: str) -> str | None:
    return given[name][-1] if name in given else None


def _range(value: str | None) -> str:
    if value is None:
        return DEFAULT_RANGE
    if value not in RANGES:
        raise BadQuery("range", f"“{value}” is none of {', '.join(RANGES)}")
    return value


def _sort(value: str | None) -> Sort:
    known = {each: each for each in SORTS}
    if value is not None and value not in known:
        raise BadQuery("sort", f"“{value}” is none of {', '.join(SORTS)}")
    return known[value] if value else DEFAULT_SORT


def _limit(value: str | None) -> int:
    if value is None:
        return DEFAULT_LIMIT
    if value not in map(str, LIMITS):
        raise BadQuery("limit", f"“{value}” is none of {', '.join(map(str, LIMITS))}")
    return int(value)


def read_zone(name: str | None) -> tzinfo:
    """The zone in which an address gives times that name none; UTC unless it says another.

    Raises:
        BadQuery: there is no such zone.
    """
    zone = zone_of(name) if name else UTC
    if zone is None:
        raise BadQuery("zone", f"“{name}” is no time zone such as Europe/Berlin")
    return zone


def _time(name: str, value: str | None, zone: tzinfo) -> datetime | None:
    return None if value is None else read_time(name, value, zone)


def read_time(name: str, value: str, zone: tzinfo = UTC) -> datetime:
    """ISO 8601; without a zone it is in `zone`, as the form's fields are labelled.

    Of an hour that comes twice, when clocks are set back, the first is meant.

    Raises:
        BadQuery: it is none, or one that no Event can have.
    """
    try:
        given = datetime.fromisoformat(value)
        at = (given.replace(tzinfo=zone) if given.tzinfo is None else given).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadQuery(name, f"“{value}” is no time such as 2026-11-22T21:04Z") from None
    if at.year not in YEARS:
        raise BadQuery(name, f"“{value}” is before {YEARS[0]} or after {YEARS[-1]}")
    return at
