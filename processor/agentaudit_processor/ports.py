"""What the processor needs from whoever runs it: who may send, under which Policy, where to put it.

The backend implements these on its store; `sinks.memory` and tests implement them in memory.
All calls block and may come from several threads at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agentaudit_processor.model import AuditEvent
from agentaudit_processor.policy import Policy

SentWith = tuple[tuple[str, str], ...]
"""Headers that a request came with and that go along with it: names in lower case, and values."""


class Refused(Exception):
    """The caller may not do this. `status` is the HTTP status (401, 403); the text says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Unavailable(Exception):
    """The sink cannot take this now; the sender must keep it and try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who a request came from, by its key."""

    organization_id: int
    key_id: int
    role: str
    """admin, auditor or ingest."""


class Gate(Protocol):
    """Tells who holds a key."""

    def admit(self, authorization: str | None) -> Caller:
        """Check an `Authorization` header value (`Bearer aa_live_…`) for the right to write.

        Raises:
            Refused: no key, an unknown, expired or revoked one (401), or a role that may not (403).
            Unavailable: the key cannot be checked now.
        """
        ...


class PolicySource(Protocol):
    """Gives the Policy in force."""

    def current(self, organization_id: int) -> Policy:
        """The newest version; may be a few seconds old."""
        ...


class Sink(Protocol):
    """Takes judged Events."""

    def write(self, organization_id: int, events: Sequence[AuditEvent]) -> None:
        """Return once all `events` are safe; writing one again changes nothing.

        Raises:
            Unavailable: none of them is safe; the caller must not acknowledge.
        """
        ...
