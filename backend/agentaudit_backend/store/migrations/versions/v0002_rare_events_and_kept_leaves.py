"""Small indexes for Events that are rare and counted often; leaves and policies are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RARE = {
    "event_replayed": "replayed",
    "event_unfinished": "phase = 'requested'",
    "event_with_secret": "secret_types <> '[]'",
}
KEPT = ("ledger_leaf", "policy")


def upgrade() -> None:
    for name, condition in RARE.items():
        where = sa.text(condition)
        op.create_index(
            name,
            "event",
            ["organization_id", "at"],
            sqlite_where=where,
            postgresql_where=where,
        )
    for table in KEPT:
        _refuse_deletes(table)


def downgrade() -> None:
    for table in KEPT:
        on = "" if op.get_bind().dialect.name == "sqlite" else f" ON {table}"
        op.execute(f"DROP TRIGGER {table}_kept{on}")
    for name in RARE:
        op.drop_index(name, table_name="event")


def _refuse_deletes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are kept'); END"
        )
        return
    op.execute(
        f"CREATE TRIGGER {table}_kept BEFORE DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    )
