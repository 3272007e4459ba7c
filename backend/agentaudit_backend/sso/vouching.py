"""What pages and a provider say to each other: light, for servers that have none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class NotVouched(Exception):
    """The provider vouches for nobody, or for somebody who may not log in; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Which values of a claim mean which role; `*` means whoever the provider knows."""

    claim: str
    admins: Sequence[str]
    auditors: Sequence[str]

    def of(self, claims: Mapping[str, Any]) -> str | None:
        """The highest role that the claims give."""
        told = claims.get(self.claim)
        values = {"*", *map(str, told if isinstance(told, list) else [told] if told else [])}
        if values.intersection(self.admins):
            return "admin"
        return "auditor" if values.intersection(self.auditors) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What is remembered of somebody who was sent there, until they come back."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom the provider vouches for."""

    subject: str
    """The provider and its own id of the person; both never change."""
    name: str
    role: str


class Vouching(Protocol):
    """An identity provider, as pages use it."""

    name: str
    """What the log-in calls it."""

    def send(self) -> tuple[str, Sent]:
        """See `provider.Provider.send`."""

    def vouch(self, answer: Mapping[str, str], sent: Sent) -> Person:
        """See `provider.Provider.vouch`."""

    def farewell(self, back: str) -> str | None:
        """See `provider.Provider.farewell`."""
