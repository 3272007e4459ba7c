"""Alerts: rules, channels, what was found, what was sent."""

import sqlalchemy as sa
from alembic import op

from agentaudit_backend.store.types import BigKey, JsonText, PlainText, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_channel",
        sa.Column("channel_id", PlainText, primary_key=True),
        sa.Column("organization_id", sa.Integer, nullable=False),
        sa.Column("name", PlainText, nullable=False),
        sa.Column("kind", PlainText, nullable=False),
        sa.Column("address", PlainText, nullable=False),
        sa.Column("secret", PlainText, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("removed_at", UtcDateTime, nullable=True),
    )
    op.create_table(
        "alert_rule",
        sa.Column("rule_id", PlainText, primary_key=True),
        sa.Column("organization_id", sa.Integer, nullable=False),
        sa.Column("name", PlainText, nullable=False),
        sa.Column("query", PlainText, nullable=False),
        sa.Column("threshold", sa.Integer, nullable=False),
        sa.Column("window_s", sa.Integer, nullable=False),
        sa.Column("quiet_s", sa.Integer, nullable=False),
        sa.Column("channels", JsonText, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("author", PlainText, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("removed_at", UtcDateTime, nullable=True),
        sa.Column("checked_seq", BigKey, nullable=False),
    )
    op.create_table(
        "alert_match",
        sa.Column("rule_id", PlainText, primary_key=True),
        sa.Column("event_id", PlainText, primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("risk", sa.SmallInteger, nullable=False),
        sa.Column("matched_at", UtcDateTime, nullable=False),
        sa.Column("alert_id", PlainText, nullable=True),
    )
    op.create_index("alert_match_by_alert", "alert_match", ["alert_id"])
    op.create_index("alert_match_by_time", "alert_match", ["matched_at"])
    op.create_table(
        "alert",
        sa.Column("alert_id", PlainText, primary_key=True),
        sa.Column("organization_id", sa.Integer, nullable=False),
        sa.Column("rule_id", PlainText, nullable=False),
        sa.Column("rule_name", PlainText, nullable=False),
        sa.Column("query", PlainText, nullable=False),
        sa.Column("fired_at", UtcDateTime, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("risk", sa.SmallInteger, nullable=False),
        sa.Column("acknowledged_by", PlainText, nullable=True),
        sa.Column("acknowledged_at", UtcDateTime, nullable=True),
        sa.Column("note", PlainText, nullable=False),
    )
    op.create_index("alert_by_time", "alert", ["organization_id", "fired_at"])
    op.create_index("alert_by_rule", "alert", ["rule_id", "fired_at"])
    op.create_table(
        "alert_delivery",
        sa.Column("delivery_id", PlainText, primary_key=True),
        sa.Column("organization_id", sa.Integer, nullable=False),
        sa.Column("alert_id", PlainText, nullable=False),
        sa.Column("channel_id", PlainText, nullable=False),
        sa.Column("state", PlainText, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("problem", PlainText, nullable=True),
        sa.Column("ended_at", UtcDateTime, nullable=True),
    )
    op.create_index("alert_delivery_due", "alert_delivery", ["state", "due_at"])
    op.create_index("alert_delivery_by_alert", "alert_delivery", ["alert_id"])


def downgrade() -> None:
    for name in ("alert_delivery", "alert", "alert_match", "alert_rule", "alert_channel"):
        op.drop_table(name)
