"""The organisation that a first start makes, with its ledger, policy and key."""

import secrets
from datetime import datetime

from sqlalchemy import Connection, insert, select, text

from agentaudit_backend.store.keys import create_key
from agentaudit_backend.store.policies import append_policy
from agentaudit_backend.store.tables import LedgerHead, Organization, table_of
from agentaudit_processor.policy import Policy

_FIRST_START_LOCK = 0x61617564_31  # any constant, ours alone in the database
_UNNAMED = "Default"
"""Name of the organisation that the first start makes."""


def ensure_organization(connection: Connection, now: datetime) -> str | None:
    """Make the default organisation unless there is one.

    Returns:
        The text of its admin key when it was made now, else None.
    """
    if connection.dialect.name == "postgresql":  # two processes may make their first start at once
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _FIRST_START_LOCK})
    organization = table_of(Organization)
    if connection.execute(select(organization.c.id).limit(1)).first() is not None:
        return None
    organization_id = create_organization(connection, _UNNAMED, now)
    return create_key(connection, organization_id, role="admin", name="default", now=now)


def create_organization(connection: Connection, name: str, now: datetime) -> int:
    """Add an organisation with an empty ledger and the default policy; gives its id."""
    organization = table_of(Organization)
    organization_id = connection.execute(
        insert(organization).returning(organization.c.id),
        {
            "name": name,
            "log": f"agentaudit/{secrets.token_hex(8)}",
            "digest_key": secrets.token_bytes(32),
            "created_at": now,
        },
    ).scalar_one()
    head = {"organization_id": organization_id, "size": 0, "frontier": b""}
    connection.execute(insert(table_of(LedgerHead)), head)
    append_policy(
        connection, organization_id, Policy(), author="agentaudit", note="default", now=now
    )
    return int(organization_id)


def organization_name(connection: Connection, organization_id: int) -> str:
    """What people called it; empty while nobody did."""
    table = table_of(Organization)
    found = connection.execute(select(table.c.name).where(table.c.id == organization_id))
    name = str(found.scalar_one_or_none() or "")
    return "" if name == _UNNAMED else name


def first_organization(connection: Connection) -> int:
    """The id of the default organisation, for the command line.

    Raises:
        LookupError: there is none yet.
    """
    table = table_of(Organization)
    found = connection.execute(select(table.c.id).order_by(table.c.id).limit(1)).scalar()
    if found is None:
        raise LookupError(
            "this database has no organisation yet: name the server's own with --data-dir or "
            "--database-url (`make run` uses --data-dir .data), or start `agentaudit serve` once"
        )
    return int(found)
