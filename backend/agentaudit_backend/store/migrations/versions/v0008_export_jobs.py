"""Exports that are too large for one download: asked for, under way, done."""

import sqlalchemy as sa
from alembic import op

from agentaudit_backend.store.types import BigKey, PlainText, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "export_job",
        sa.Column("export_id", PlainText, primary_key=True),
        sa.Column("organization_id", sa.Integer, nullable=False),
        sa.Column("author", PlainText, nullable=False),
        sa.Column("form", PlainText, nullable=False),
        sa.Column("query", PlainText, nullable=False),
        sa.Column("scope", PlainText, nullable=False),
        sa.Column("state", PlainText, nullable=False),
        sa.Column("events", BigKey, nullable=False),
        sa.Column("bytes", BigKey, nullable=False),
        sa.Column("sha256", PlainText, nullable=True),
        sa.Column("problem", PlainText, nullable=True),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.Column("touched_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime, nullable=True),
    )
    op.create_index("export_job_by_time", "export_job", ["organization_id", "asked_at"])


def downgrade() -> None:
    op.drop_table("export_job")
