"""Rules and channels of alerts: made, changed, taken away."""

from collections.abc import Mapping
from datetime import datetime
from secrets import token_hex
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, insert, select, update

from agentaudit_backend.store.alert_tables import AlertChannel, AlertRule
from agentaudit_backend.store.alert_views import Channel, ChannelKind, Rule, Wanted
from agentaudit_backend.store.database import reading, writing
from agentaudit_backend.store.tables import LedgerHead, table_of

RULES = table_of(AlertRule)
CHANNELS = table_of(AlertChannel)
_HEADS = table_of(LedgerHead)
Row = Mapping[str, Any] | RowMapping
"""What a statement of ours gave, or the same with something put in its place."""


class AlertRules:
    """Those of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def channels(self, organization_id: int) -> tuple[Channel, ...]:
        """Those that stand, by name."""
        with reading(self._engine) as connection:
            found = connection.execute(
                select(CHANNELS)
                .where(CHANNELS.c.organization_id == organization_id)
                .where(CHANNELS.c.removed_at.is_(None))
                .order_by(CHANNELS.c.name)
            )
            return tuple(channel_of(row) for row in found.mappings())

    def add_channel(
        self, organization_id: int, *, name: str, kind: ChannelKind, address: str, now: datetime
    ) -> Channel:
        """A new one; a webhook's has a new secret."""
        channel = Channel(
            channel_id=token_hex(8),
            name=name,
            kind=kind,
            address=address,
            secret=token_hex(32) if kind is ChannelKind.WEBHOOK else "",
        )
        with writing(self._engine) as connection:
            connection.execute(
                insert(CHANNELS),
                {
                    "channel_id": channel.channel_id,
                    "organization_id": organization_id,
                    "name": name,
                    "kind": kind.value,
                    "address": address,
                    "secret": channel.secret,
                    "created_at": now,
                },
            )
        return channel

    def remove_channel(self, organization_id: int, channel_id: str, now: datetime) -> Channel:
        """Tell nothing more there. What waits for it is given up.

        Raises:
            LookupError: there is none of this id.
        """
        channel = self._channel(organization_id, channel_id)
        with writing(self._engine) as connection:
            connection.execute(
                update(CHANNELS)
                .where(CHANNELS.c.channel_id == channel_id)
                .values(removed_at=now, address="", secret="")
            )
        return channel

    def rules(self, organization_id: int) -> tuple[Rule, ...]:
        """Those that stand, by name."""
        with reading(self._engine) as connection:
            found = connection.execute(_standing(organization_id).order_by(RULES.c.name))
            return tuple(_rule(row) for row in found.mappings())

    def add_rule(self, organization_id: int, wanted: Wanted, author: str, now: datetime) -> Rule:
        """A new one; it looks at what is recorded from now on."""
        rule_id = token_hex(8)
        with writing(self._engine) as connection:
            connection.execute(
                insert(RULES),
                {
                    "rule_id": rule_id,
                    "organization_id": organization_id,
                    "checked_seq": _size(connection, organization_id),
                    **_columns(wanted, author, now),
                },
            )
        return Rule(rule_id=rule_id, wanted=wanted, author=author, changed_at=now)

    def change_rule(
        self, organization_id: int, rule_id: str, wanted: Wanted, author: str, now: datetime
    ) -> Rule:
        """Put `wanted` in its place; gives the rule before.

        One that was off looks at what is recorded from now on, as a new one does.

        Raises:
            LookupError: there is none of this id.
        """
        with writing(self._engine) as connection:
            row = connection.execute(_standing(organization_id, rule_id)).mappings().one_or_none()
            if row is None:
                raise LookupError(rule_id)
            values: dict[str, Any] = dict(_columns(wanted, author, now))
            if not row["enabled"]:
                values["checked_seq"] = _size(connection, organization_id)
            connection.execute(update(RULES).where(RULES.c.rule_id == rule_id).values(**values))
            return _rule(row)

    def remove_rule(self, organization_id: int, rule_id: str, now: datetime) -> Rule:
        """Look for it no more; its alerts stay.

        Raises:
            LookupError: there is none of this id.
        """
        with writing(self._engine) as connection:
            row = connection.execute(_standing(organization_id, rule_id)).mappings().one_or_none()
            if row is None:
                raise LookupError(rule_id)
            gone = update(RULES).where(RULES.c.rule_id == rule_id)
            connection.execute(gone.values(removed_at=now, enabled=False))
            return _rule(row)

    def _channel(self, organization_id: int, channel_id: str) -> Channel:
        for channel in self.channels(organization_id):
            if channel.channel_id == channel_id:
                return channel
        raise LookupError(channel_id)


def channel_of(row: Row) -> Channel:
    """A row of `alert_channel`."""
    return Channel(
        channel_id=row["channel_id"],
        name=row["name"],
        kind=ChannelKind(row["kind"]),
        address=row["address"],
        secret=row["secret"],
    )


def _standing(organization_id: int, rule_id: str | None = None) -> Any:
    found = select(RULES).where(
        RULES.c.organization_id == organization_id, RULES.c.removed_at.is_(None)
    )
    return found if rule_id is None else found.where(RULES.c.rule_id == rule_id)


def _size(connection: Connection, organization_id: int) -> int:
    found = select(_HEADS.c.size).where(_HEADS.c.organization_id == organization_id)
    return int(connection.execute(found).scalar_one())


def _columns(wanted: Wanted, author: str, now: datetime) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "query": wanted.query,
        "threshold": wanted.threshold,
        "window_s": wanted.window_s,
        "quiet_s": wanted.quiet_s,
        "channels": list(wanted.channels),
        "enabled": wanted.enabled,
        "author": author,
        "changed_at": now,
    }


def _rule(row: Row) -> Rule:
    return Rule(
        rule_id=row["rule_id"],
        wanted=Wanted(
            name=row["name"],
            query=row["query"],
            threshold=row["threshold"],
            window_s=row["window_s"],
            quiet_s=row["quiet_s"],
            channels=tuple(row["channels"]),
            enabled=row["enabled"],
        ),
        author=row["author"],
        changed_at=row["changed_at"],
    )
