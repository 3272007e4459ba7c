"""The index of texts. It is filled by the server, behind everybody's back, from what is there."""

import sqlalchemy as sa
from alembic import op

from agentaudit_backend.store.types import BigKey, UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "text_segment",
        sa.Column("segment", BigKey, primary_key=True, autoincrement=False),
        sa.Column("changes", sa.Integer, nullable=False),
        sa.Column("indexed", sa.Boolean, nullable=False),
        sa.Column("first_at", UtcDateTime, nullable=True),
        sa.Column("last_at", UtcDateTime, nullable=True),
    )
    op.create_table(
        "text_posting",
        sa.Column("segment", BigKey, primary_key=True, autoincrement=False),
        sa.Column("slot", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("blocks", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("text_posting")
    op.drop_table("text_segment")
