"""Dashboard log-ins: a random token in the cookie, its hash in the database.

A session ends after 12 hours, on log-out, and at once when the key that opened it is revoked.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, delete, insert, or_, select, update

from agentaudit_backend.store.keys import is_key, key_hash, key_in_force
from agentaudit_backend.store.roles import CAN_READ
from agentaudit_backend.store.tables import ApiKey, table_of
from agentaudit_backend.store.tables import WebSession as WebSessionTable
from agentaudit_processor.ports import Caller

LIFETIME = timedelta(hours=12)
_SESSIONS = table_of(WebSessionTable)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSession:
    """A person logged in to the dashboard."""

    caller: Caller
    csrf_token: str
    name: str
    """Of that key: whose it is."""
    key_prefix: str
    """First characters of the key that was used to log in, to show who is there."""
    expires_at: datetime
    by_sso: bool
    """An identity provider vouched for them, where they may be logged in still."""


def open_session(connection: Connection, key: str, now: datetime) -> str | None:
    """Log in with a key that may read; the token for the cookie, or None."""
    row = key_in_force(connection, key_hash(key), now) if is_key(key) else None
    if row is None or row.role not in CAN_READ:
        return None
    return open_session_of(connection, row.id, now)


def open_session_of(connection: Connection, key_id: int, now: datetime) -> str:
    """A session of whom this key stands for; the token for the cookie."""
    token = secrets.token_urlsafe(32)
    keys = table_of(ApiKey)
    connection.execute(update(keys).where(keys.c.id == key_id).values(last_login_at=now))
    connection.execute(delete(_SESSIONS).where(_SESSIONS.c.expires_at <= now))
    connection.execute(
        insert(_SESSIONS),
        {
            "token_hash": _hash(token),
            "api_key_id": key_id,
            "created_at": now,
            "expires_at": now + LIFETIME,
        },
    )
    return token


def find_session(connection: Connection, token: str, now: datetime) -> WebSession | None:
    """The session of a token, unless ended, expired, or its key no longer in force."""
    keys = table_of(ApiKey)
    found = connection.execute(
        select(
            _SESSIONS.c.expires_at,
            keys.c.id,
            keys.c.organization_id,
            keys.c.role,
            keys.c.name,
            keys.c.prefix,
            keys.c.subject,
        )
        .join(keys, keys.c.id == _SESSIONS.c.api_key_id)
        .where(_SESSIONS.c.token_hash == _hash(token), _SESSIONS.c.expires_at > now)
        .where(keys.c.revoked_at.is_(None))
        .where(or_(keys.c.expires_at.is_(None), keys.c.expires_at > now))
    ).one_or_none()
    if found is None:
        return None
    caller = Caller(organization_id=found.organization_id, key_id=found.id, role=found.role)
    return WebSession(
        caller=caller,
        csrf_token=_csrf(token),
        name=found.name,
        key_prefix=found.prefix,
        expires_at=found.expires_at,
        by_sso=found.subject is not None,
    )


def close_session(connection: Connection, token: str) -> None:
    """Log out."""
    connection.execute(delete(_SESSIONS).where(_SESSIONS.c.token_hash == _hash(token)))


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()


def _csrf(token: str) -> str:
    # Derived from the cookie's token, which a forging site cannot read; so nothing is stored.
    return hmac.new(token.encode("utf-8", "replace"), b"csrf", sha256).hexdigest()
