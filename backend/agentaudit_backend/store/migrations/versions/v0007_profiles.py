"""Profiles, counts by day, hosts and tools among the counts, and the repository of an Event."""

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

from agentaudit_backend.store.types import PlainText, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SORT = (
    "kind",
    "action",
    "risk",
    "decision",
    "user_label",
    "host",
    "agent",
    "tool",
    "has_pii",
    "profile",
)
OLD_SORT = ("kind", "action", "risk", "decision", "user_label", "agent", "has_pii")
BITE = 5000
EVENTS = sa.table(
    "event",
    *(
        sa.column(n)
        for n in ("pk", "cwd", "pii_types", "secret_types", "signals", "repo", "profile")
    ),
)
FINDINGS = sa.table("finding", sa.column("event_pk"), sa.column("rule_id"))
HITS = sa.table("event_control", sa.column("event_pk"), sa.column("control_id"))
PROFILES = sa.table("profile", sa.column("id"), sa.column("digest"))
TAGS = sa.table("profile_tag", *(sa.column(n) for n in ("profile_id", "kind", "value")))


def upgrade() -> None:
    op.create_table(
        "profile",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False, unique=True),
    )
    op.create_table(
        "profile_tag",
        sa.Column("profile_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("kind", PlainText(), primary_key=True),
        sa.Column("value", PlainText(), primary_key=True),
    )
    op.create_index("profile_tag_by_value", "profile_tag", ["kind", "value"])
    op.add_column("event", sa.Column("repo", PlainText(), nullable=True))
    op.add_column(
        "event", sa.Column("profile", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    _describe_events()
    op.drop_table("rollup_hour")
    for unit in ("hour", "day"):
        _create_rollup(unit, SORT)
        _count(unit, SORT)


def downgrade() -> None:
    op.drop_table("rollup_day")
    op.drop_table("rollup_hour")
    _create_rollup("hour", OLD_SORT)
    _count("hour", OLD_SORT)
    op.drop_column("event", "profile")
    op.drop_column("event", "repo")
    op.drop_table("profile_tag")
    op.drop_table("profile")


def _create_rollup(unit: str, sort: tuple[str, ...]) -> None:
    types: dict[str, Any] = {
        "risk": sa.SmallInteger(),
        "has_pii": sa.Boolean(),
        "profile": sa.Integer(),
    }
    op.create_table(
        f"rollup_{unit}",
        sa.Column("organization_id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column(unit, UtcDateTime(), primary_key=True),
        *(
            sa.Column(name, types.get(name, PlainText()), primary_key=True, autoincrement=False)
            for name in sort
        ),
        sa.Column("events", sa.Integer(), nullable=False),
    )


def _count(unit: str, sort: tuple[str, ...]) -> None:
    """Fill a table of counts from the Events."""
    if op.get_bind().dialect.name == "sqlite":
        width = {"hour": 3600, "day": 86_400}[unit] * 1_000_000
        start = f"at - at % {width}"
    else:
        start = f"date_trunc('{unit}', at, 'UTC')"
    columns = ", ".join("coalesce(host, '')" if name == "host" else name for name in sort)
    op.execute(
        f"INSERT INTO rollup_{unit} (organization_id, {unit}, {', '.join(sort)}, events) "  # noqa: S608  our own names
        f"SELECT organization_id, {start}, {columns}, count(*) FROM event "
        f"GROUP BY organization_id, {start}, {columns}"
    )


def _describe_events() -> None:
    """Give each Event its profile and its repository."""
    connection = op.get_bind()
    known: dict[str, int] = {}
    last = -1
    while rows := connection.execute(
        sa.select(EVENTS).where(EVENTS.c.pk > last).order_by(EVENTS.c.pk).limit(BITE)
    ).all():
        first, last = rows[0].pk, rows[-1].pk
        rules = _by_event(connection, FINDINGS.c.rule_id, FINDINGS.c.event_pk, first, last)
        controls = _by_event(connection, HITS.c.control_id, HITS.c.event_pk, first, last)
        profiles: dict[int, list[int]] = {}
        repositories: dict[str, list[int]] = {}
        for row in rows:
            tags = json.dumps(sorted(_tags(row, rules, controls)), separators=(",", ":"))
            if tags not in known:
                known[tags] = _profile(connection, tags)
            profiles.setdefault(known[tags], []).append(row.pk)
            repository = (row.cwd or "").rstrip("/").rpartition("/")[2]
            if repository:
                repositories.setdefault(repository[:200], []).append(row.pk)
        _set(connection, "profile", profiles.items())
        _set(connection, "repo", repositories.items())


def _by_event(
    connection: sa.Connection, value: Any, pk: Any, first: int, last: int
) -> dict[int, set[Any]]:
    found: dict[int, set[Any]] = {}
    for event_pk, each in connection.execute(sa.select(pk, value).where(pk >= first, pk <= last)):
        found.setdefault(event_pk, set()).add(each)
    return found


def _tags(
    row: Any, rules: dict[int, set[Any]], controls: dict[int, set[Any]]
) -> Iterator[tuple[str, str]]:
    yield from (("rule", rule) for rule in rules.get(row.pk, ()))
    yield from (("control", str(control)) for control in controls.get(row.pk, ()))
    lists = {"pii": row.pii_types, "secret": row.secret_types, "signal": row.signals}
    for kind, text in lists.items():
        yield from ((kind, value) for value in set(json.loads(text)))


def _profile(connection: sa.Connection, tags: str) -> int:
    digest = sha256(tags.encode()).digest()
    connection.execute(PROFILES.insert().values(digest=digest))
    found = connection.execute(sa.select(PROFILES.c.id).where(PROFILES.c.digest == digest))
    id_ = int(found.scalar_one())
    rows = [{"profile_id": id_, "kind": kind, "value": value} for kind, value in json.loads(tags)]
    if rows:
        connection.execute(TAGS.insert(), rows)
    return id_


def _set(connection: sa.Connection, column: str, found: Iterable[tuple[Any, list[int]]]) -> None:
    for value, pks in found:
        for start in range(0, len(pks), 500):
            some = EVENTS.c.pk.in_(pks[start : start + 500])
            connection.execute(EVENTS.update().where(some).values({column: value}))
