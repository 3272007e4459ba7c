"""Approvals: stopped calls that a person may let run, and what became of them."""

import sqlalchemy as sa
from alembic import op

from agentaudit_backend.store.types import JsonText, PlainText, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TEXTS = (
    "event_id",
    "call_id",
    "session_id",
    "user_label",
    "agent",
    "action",
    "tool",
    "summary",
    "note",
)


def upgrade() -> None:
    op.create_table(
        "approval",
        sa.Column("approval_id", PlainText, primary_key=True),
        sa.Column("organization_id", sa.Integer, nullable=False),
        sa.Column("call_key", PlainText, nullable=False),
        sa.Column("key_id", sa.Integer, nullable=False),
        *(sa.Column(name, PlainText, nullable=False) for name in _TEXTS),
        sa.Column("user_names", JsonText, nullable=False),
        sa.Column("host", PlainText, nullable=True),
        sa.Column("cwd", PlainText, nullable=True),
        sa.Column("arguments", JsonText, nullable=False),
        sa.Column("risk", sa.SmallInteger, nullable=False),
        sa.Column("reasons", JsonText, nullable=False),
        sa.Column("rules", JsonText, nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("decision", PlainText, nullable=True),
        sa.Column("decided_by", PlainText, nullable=True),
        sa.Column("decided_at", UtcDateTime, nullable=True),
        sa.Column("used_by", PlainText, nullable=True),
    )
    op.create_index("approval_by_time", "approval", ["organization_id", "asked_at"])
    op.create_index("approval_by_call", "approval", ["organization_id", "call_key", "asked_at"])


def downgrade() -> None:
    op.drop_table("approval")
