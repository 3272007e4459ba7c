"""What people say of Events, and the views of the timeline that they keep."""

import sqlalchemy as sa
from alembic import op

from agentaudit_backend.store.types import BigKey, PlainText, UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "review",
        sa.Column("pk", BigKey, primary_key=True),
        sa.Column("organization_id", sa.Integer, nullable=False),
        *(
            sa.Column(name, PlainText, nullable=False)
            for name in ("event_id", "state", "note", "author")
        ),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_index("review_by_event", "review", ["organization_id", "event_id", "pk"])
    op.create_table(
        "saved_view",
        sa.Column("view_id", PlainText, primary_key=True),
        sa.Column("organization_id", sa.Integer, nullable=False),
        *(sa.Column(name, PlainText, nullable=False) for name in ("owner", "name", "query")),
        sa.Column("is_shared", sa.Boolean, nullable=False),
        sa.Column("is_default", sa.Boolean, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
    )
    op.create_index("saved_view_by_owner", "saved_view", ["organization_id", "owner"])


def downgrade() -> None:
    op.drop_table("saved_view")
    op.drop_table("review")
