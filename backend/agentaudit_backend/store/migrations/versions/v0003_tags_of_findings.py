"""Tags of findings: which public lists of attacks and risks the rule speaks of."""

import sqlalchemy as sa
from alembic import op

from agentaudit_backend.store.types import JsonText

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "finding", sa.Column("tags", JsonText(), nullable=False, server_default=sa.text("'[]'"))
    )


def downgrade() -> None:
    op.drop_column("finding", "tags")
