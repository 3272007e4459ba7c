"""Which Controls an Event met is told by its profile alone."""

import sqlalchemy as sa
from alembic import op

from agentaudit_backend.store.types import BigKey

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("event_control")


def downgrade() -> None:
    op.create_table(
        "event_control",
        sa.Column("event_pk", BigKey, nullable=False),
        sa.Column("control_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("event_pk", "control_id"),
    )
    op.execute(
        "INSERT INTO event_control (event_pk, control_id) "
        "SELECT event.pk, CAST(profile_tag.value AS INTEGER) FROM event "
        "JOIN profile_tag ON profile_tag.profile_id = event.profile "
        "AND profile_tag.kind = 'control'"
    )
