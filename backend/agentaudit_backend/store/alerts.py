"""Alerts that were fired, and the outbox of their messages."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, update

from agentaudit_backend.store.alert_matching import (
    ALERTS,
    DELIVERIES,
    MATCHES,
    FilterOf,
    forget,
    look,
)
from agentaudit_backend.store.alert_rules import CHANNELS, AlertRules, Row, channel_of
from agentaudit_backend.store.alert_views import Delivery, DeliveryState, FiredAlert
from agentaudit_backend.store.database import reading, writing
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS, conditions
from agentaudit_backend.store.reading.detail import event_row_view
from agentaudit_backend.store.reading.keyset import beyond
from agentaudit_backend.store.views import EventRow
from agentaudit_processor.model import RiskLevel

LEASE = timedelta(minutes=2)
"""How long a message that somebody took to send is left to them."""
LISTED = 100
"""Alerts of one page."""
_LATEST = (ALERTS.c.fired_at, ALERTS.c.alert_id)


class Alerts(AlertRules):
    """Everything about alerts in one database."""

    def look(self, filter_of: FilterOf, now: datetime) -> int:
        """See `alert_matching.look`."""
        return look(self._engine, filter_of, now)

    def forget(self, now: datetime) -> None:
        """See `alert_matching.forget`."""
        forget(self._engine, now)

    def fired(
        self,
        organization_id: int,
        *,
        open_only: bool = False,
        after: FiredAlert | None = None,
        most: int = LISTED,
    ) -> tuple[FiredAlert, ...]:
        """The latest, the newest first; with `after` those that follow it in this order."""
        wanted = select(ALERTS).where(ALERTS.c.organization_id == organization_id)
        if open_only:
            wanted = wanted.where(ALERTS.c.acknowledged_at.is_(None))
        if after is not None:
            place = (after.fired_at, after.alert_id)
            wanted = wanted.where(beyond(_LATEST, place, descending=True))
        newest = wanted.order_by(*(column.desc() for column in _LATEST)).limit(most)
        with reading(self._engine) as connection:
            rows = connection.execute(newest).mappings().all()
            sent = _deliveries(connection, [row["alert_id"] for row in rows])
        return tuple(_alert(row, tuple(sent.get(row["alert_id"], ()))) for row in rows)

    def one(self, organization_id: int, alert_id: str) -> FiredAlert | None:
        """The organisation's alert of this id."""
        with reading(self._engine) as connection:
            row = _one(connection, organization_id, alert_id)
            sent = _deliveries(connection, [alert_id])
        return None if row is None else _alert(row, tuple(sent.get(alert_id, ())))

    def count_open(self, organization_id: int) -> int:
        """How many nobody has acknowledged."""
        counted = select(func.count()).select_from(ALERTS)
        with reading(self._engine) as connection:
            return connection.execute(
                counted.where(
                    ALERTS.c.organization_id == organization_id,
                    ALERTS.c.acknowledged_at.is_(None),
                )
            ).scalar_one()

    def events_of(self, organization_id: int, alert_id: str, limit: int) -> tuple[EventRow, ...]:
        """Its Events, the riskiest first; those that retention removed are left out."""
        with reading(self._engine) as connection:
            found = connection.execute(
                select(EVENTS)
                .join(MATCHES, MATCHES.c.event_id == EVENTS.c.event_id)
                .where(MATCHES.c.alert_id == alert_id)
                .where(EVENTS.c.organization_id == organization_id)
                .order_by(EVENTS.c.risk.desc(), EVENTS.c.at.desc(), EVENTS.c.pk.desc())
                .limit(limit)
            )
            return tuple(event_row_view(row) for row in found.mappings())

    def times(self, organization_id: int, where: EventFilter, limit: int) -> tuple[datetime, ...]:
        """When the filtered Events began, the oldest first; of more than `limit` the newest."""
        with reading(self._engine) as connection:
            newest = connection.execute(
                select(EVENTS.c.at)
                .where(*conditions(organization_id, where))
                .order_by(EVENTS.c.at.desc())
                .limit(limit)
            ).scalars()
            return tuple(newest)[::-1]

    def acknowledge(
        self, organization_id: int, alert_id: str, *, by: str, note: str, now: datetime
    ) -> FiredAlert:
        """Say that somebody has it in hand; who was first stays, and is given.

        Raises:
            LookupError: there is none of this id.
        """
        with writing(self._engine) as connection:
            connection.execute(
                update(ALERTS)
                .where(ALERTS.c.alert_id == alert_id)
                .where(ALERTS.c.organization_id == organization_id)
                .where(ALERTS.c.acknowledged_at.is_(None))
                .values(acknowledged_by=by, acknowledged_at=now, note=note)
            )
        found = self.one(organization_id, alert_id)
        if found is None:
            raise LookupError(alert_id)
        return found

    # --- the outbox ------------------------------------------------------------------------------
    def take(self, now: datetime) -> Delivery | None:
        """The message due longest, for the caller alone as long as `LEASE`; None if there is none.

        One whose channel was removed is given up on the way.
        """
        due = (DELIVERIES.c.state == DeliveryState.WAITING.value, DELIVERIES.c.due_at <= now)
        with writing(self._engine) as connection:
            row = (
                connection.execute(
                    _with_channel()
                    .where(*due)
                    .order_by(DELIVERIES.c.due_at)
                    .limit(1)
                    .with_for_update(skip_locked=True, of=DELIVERIES)  # SQLite ignores it
                )
                .mappings()
                .one_or_none()
            )
            if row is None:
                return None
            attempts = row["attempts"] + 1
            _set(connection, row["delivery_id"], attempts=attempts, due_at=now + LEASE)
        taken = _delivery({**row, "attempts": attempts})
        if row["removed_at"] is not None:
            self.failed(taken.delivery_id, "the channel was removed", retry_at=None, now=now)
            return self.take(now)
        return taken

    def sent(self, delivery_id: str, now: datetime) -> None:
        """It arrived."""
        state = DeliveryState.SENT.value
        with writing(self._engine) as connection:
            _set(connection, delivery_id, state=state, problem=None, ended_at=now)

    def failed(
        self, delivery_id: str, problem: str, *, retry_at: datetime | None, now: datetime
    ) -> None:
        """It did not, for this reason; None gives it up."""
        with writing(self._engine) as connection:
            if retry_at is not None:
                _set(connection, delivery_id, problem=problem, due_at=retry_at)
            else:
                state = DeliveryState.FAILED.value
                _set(connection, delivery_id, state=state, problem=problem, ended_at=now)

    def outbox(self, organization_id: int) -> tuple[int, int]:
        """How many messages wait, and how many were given up."""
        states = (DeliveryState.WAITING, DeliveryState.FAILED)
        counted = (
            select(DELIVERIES.c.state, func.count())
            .where(DELIVERIES.c.organization_id == organization_id)
            .where(DELIVERIES.c.state.in_([state.value for state in states]))
            .group_by(DELIVERIES.c.state)
        )
        with reading(self._engine) as connection:
            found = {state: int(count) for state, count in connection.execute(counted)}
        waiting, given_up = (found.get(state.value, 0) for state in states)
        return waiting, given_up

    def again(self, organization_id: int, delivery_id: str, now: datetime) -> bool:
        """Try a message that was given up once more, from the beginning; False if it is none."""
        with writing(self._engine) as connection:
            changed = connection.execute(
                update(DELIVERIES)
                .where(DELIVERIES.c.delivery_id == delivery_id)
                .where(DELIVERIES.c.organization_id == organization_id)
                .where(DELIVERIES.c.state == DeliveryState.FAILED.value)
                .values(state=DeliveryState.WAITING.value, attempts=0, due_at=now, ended_at=None)
            )
        return changed.rowcount == 1


