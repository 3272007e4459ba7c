"""Versions of the Policy: appended, never changed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from agentaudit_backend.store.tables import LedgerHead, Organization, PolicyVersion, table_of
from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_document import policy_of, to_document

_POLICIES = table_of(PolicyVersion)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRecord:
    """A version with who saved it, when and why."""

    policy: Policy
    author: str
    note: str
    saved_at: datetime


def policy_versions(connection: Connection, organization_id: int) -> tuple[PolicyRecord, ...]:
    """Every version, the newest first."""
    found = connection.execute(
        select(_POLICIES)
        .where(_POLICIES.c.organization_id == organization_id)
        .order_by(_POLICIES.c.version.desc())
    )
    return tuple(
        PolicyRecord(
            policy=policy_of(row.document, version=row.version),
            author=row.author,
            note=row.note,
            saved_at=row.created_at,
        )
        for row in found
    )


def current_policy(connection: Connection, organization_id: int) -> Policy:
    """The newest version.

    Raises:
        LookupError: there is no such organisation.
    """
    organization = table_of(Organization)
    found = connection.execute(
        select(_POLICIES, organization.c.digest_key)
        .join(organization, organization.c.id == _POLICIES.c.organization_id)
        .where(_POLICIES.c.organization_id == organization_id)
        .order_by(_POLICIES.c.version.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        raise LookupError(f"organisation {organization_id} has no policy")
    return policy_of(found.document, version=found.version, digest_key=found.digest_key)


def lock(connection: Connection, organization_id: int) -> None:
    """Take the organisation's one lock, its ledger head: two people saving at once take turns."""
    heads = table_of(LedgerHead)
    connection.execute(
        select(heads.c.size).where(heads.c.organization_id == organization_id).with_for_update()
    ).one()


def append_policy(
    connection: Connection,
    organization_id: int,
    policy: Policy,
    *,
    author: str,
    note: str,
    now: datetime,
) -> Policy:
    """Add `policy` as the next version; `policy.version` and `digest_key` are not taken over."""
    lock(connection, organization_id)
    last = connection.execute(
        select(_POLICIES.c.version)
        .where(_POLICIES.c.organization_id == organization_id)
        .order_by(_POLICIES.c.version.desc())
        .limit(1)
    ).scalar_one_or_none()
    connection.execute(
        insert(_POLICIES),
        {
            "organization_id": organization_id,
            "version": (last or 0) + 1,
            "document": to_document(policy),
            "author": author,
            "note": note,
            "created_at": now,
        },
    )
    return current_policy(connection, organization_id)
