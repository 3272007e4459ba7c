"""API keys: made, listed, revoked and recognised by their hash."""

import re
import secrets
import string
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, Row, insert, or_, select, update

from agentaudit_backend.store.roles import ROLES
from agentaudit_backend.store.tables import ApiKey, table_of

KEY_PREFIX = "aa_live_"
_BASE62 = string.digits + string.ascii_letters
_SECRET_LENGTH = 40
SHOWN_LENGTH = len(KEY_PREFIX) + 6
_KEY = re.compile(rf"{KEY_PREFIX}[0-9A-Za-z]{{32,128}}")
_KEYS = table_of(ApiKey)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key as a list shows it; the key itself is nowhere."""

    id: int
    organization_id: int
    name: str
    prefix: str
    role: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    subject: str | None = None
    """Whom it stands for, of those who log in elsewhere (SSO); its text nobody has."""
    last_login_at: datetime | None = None
    last_used_at: datetime | None = None

    @property
    def last_seen_at(self) -> datetime | None:
        """When somebody last came with it, by a request or to log in; None: never."""
        return max(filter(None, (self.last_used_at, self.last_login_at)), default=None)


def is_key(text: str) -> bool:
    """Tell whether `text` has the form of a key."""
    return _KEY.fullmatch(text) is not None


def key_hash(key: str) -> bytes:
    """What is stored of a key; it holds 238 random bits, so a plain hash cannot be searched."""
    return sha256(key.encode()).digest()


def create_key(
    connection: Connection,
    organization_id: int,
    *,
    role: str,
    name: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> str:
    """Add a key and give its text, which can never be read again.

    Raises:
        ValueError: `role` is none of `ROLES`.
    """
    if role not in ROLES:
        raise ValueError(f"role {role!r}: expected one of {', '.join(ROLES)}")
    key = KEY_PREFIX + "".join(secrets.choice(_BASE62) for _ in range(_SECRET_LENGTH))
    row = {
        "organization_id": organization_id,
        "name": name,
        "prefix": key[:SHOWN_LENGTH],
        "key_hash": key_hash(key),
        "role": role,
        "created_at": now,
        "expires_at": expires_at,
    }
    connection.execute(insert(_KEYS), row)
    return key


def list_keys(connection: Connection, organization_id: int) -> tuple[KeyRow, ...]:
    """All keys, revoked ones too, oldest first."""
    found = connection.execute(
        select(_KEYS).where(_KEYS.c.organization_id == organization_id).order_by(_KEYS.c.id)
    )
    return tuple(_row(row) for row in found)


def revoke_key(
    connection: Connection, organization_id: int, name: str, now: datetime
) -> tuple[KeyRow, ...]:
    """Revoke the keys in force with this id or shown prefix; gives those that were."""
    matches = _KEYS.c.prefix == name
    if name.isdecimal() and len(name) < 10:
        matches = or_(matches, _KEYS.c.id == int(name))
    found = connection.execute(
        select(_KEYS)
        .where(_KEYS.c.organization_id == organization_id, _KEYS.c.revoked_at.is_(None))
        .where(matches)
    )
    keys = tuple(_row(row) for row in found)
    connection.execute(
        update(_KEYS).where(_KEYS.c.id.in_([key.id for key in keys])).values(revoked_at=now)
    )
    return keys


def key_in_force(connection: Connection, digest: bytes, now: datetime) -> KeyRow | None:
    """The key with this hash, unless expired or revoked."""
    found = connection.execute(
        select(_KEYS)
        .where(_KEYS.c.key_hash == digest, _KEYS.c.revoked_at.is_(None))
        .where(or_(_KEYS.c.expires_at.is_(None), _KEYS.c.expires_at > now))
    ).one_or_none()
    return None if found is None else _row(found)


def _row(row: Row[tuple[object, ...]]) -> KeyRow:
    values = row._mapping  # noqa: SLF001  SQLAlchemy's documented name
    return KeyRow(**{name: values[name] for name in KeyRow.__slots__})
