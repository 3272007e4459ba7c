"""A version of the Policy is kept as the document that people write, not as a column a field."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from agentaudit_backend.store.types import JsonText, PlainText

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LEVELS = {1: "low", 2: "medium", 3: "high", 4: "critical"}
OLD = (
    ("logging_level", PlainText(), "''"),
    ("frameworks", JsonText(), "'[]'"),
    ("blocking_enabled", sa.Boolean(), "false"),
    ("block_on", sa.SmallInteger(), "3"),
)


def upgrade() -> None:
    op.add_column(
        "policy", sa.Column("document", JsonText(), nullable=False, server_default=sa.text("'{}'"))
    )
    _refuse_updates(False)
    for id_, level, frameworks, enabled, block_on in _rows(*(name for name, _, _ in OLD)):
        document = {
            "logging_level": level,
            "frameworks": json.loads(frameworks),
            "blocking_rules": {"enabled": bool(enabled), "block_on": LEVELS[block_on]},
        }
        _update(id_, {"document": json.dumps(document)})
    _refuse_updates(True)
    for name, _, _ in OLD:
        op.drop_column("policy", name)


def downgrade() -> None:
    for name, type_, default in OLD:
        op.add_column(
            "policy", sa.Column(name, type_, nullable=False, server_default=sa.text(default))
        )
    _refuse_updates(False)
    ranks = {label: rank for rank, label in LEVELS.items()}
    for id_, text in _rows("document"):
        document = json.loads(text)
        blocking = document["blocking_rules"]
        columns = {
            "logging_level": document["logging_level"],
            "frameworks": json.dumps(document["frameworks"]),
            "blocking_enabled": blocking["enabled"],
            "block_on": ranks[blocking["block_on"]],
        }
        _update(id_, columns)
    _refuse_updates(True)
    op.drop_column("policy", "document")


def _rows(*columns: str) -> list[tuple[Any, ...]]:
    names: list[Any] = [sa.column(name) for name in ("id", *columns)]
    found = op.get_bind().execute(sa.select(*names).select_from(sa.table("policy")))
    return [tuple(row) for row in found]


def _update(id_: object, values: dict[str, object]) -> None:
    table = sa.table("policy", sa.column("id"), *(sa.column(name) for name in values))
    op.get_bind().execute(table.update().where(table.c.id == id_).values(values))


def _refuse_updates(wanted: bool) -> None:
    """Policies are append-only by trigger; a change of their shape is the one exception."""
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            f"ALTER TABLE policy {'ENABLE' if wanted else 'DISABLE'} TRIGGER policy_append_only"
        )
    elif wanted:
        op.execute(
            "CREATE TRIGGER policy_append_only BEFORE UPDATE ON policy "
            "BEGIN SELECT RAISE(ABORT, 'rows of policy never change'); END"
        )
    else:
        op.execute("DROP TRIGGER policy_append_only")
