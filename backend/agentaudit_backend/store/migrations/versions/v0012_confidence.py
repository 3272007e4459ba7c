"""How sure a Finding is; of those of before it is not known."""

import sqlalchemy as sa
from alembic import op

from agentaudit_backend.store.types import PlainText

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("finding", sa.Column("confidence", PlainText, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("finding") as batch:
        batch.drop_column("confidence")