def _set(connection: Connection, delivery_id: str, **values: Any) -> None:
    own = DELIVERIES.c.delivery_id == delivery_id
    connection.execute(update(DELIVERIES).where(own).values(**values))


def _one(connection: Connection, organization_id: int, alert_id: str) -> Any:
    found = connection.execute(
        select(ALERTS).where(
            ALERTS.c.alert_id == alert_id, ALERTS.c.organization_id == organization_id
        )
    )
    return found.mappings().one_or_none()


def _with_channel() -> Any:
    joined = CHANNELS.c.channel_id == DELIVERIES.c.channel_id
    columns = [column for column in CHANNELS.c if column.name not in DELIVERIES.c]
    return select(DELIVERIES, *columns).join(CHANNELS, joined)


def _deliveries(connection: Connection, alert_ids: list[str]) -> dict[str, list[Delivery]]:
    found = connection.execute(
        _with_channel()
        .where(DELIVERIES.c.alert_id.in_(alert_ids))
        .order_by(CHANNELS.c.name, DELIVERIES.c.delivery_id)
    )
    sent: dict[str, list[Delivery]] = {}
    for row in found.mappings():
        sent.setdefault(row["alert_id"], []).append(_delivery(row))
    return sent


def _delivery(row: Row) -> Delivery:
    return Delivery(
        delivery_id=row["delivery_id"],
        organization_id=row["organization_id"],
        alert_id=row["alert_id"],
        channel=channel_of(row),
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        due_at=row["due_at"],
        problem=row["problem"],
        ended_at=row["ended_at"],
    )


def _alert(row: Row, deliveries: tuple[Delivery, ...]) -> FiredAlert:
    told = {name: value for name, value in row.items() if name != "organization_id"}
    return FiredAlert(**told | {"risk": RiskLevel(row["risk"]), "deliveries": deliveries})
