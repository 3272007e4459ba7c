"""The first tables: organisation, keys, policy, Events, their figures, and the ledger."""

import sqlalchemy as sa
from alembic import op

from agentaudit_backend.store.types import BigKey, JsonText, PlainText, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "control",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("key", PlainText(), nullable=False),
        sa.Column("framework", PlainText(), nullable=False),
        sa.Column("control", PlainText(), nullable=False),
        sa.Column("title", PlainText(), nullable=False),
        sa.Column("kind", PlainText(), nullable=False),
        sa.Column("strength", PlainText(), nullable=False),
        sa.Column("rationale", PlainText(), nullable=False),
        sa.Column("readiness", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "event",
        sa.Column("pk", BigKey, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("event_id", PlainText(), nullable=False),
        sa.Column("kind", PlainText(), nullable=False),
        sa.Column("phase", PlainText(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("session_id", PlainText(), nullable=False),
        sa.Column("call_id", PlainText(), nullable=True),
        sa.Column("trace_id", PlainText(), nullable=False),
        sa.Column("span_id", PlainText(), nullable=True),
        sa.Column("parent_span_id", PlainText(), nullable=True),
        sa.Column("user_label", PlainText(), nullable=False),
        sa.Column("user_email", PlainText(), nullable=True),
        sa.Column("user_id", PlainText(), nullable=True),
        sa.Column("user_name", PlainText(), nullable=True),
        sa.Column("host", PlainText(), nullable=True),
        sa.Column("agent", PlainText(), nullable=False),
        sa.Column("agent_version", PlainText(), nullable=True),
        sa.Column("subagent_id", PlainText(), nullable=True),
        sa.Column("subagent_type", PlainText(), nullable=True),
        sa.Column("action", PlainText(), nullable=False),
        sa.Column("tool", PlainText(), nullable=False),
        sa.Column("mcp_server", PlainText(), nullable=True),
        sa.Column("permission_mode", PlainText(), nullable=True),
        sa.Column("prompt_id", PlainText(), nullable=True),
        sa.Column("cwd", PlainText(), nullable=True),
        sa.Column("outcome", PlainText(), nullable=False),
        sa.Column("error_type", PlainText(), nullable=True),
        sa.Column("exit_code", BigKey, nullable=True),
        sa.Column("risk", sa.SmallInteger(), nullable=False),
        sa.Column("decision", PlainText(), nullable=False),
        sa.Column("decided_by", PlainText(), nullable=False),
        sa.Column("threshold", sa.SmallInteger(), nullable=True),
        sa.Column("reason", PlainText(), nullable=False),
        sa.Column("reasons", JsonText(), nullable=False),
        sa.Column("not_covered", JsonText(), nullable=False),
        sa.Column("policy_version", PlainText(), nullable=False),
        sa.Column("packs_version", PlainText(), nullable=False),
        sa.Column("client_verdict", JsonText(), nullable=True),
        sa.Column("verdict_differs", sa.Boolean(), nullable=False),
        sa.Column("has_pii", sa.Boolean(), nullable=False),
        sa.Column("pii_types", JsonText(), nullable=False),
        sa.Column("secret_types", JsonText(), nullable=False),
        sa.Column("action_class", PlainText(), nullable=False),
        sa.Column("environment", PlainText(), nullable=False),
        sa.Column("privileged", sa.Boolean(), nullable=False),
        sa.Column("data_flow", PlainText(), nullable=False),
        sa.Column("destination", PlainText(), nullable=True),
        sa.Column("signals", JsonText(), nullable=False),
        sa.Column("summary", PlainText(), nullable=False),
        sa.Column("search", PlainText(), nullable=False),
        sa.Column("dialect", PlainText(), nullable=False),
        sa.Column("replayed", sa.Boolean(), nullable=False),
        sa.Column("truncated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("pk"),
        sa.UniqueConstraint("organization_id", "event_id"),
    )
    op.create_index("event_by_risk", "event", ["organization_id", "risk", "at", "pk"], unique=False)
    op.create_index(
        "event_by_session", "event", ["organization_id", "session_id", "at", "pk"], unique=False
    )
    op.create_index("event_by_time", "event", ["organization_id", "at", "pk"], unique=False)
    op.create_index(
        "event_by_user", "event", ["organization_id", "user_label", "at", "pk"], unique=False
    )
    op.create_table(
        "event_content",
        sa.Column("event_pk", BigKey, nullable=False),
        sa.Column("phase", PlainText(), nullable=False),
        sa.Column("dialect", PlainText(), nullable=False),
        sa.Column("slots", PlainText(), nullable=False),
        sa.Column("slot_keys", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("event_pk", "phase", "dialect"),
    )
    op.create_table(
        "event_control",
        sa.Column("event_pk", BigKey, nullable=False),
        sa.Column("control_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("event_pk", "control_id"),
    )
    op.create_table(
        "finding",
        sa.Column("pk", BigKey, nullable=False),
        sa.Column("event_pk", BigKey, nullable=False),
        sa.Column("rule_id", PlainText(), nullable=False),
        sa.Column("title", PlainText(), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("location", PlainText(), nullable=False),
        sa.Column("excerpt", PlainText(), nullable=False),
        sa.Column("explanation", PlainText(), nullable=False),
        sa.Column("advice", PlainText(), nullable=False),
        sa.Column("pack", PlainText(), nullable=False),
        sa.Column("pii", PlainText(), nullable=True),
        sa.Column("secret", PlainText(), nullable=True),
        sa.Column("signal", PlainText(), nullable=True),
        sa.Column("sample", PlainText(), nullable=True),
        sa.Column("digest", PlainText(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pk"),
    )
    op.create_index("finding_by_event", "finding", ["event_pk"], unique=False)
    op.create_table(
        "ledger_leaf",
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("seq", BigKey, autoincrement=False, nullable=False),
        sa.Column("event_id", PlainText(), nullable=False),
        sa.Column("phase", PlainText(), nullable=False),
        sa.Column("dialect", PlainText(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "seq"),
        sa.UniqueConstraint("organization_id", "event_id", "phase", "dialect"),
    )
    op.create_table(
        "organization",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", PlainText(), nullable=False),
        sa.Column("log", PlainText(), nullable=False),
        sa.Column("digest_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("log"),
    )
    op.create_table(
        "pseudonym",
        sa.Column("pk", BigKey, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("kind", PlainText(), nullable=False),
        sa.Column("name", PlainText(), nullable=False),
        sa.Column("ref", PlainText(), nullable=False),
        sa.PrimaryKeyConstraint("pk"),
        sa.UniqueConstraint("organization_id", "kind", "name"),
    )
    op.create_table(
        "rollup_hour",
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("kind", PlainText(), nullable=False),
        sa.Column("action", PlainText(), nullable=False),
        sa.Column("risk", sa.SmallInteger(), nullable=False),
        sa.Column("decision", PlainText(), nullable=False),
        sa.Column("user_label", PlainText(), nullable=False),
        sa.Column("agent", PlainText(), nullable=False),
        sa.Column("has_pii", sa.Boolean(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "organization_id",
            "hour",
            "kind",
            "action",
            "risk",
            "decision",
            "user_label",
            "agent",
            "has_pii",
        ),
    )
    op.create_table(
        "session",
        sa.Column("pk", BigKey, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("session_id", PlainText(), nullable=False),
        sa.Column("user_label", PlainText(), nullable=False),
        sa.Column("agent", PlainText(), nullable=False),
        sa.Column("host", PlainText(), nullable=True),
        sa.Column("cwd", PlainText(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("low", sa.Integer(), nullable=False),
        sa.Column("medium", sa.Integer(), nullable=False),
        sa.Column("high", sa.Integer(), nullable=False),
        sa.Column("critical", sa.Integer(), nullable=False),
        sa.Column("blocked", sa.Integer(), nullable=False),
        sa.Column("pii_events", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pk"),
        sa.UniqueConstraint("organization_id", "session_id"),
    )
    op.create_index(
        "session_by_time", "session", ["organization_id", "last_at", "pk"], unique=False
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("name", PlainText(), nullable=False),
        sa.Column("prefix", PlainText(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("role", PlainText(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key_hash"),
    )
    op.create_index(
        op.f("ix_api_key_organization_id"), "api_key", ["organization_id"], unique=False
    )
    op.create_table(
        "ledger_head",
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("size", BigKey, nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
        ),
        sa.PrimaryKeyConstraint("organization_id"),
    )
    op.create_table(
        "policy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("logging_level", PlainText(), nullable=False),
        sa.Column("frameworks", JsonText(), nullable=False),
        sa.Column("blocking_enabled", sa.Boolean(), nullable=False),
        sa.Column("block_on", sa.SmallInteger(), nullable=False),
        sa.Column("author", PlainText(), nullable=False),
        sa.Column("note", PlainText(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organization_id", "version"),
    )
    op.create_table(
        "web_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("api_key_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["api_key_id"],
            ["api_key.id"],
        ),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index(op.f("ix_web_session_api_key_id"), "web_session", ["api_key_id"], unique=False)
    for table in APPEND_ONLY:
        _refuse_updates(table)


def downgrade() -> None:
    op.drop_index(op.f("ix_web_session_api_key_id"), table_name="web_session")
    op.drop_table("web_session")
    op.drop_table("policy")
    op.drop_table("ledger_head")
    op.drop_index(op.f("ix_api_key_organization_id"), table_name="api_key")
    op.drop_table("api_key")
    op.drop_index("session_by_time", table_name="session")
    op.drop_table("session")
    op.drop_table("rollup_hour")
    op.drop_table("pseudonym")
    op.drop_table("organization")
    op.drop_table("ledger_leaf")
    op.drop_index("finding_by_event", table_name="finding")
    op.drop_table("finding")
    op.drop_table("event_control")
    op.drop_table("event_content")
    op.drop_index("event_by_user", table_name="event")
    op.drop_index("event_by_time", table_name="event")
    op.drop_index("event_by_session", table_name="event")
    op.drop_index("event_by_risk", table_name="event")
    op.drop_table("event")
    op.drop_table("control")
    if op.get_bind().dialect.name == "postgresql":
        for table in APPEND_ONLY:
            op.execute(f"DROP FUNCTION {table}_append_only()")


APPEND_ONLY = ("ledger_leaf", "policy")


def _refuse_updates(table: str) -> None:
    message = f"rows of {table} never change"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql "
        f"AS $$ BEGIN RAISE EXCEPTION '{message}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_append_only()"
    )
