"""Who may do what, and under which Policy; remembered for a moment, so that no batch waits for it.

A revoked key is refused, and a changed Policy in force, within `REMEMBERED_SECONDS`.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy import Engine

from agentaudit_backend.store.database import reading
from agentaudit_backend.store.keys import KeyRow, is_key, key_hash, key_in_force
from agentaudit_backend.store.policies import current_policy
from agentaudit_backend.store.roles import CAN_WRITE, DEEDS
from agentaudit_processor.policy import Policy
from agentaudit_processor.ports import Caller, Refused

REMEMBERED_SECONDS = 2.0
_REMEMBERED_KEYS = 10_000

_HOW = (
    "Send it as `Authorization: Bearer aa_live_…`. The first start printed the default key; "
    "`agentaudit key create` makes another."
)
Key = TypeVar("Key")
Value = TypeVar("Value")


class _Remembered(Generic[Key, Value]):
    """Values that may be a moment old."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._values: dict[Key, tuple[float, Value]] = {}
        self._lock = Lock()

    def get(self, key: Key) -> Value | None:
        with self._lock:
            until, value = self._values.get(key, (0.0, None))
            return value if self._clock() < until else None

    def put(self, key: Key, value: Value) -> None:
        with self._lock:
            if len(self._values) >= _REMEMBERED_KEYS:
                self._values.clear()
            self._values[key] = (self._clock() + REMEMBERED_SECONDS, value)

    def forget(self) -> None:
        with self._lock:
            self._values.clear()


class Access:
    """`Gate` and `PolicySource` of the processor's ports, on the store."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._keys: _Remembered[bytes, KeyRow] = _Remembered(clock)
        self._policies: _Remembered[int, Policy] = _Remembered(clock)
        self._uses: dict[int, datetime] = {}
        self._noting = Lock()

    def admit(self, authorization: str | None, roles: frozenset[str] = CAN_WRITE) -> Caller:
        """Who holds this `Authorization` value, if their role is one of `roles`.

        Raises:
            Refused: 401 for no or no valid key, 403 for a role that may not.
            Unavailable: the database is away and the key is not remembered.
        """
        row = self._key(key_of(authorization))
        if row.role not in roles:
            raise Refused(
                403,
                f"This key has the role {row.role}, which may not "
                f"{DEEDS.get(roles, 'do this')}. Use a key of the role "
                f"{' or '.join(sorted(roles))}.",
            )
        with self._noting:
            self._uses[row.id] = datetime.now(UTC)
        return Caller(organization_id=row.organization_id, key_id=row.id, role=row.role)

    def current(self, organization_id: int) -> Policy:
        """The Policy in force, at most `REMEMBERED_SECONDS` old."""
        policy = self._policies.get(organization_id)
        if policy is None:
            with reading(self._engine) as connection:
                policy = current_policy(connection, organization_id)
            self._policies.put(organization_id, policy)
        return policy

    def take_uses(self) -> dict[int, datetime]:
        """When each key was last used since this was asked before, by its id."""
        with self._noting:
            uses, self._uses = self._uses, {}
        return uses

    def give_back_uses(self, uses: dict[int, datetime]) -> None:
        """Keep for the next time what could not be written."""
        with self._noting:
            self._uses = uses | self._uses

    def forget(self) -> None:
        """Ask the database next time; called when this process itself changed something."""
        self._keys.forget()
        self._policies.forget()

    def _key(self, key: str) -> KeyRow:
        digest = key_hash(key)
        row = self._keys.get(digest)
        if row is None:
            with reading(self._engine) as connection:
                row = key_in_force(connection, digest, datetime.now(UTC))
            if row is None:
                raise Refused(401, f"This API key is unknown, expired or revoked. {_HOW}")
            self._keys.put(digest, row)
        return row


def key_of(authorization: str | None) -> str:
    """The key that an `Authorization` value holds.

    Raises:
        Refused: 401, it holds none.
    """
    if not authorization:
        raise Refused(401, f"An API key is required. {_HOW}")
    scheme, _, key = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not is_key(key.strip()):
        raise Refused(401, f"This is no API key of AgenticAudit. {_HOW}")
    return key.strip()
