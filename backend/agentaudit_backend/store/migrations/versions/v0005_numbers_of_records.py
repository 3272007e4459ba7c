"""The hook's own numbers of its records, by which it shows when one is missing."""

import sqlalchemy as sa
from alembic import op

from agentaudit_backend.store.types import BigKey

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event_content", sa.Column("client_sequence", BigKey, nullable=True))


def downgrade() -> None:
    op.drop_column("event_content", "client_sequence")
