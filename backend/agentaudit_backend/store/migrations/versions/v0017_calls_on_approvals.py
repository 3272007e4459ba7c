"""Which Event an approval let run; of approvals used before: of the same session."""

import sqlalchemy as sa
from alembic import op

from agentaudit_backend.store.types import PlainText
from agentaudit_processor.ids import event_id_of

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_APPROVAL = sa.table(
    "approval",
    *(sa.column(name) for name in ("approval_id", "session_id", "used_by", "used_event_id")),
)


def upgrade() -> None:
    op.add_column("approval", sa.Column("used_event_id", PlainText, nullable=True))
    op.create_index("approval_by_event", "approval", ["organization_id", "event_id"])
    op.create_index("approval_by_used_event", "approval", ["organization_id", "used_event_id"])
    connection = op.get_bind()
    columns = _APPROVAL.c
    used = connection.execute(
        sa.select(columns.approval_id, columns.session_id, columns.used_by).where(
            columns.used_by.is_not(None)
        )
    ).all()
    for row in used:
        connection.execute(
            sa.update(_APPROVAL)
            .where(columns.approval_id == row.approval_id)
            .values(used_event_id=event_id_of(row.session_id, row.used_by))
        )


def downgrade() -> None:
    op.drop_index("approval_by_used_event", "approval")
    op.drop_index("approval_by_event", "approval")
    with op.batch_alter_table("approval") as batch:
        batch.drop_column("used_event_id")
