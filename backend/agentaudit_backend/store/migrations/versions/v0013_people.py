"""People: whom a log-in of elsewhere stands for, when they were last here, and invitations."""

import sqlalchemy as sa
from alembic import op

from agentaudit_backend.store.types import PlainText, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_key", sa.Column("subject", PlainText, nullable=True))
    op.add_column("api_key", sa.Column("last_login_at", UtcDateTime, nullable=True))
    op.create_index("api_key_by_subject", "api_key", ["organization_id", "subject"], unique=True)
    op.create_table(
        "invitation",
        sa.Column("invitation_id", PlainText, primary_key=True),
        sa.Column("organization_id", sa.Integer, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("name", PlainText, nullable=False),
        sa.Column("role", PlainText, nullable=False),
        sa.Column("author", PlainText, nullable=False),
        sa.Column("made_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime, nullable=True),
    )
    op.create_index("invitation_by_time", "invitation", ["organization_id", "made_at"])


def downgrade() -> None:
    op.drop_table("invitation")
    op.drop_index("api_key_by_subject", "api_key")
    with op.batch_alter_table("api_key") as batch:
        batch.drop_column("last_login_at")
        batch.drop_column("subject")
