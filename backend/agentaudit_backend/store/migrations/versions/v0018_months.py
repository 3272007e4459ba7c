"""Figures by month, from those by day; an index that tells a user's Sessions.

None any more for Events with secrets, since profiles tell which those are.
"""

import sqlalchemy as sa
from alembic import op

from agentaudit_backend.store.types import PlainText, UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

SORT = {
    "kind": PlainText,
    "action": PlainText,
    "risk": sa.SmallInteger,
    "decision": PlainText,
    "user_label": PlainText,
    "host": PlainText,
    "agent": PlainText,
    "tool": PlainText,
    "has_pii": sa.Boolean,
    "profile": sa.Integer,
}
MONTH = {
    "sqlite": "CAST(strftime('%s', day / 1000000, 'unixepoch', 'start of month') AS INTEGER)"
    " * 1000000",
    "postgresql": "date_trunc('month', day, 'UTC')",
}
OF_USER = "(organization_id, user_label, at, session_id, kind)"


def prepare(connection: sa.Connection) -> None:
    """Build the index on each table of a month while everybody writes; the whole then takes it."""
    if connection.dialect.name != "postgresql":
        return
    found = connection.execute(
        sa.text(
            "SELECT relname, (SELECT NOT indisvalid FROM pg_index "
            "WHERE indexrelid = to_regclass(relname || '_of_user')) FROM pg_class "
            "WHERE relkind = 'r' AND (oid = CAST('event' AS regclass) OR oid IN "
            "(SELECT inhrelid FROM pg_inherits WHERE inhparent = CAST('event' AS regclass)))"
        )
    ).all()
    for table, is_broken in found:
        if is_broken:  # an earlier try was ended half-way
            connection.execute(sa.text(f"DROP INDEX CONCURRENTLY {table}_of_user"))
        connection.execute(
            sa.text(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {table}_of_user ON {table} {OF_USER}")
        )


def upgrade() -> None:
    op.create_table(
        "rollup_month",
        sa.Column("organization_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("month", UtcDateTime, primary_key=True),
        *(
            sa.Column(name, type_, primary_key=True, autoincrement=False)
            for name, type_ in SORT.items()
        ),
        sa.Column("events", sa.Integer, nullable=False),
    )
    month = MONTH[op.get_bind().dialect.name]
    columns = ", ".join(SORT)
    op.execute(
        f"INSERT INTO rollup_month (organization_id, month, {columns}, events) "  # noqa: S608  our own names
        f"SELECT organization_id, {month}, {columns}, sum(events) FROM rollup_day "
        f"GROUP BY organization_id, {month}, {columns}"
    )
    op.execute(f"CREATE INDEX IF NOT EXISTS event_of_user ON event {OF_USER}")
    op.drop_index("event_by_user", table_name="event")
    op.drop_index("event_with_secret", table_name="event")


def downgrade() -> None:
    rare = sa.text("secret_types <> '[]'")
    op.create_index(
        "event_with_secret",
        "event",
        ["organization_id", "at"],
        sqlite_where=rare,
        postgresql_where=rare,
    )
    op.create_index("event_by_user", "event", ["organization_id", "user_label", "at", "pk"])
    op.drop_index("event_of_user", table_name="event")
    op.drop_table("rollup_month")
