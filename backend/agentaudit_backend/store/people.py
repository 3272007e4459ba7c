"""People: invited by a link that counts once, or known by a log-in of elsewhere (SSO).

Either way a person is a key: whoever accepts an invitation gets one of their own; for a log-in of
elsewhere a key stands whose text nobody has. So roles, approvals and records name them alike.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Engine, insert, select, update

from agentaudit_backend.store.database import reading, writing
from agentaudit_backend.store.keys import create_key
from agentaudit_backend.store.people_tables import Invitation as InvitationTable
from agentaudit_backend.store.roles import CAN_READ
from agentaudit_backend.store.tables import ApiKey, table_of
from agentaudit_backend.store.web_sessions import open_session_of

VALID: Final = timedelta(days=7)
_INVITATIONS = table_of(InvitationTable)
_KEYS = table_of(ApiKey)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """One that somebody has made."""

    invitation_id: str
    organization_id: int
    name: str
    role: str
    author: str
    made_at: datetime
    expires_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Somebody who has just come in."""

    organization_id: int
    name: str
    role: str
    key: str | None
    """The new key's text, which can never be read again; None for a log-in of elsewhere."""
    token: str
    """For the cookie."""


class People:
    """Those of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def invite(
        self,
        organization_id: int,
        *,
        name: str,
        role: str,
        author: str,
        now: datetime,
        valid: timedelta = VALID,
    ) -> str:
        """Make a link's token, which can never be read again.

        Raises:
            ValueError: the role may not log in.
        """
        if role not in CAN_READ:
            raise ValueError(f"role {role!r}: expected one of {', '.join(sorted(CAN_READ))}")
        token = secrets.token_urlsafe(32)
        row = {
            "invitation_id": secrets.token_hex(8),
            "organization_id": organization_id,
            "token_hash": _hash(token),
            "name": name,
            "role": role,
            "author": author,
            "made_at": now,
            "expires_at": now + valid,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(_INVITATIONS), row)
        return token

    def open_invitations(self, organization_id: int, now: datetime) -> Sequence[Invitation]:
        """Those that still count, the newest first."""
        with reading(self._engine) as connection:
            found = connection.execute(
                select(_INVITATIONS)
                .where(_INVITATIONS.c.organization_id == organization_id)
                .where(_INVITATIONS.c.ended_at.is_(None), _INVITATIONS.c.expires_at > now)
                .order_by(_INVITATIONS.c.made_at.desc())
            )
            return [_invitation(row) for row in found.mappings()]

    def invitation(self, token: str, now: datetime) -> Invitation | None:
        """The one of a token, if it still counts."""
        with reading(self._engine) as connection:
            return _open(connection, token, now)

    def withdraw(self, organization_id: int, invitation_id: str, now: datetime) -> bool:
        """Let it count no more; False if it did not anyway."""
        with writing(self._engine) as connection:
            done = connection.execute(
                update(_INVITATIONS)
                .where(_INVITATIONS.c.invitation_id == invitation_id)
                .where(_INVITATIONS.c.organization_id == organization_id)
                .where(_INVITATIONS.c.ended_at.is_(None))
                .values(ended_at=now)
            )
            return bool(done.rowcount)

    def accept(self, token: str, now: datetime) -> Arrived | None:
        """Use an invitation up: its key, and a session; None if it counts no more."""
        with writing(self._engine) as connection:
            asked = _open(connection, token, now)
            if asked is None:
                return None
            used = connection.execute(
                update(_INVITATIONS)
                .where(_INVITATIONS.c.invitation_id == asked.invitation_id)
                .where(_INVITATIONS.c.ended_at.is_(None))
                .values(ended_at=now)
            )
            if not used.rowcount:
                return None
            key = create_key(
                connection, asked.organization_id, role=asked.role, name=asked.name, now=now
            )
            key_id = _id_of_newest(connection, asked.organization_id)
            return Arrived(
                organization_id=asked.organization_id,
                name=asked.name,
                role=asked.role,
                key=key,
                token=open_session_of(connection, key_id, datetime.now(UTC)),
            )

    def arrive(
        self, organization_id: int, *, subject: str, name: str, role: str, now: datetime
    ) -> Arrived | None:
        """A session for whom an identity provider vouches for; None for one who was deactivated.

        Name and role are the provider's, each time.

        Args:
            subject: who it is, for ever: the provider and its own id of the person.
        """
        with writing(self._engine) as connection:
            found = connection.execute(
                select(_KEYS.c.id, _KEYS.c.revoked_at).where(
                    _KEYS.c.organization_id == organization_id, _KEYS.c.subject == subject
                )
            ).one_or_none()
            if found is None:
                create_key(connection, organization_id, role=role, name=name, now=now)
                key_id = _id_of_newest(connection, organization_id)
                own = {"subject": subject, "prefix": f"sso_{secrets.token_hex(4)}"}
                connection.execute(update(_KEYS).where(_KEYS.c.id == key_id).values(**own))
            elif found.revoked_at is not None:
                return None
            else:
                key_id = found.id
                told = {"name": name, "role": role}
                connection.execute(update(_KEYS).where(_KEYS.c.id == key_id).values(**told))
            return Arrived(
                organization_id=organization_id,
                name=name,
                role=role,
                key=None,
                token=open_session_of(connection, key_id, datetime.now(UTC)),
            )


def _open(connection: Connection, token: str, now: datetime) -> Invitation | None:
    row = (
        connection.execute(
            select(_INVITATIONS)
            .where(_INVITATIONS.c.token_hash == _hash(token))
            .where(_INVITATIONS.c.ended_at.is_(None), _INVITATIONS.c.expires_at > now)
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _invitation(row)


def _invitation(row: Any) -> Invitation:
    return Invitation(**{name: row[name] for name in Invitation.__slots__})


def _id_of_newest(connection: Connection, organization_id: int) -> int:
    return int(
        connection.execute(
            select(_KEYS.c.id)
            .where(_KEYS.c.organization_id == organization_id)
            .order_by(_KEYS.c.id.desc())
            .limit(1)
        ).scalar_one()
    )


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()
