"""Finds what rules ask for among the leaves that came since, and fires: once, whoever looks.

Follows the ledger, whose leaves have no gap and come in the order of their commits: nothing that
was stored is passed over, and no writer waits for it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select, update

from agentaudit_backend.store.alert_rules import CHANNELS, RULES
from agentaudit_backend.store.alert_tables import Alert, AlertDelivery, AlertMatch
from agentaudit_backend.store.alert_views import DeliveryState
from agentaudit_backend.store.bulk import chunks
from agentaudit_backend.store.database import reading, writing
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS, conditions
from agentaudit_backend.store.tables import LedgerHead, LedgerLeaf, table_of

MATCHES = table_of(AlertMatch)
ALERTS = table_of(Alert)
DELIVERIES = table_of(AlertDelivery)
_HEADS = table_of(LedgerHead)
_LEAVES = table_of(LedgerLeaf)
LEAVES_AT_ONCE = 2000
KEPT = timedelta(days=90)
"""How long it is remembered that an Event was found: later it may be completed, and found anew."""

FilterOf = Callable[[str], EventFilter]


def look(engine: Engine, filter_of: FilterOf, now: datetime) -> int:
    """Take each rule one step further; gives how many alerts were fired, -1 if nothing was new.

    Args:
        filter_of: the filter that a rule's query means, without bounds in time.
    """
    behind = _behind(engine)
    fired = 0
    for rule in behind:
        until = min(rule["size"], rule["checked_seq"] + LEAVES_AT_ONCE)
        with reading(engine) as connection:
            found = _found(connection, rule, until, filter_of(rule["query"]))
        with writing(engine) as connection:
            if _claimed(connection, rule, until) and found:
                fired += _matched(connection, rule, found, now)
    return fired if behind else -1


def forget(engine: Engine, now: datetime) -> None:
    """Remove what was found too long ago to matter."""
    with writing(engine) as connection:
        connection.execute(delete(MATCHES).where(MATCHES.c.matched_at < now - KEPT))


def dense(times: Sequence[datetime], threshold: int, window: timedelta) -> list[int]:
    """Places of the times, which are in order, that lie in a window with `threshold` of them."""
    found: list[int] = []
    first = 0
    for last, at in enumerate(times):
        while times[first] <= at - window:
            first += 1
        if last - first + 1 >= threshold:
            found += range(max(first, found[-1] + 1 if found else 0), last + 1)
    return found


def _behind(engine: Engine) -> Sequence[RowMapping]:
    """The rules that have not seen every leaf, with the size of their ledger."""
    with reading(engine) as connection:
        return (
            connection.execute(
                select(RULES, _HEADS.c.size)
                .join(_HEADS, _HEADS.c.organization_id == RULES.c.organization_id)
                .where(RULES.c.enabled, RULES.c.checked_seq < _HEADS.c.size)
            )
            .mappings()
            .all()
        )


def _found(
    connection: Connection, rule: RowMapping, until: int, where: EventFilter
) -> Sequence[RowMapping]:
    new = select(_LEAVES.c.event_id).where(
        _LEAVES.c.organization_id == rule["organization_id"],
        _LEAVES.c.seq >= rule["checked_seq"],
        _LEAVES.c.seq < until,
    )
    return (
        connection.execute(
            select(EVENTS.c.event_id, EVENTS.c.at, EVENTS.c.risk)
            .where(EVENTS.c.event_id.in_(new))
            .where(*conditions(rule["organization_id"], where))
        )
        .mappings()
        .all()
    )


def _claimed(connection: Connection, rule: RowMapping, until: int) -> bool:
    """Move the rule on, unless another server has, or somebody changed the rule meanwhile."""
    moved = connection.execute(
        update(RULES)
        .where(RULES.c.rule_id == rule["rule_id"], RULES.c.enabled)
        .where(RULES.c.checked_seq == rule["checked_seq"])
        .where(RULES.c.changed_at == rule["changed_at"])
        .values(checked_seq=until)
    )
    return moved.rowcount == 1


def _matched(
    connection: Connection, rule: RowMapping, found: Sequence[RowMapping], now: datetime
) -> int:
    """Keep what is new of `found`; gives 1 if an alert was fired of it."""
    known = set(
        connection.execute(
            select(MATCHES.c.event_id)
            .where(MATCHES.c.rule_id == rule["rule_id"])
            .where(MATCHES.c.event_id.in_([row["event_id"] for row in found]))
        ).scalars()
    )
    new = [row for row in found if row["event_id"] not in known]
    if not new:
        return 0
    alert_id = _quiet(connection, rule, now)
    connection.execute(
        insert(MATCHES),
        [
            {**row, "rule_id": rule["rule_id"], "matched_at": now, "alert_id": alert_id}
            for row in new
        ],
    )
    if alert_id is not None:
        _count(connection, alert_id)
        return 0
    return _fire(connection, rule, min(row["at"] for row in new), now)


def _quiet(connection: Connection, rule: RowMapping, now: datetime) -> str | None:
    """The alert of this rule that was fired so lately that it is to speak for more Events."""
    return connection.execute(
        select(ALERTS.c.alert_id)
        .where(ALERTS.c.rule_id == rule["rule_id"])
        .where(ALERTS.c.fired_at > now - timedelta(seconds=rule["quiet_s"]))
        .order_by(ALERTS.c.fired_at.desc())
        .limit(1)
    ).scalar_one_or_none()


def _fire(connection: Connection, rule: RowMapping, oldest: datetime, now: datetime) -> int:
    """Fire if any window holds enough Events, with the Events of all such windows."""
    window = timedelta(seconds=rule["window_s"])
    waiting = connection.execute(
        select(MATCHES.c.event_id, MATCHES.c.at)
        .where(MATCHES.c.rule_id == rule["rule_id"])
        .where(MATCHES.c.alert_id.is_(None), MATCHES.c.at > oldest - window)
        .order_by(MATCHES.c.at, MATCHES.c.event_id)
    ).all()
    enough = dense([row.at for row in waiting], rule["threshold"], window)
    if not enough:
        return 0
    alert_id = token_hex(8)
    for chunk in chunks([waiting[at].event_id for at in enough]):
        connection.execute(
            update(MATCHES)
            .where(MATCHES.c.rule_id == rule["rule_id"], MATCHES.c.event_id.in_(chunk))
            .values(alert_id=alert_id)
        )
    connection.execute(
        insert(ALERTS),
        {
            "alert_id": alert_id,
            "organization_id": rule["organization_id"],
            "rule_id": rule["rule_id"],
            "rule_name": rule["name"],
            "query": rule["query"],
            "fired_at": now,
            "events": 0,
            "risk": 0,
            "note": "",
        },
    )
    _count(connection, alert_id)
    if messages := _messages(connection, rule, alert_id, now):
        connection.execute(insert(DELIVERIES), messages)
    return 1


def _count(connection: Connection, alert_id: str) -> None:
    """Bring the alert's figures up to its matches."""
    own = MATCHES.c.alert_id == alert_id
    count, risk = connection.execute(
        select(func.count(), func.max(MATCHES.c.risk)).where(own)
    ).one()
    connection.execute(
        update(ALERTS).where(ALERTS.c.alert_id == alert_id).values(events=count, risk=risk)
    )


def _messages(
    connection: Connection, rule: RowMapping, alert_id: str, now: datetime
) -> list[dict[str, Any]]:
    standing = connection.execute(
        select(CHANNELS.c.channel_id)
        .where(CHANNELS.c.channel_id.in_(rule["channels"]))
        .where(CHANNELS.c.organization_id == rule["organization_id"])
        .where(CHANNELS.c.removed_at.is_(None))
    ).scalars()
    return [
        {
            "delivery_id": token_hex(12),
            "organization_id": rule["organization_id"],
            "alert_id": alert_id,
            "channel_id": channel_id,
            "state": DeliveryState.WAITING.value,
            "attempts": 0,
            "due_at": now,
        }
        for channel_id in standing
    ]
