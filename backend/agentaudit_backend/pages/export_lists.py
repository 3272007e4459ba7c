"""Which lists can be taken away, and the rows that each page's state stands for."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

from agentaudit_backend.exports.lists import (
    ALERT_RULES,
    ALERTS,
    APPROVALS,
    KEYS,
    PEOPLE,
    SESSIONS,
    SUBJECTS,
    TakenKey,
    TakenRule,
    TakenSession,
)
from agentaudit_backend.exports.rows import Rows
from agentaudit_backend.pages.alert_rules import listed_rules
from agentaudit_backend.pages.keys import listed_keys
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.pages.query import BadQuery
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.pages.subjects import found
from agentaudit_backend.store.roles import CAN_READ

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenList:
    """What is about to leave; the items are read while it does."""

    rows: Rows[Any]
    items: Iterable[Any]
    scope: str
    """The condition in words."""


def taken_list(visit: Visit, name: str, state: str) -> TakenList:
    """The rows of the list `name` under the state of its page, in the page's order, all of them.

    Raises:
        BadQuery: there is no such list, or its state means nothing.
    """
    if name not in LISTS:
        raise BadQuery("list", f"expected one of {', '.join(LISTS)}")
    return LISTS[name](visit, state)


def _sessions(visit: Visit, state: str) -> TakenList:
    query = parse(parse_qsl(state)).at(None)
    walked = visit.site.store.walk_sessions(visit.organization_id, query.filter(visit.now))
    items = (TakenSession(session=session, repository=where) for session, where in walked)
    return TakenList(rows=SESSIONS, items=items, scope=query.told())


def _subjects(kind: str, visit: Visit, state: str) -> TakenList:
    pairs = parse_qsl(state)
    query = parse(pairs).at(None)
    name = dict(pairs).get("find", "")
    scope = query.told() + (f"; “{name}” in the name" if name else "")
    return TakenList(rows=SUBJECTS[kind], items=found(visit, kind, query, name), scope=scope)


def _alerts(visit: Visit, state: str) -> TakenList:
    open_only = dict(parse_qsl(state)).get("state") != "all"
    fired = partial(visit.site.store.alerts.fired, visit.organization_id, open_only=open_only)
    items = _walked(lambda last: fired(after=last))
    return TakenList(rows=ALERTS, items=items, scope="not acknowledged" if open_only else "all")


def _approvals(visit: Visit, state: str) -> TakenList:
    pending = dict(parse_qsl(state)).get("state") != "decided"
    asked = partial(
        visit.site.store.approvals.list, visit.organization_id, visit.now, pending=pending
    )
    items = _walked(lambda last: asked(after=last))
    return TakenList(rows=APPROVALS, items=items, scope="waiting" if pending else "decided")


def _rules(visit: Visit, _state: str) -> TakenList:
    items = [TakenRule(rule=row.rule, channels=row.channels) for row in listed_rules(visit)]
    return TakenList(rows=ALERT_RULES, items=items, scope="all")


def _keys(rows: Rows[TakenKey], roles: frozenset[str] | None, visit: Visit, _: str) -> TakenList:
    listed = [row for row in listed_keys(visit) if roles is None or row.key.role in roles]
    items = [TakenKey(key=row.key, state=row.state) for row in listed]
    return TakenList(rows=rows, items=items, scope="all")


def _walked(fetch: Callable[[Item | None], Sequence[Item]]) -> Iterator[Item]:
    """Page after page, each read when it is wanted."""
    last: Item | None = None
    while items := fetch(last):
        yield from items
        last = items[-1]


LISTS: Final[Mapping[str, Callable[[Visit, str], TakenList]]] = {
    "sessions": _sessions,
    "users": partial(_subjects, "user"),
    "agents": partial(_subjects, "agent"),
    "hosts": partial(_subjects, "host"),
    "alerts": _alerts,
    "approvals": _approvals,
    "alert-rules": _rules,
    "keys": partial(_keys, KEYS, None),
    "people": partial(_keys, PEOPLE, frozenset(CAN_READ)),
}
