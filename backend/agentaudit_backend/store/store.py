"""The store: one object that opens the database and answers for it.

Reads are in `queries`; what follows here keeps policy, keys and web sessions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from agentaudit_backend.store.queries import Queries
from agentaudit_processor.model import AuditEvent
from agentaudit_processor.policy import Policy
from agentaudit_processor.ports import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSession:
    """A person logged in to the dashboard."""

    caller: Caller
    csrf_token: str
    key_prefix: str
    """First characters of the key that was used to log in, to show who is there."""
    expires_at: datetime


class Store(Queries):
    """All of one database. Every call may come from any thread."""

    @classmethod
    def open(cls, url: str) -> Self:
        """Open `sqlite:///path` or `postgresql+psycopg://…`, without migrating it."""
        raise NotImplementedError

    def close(self) -> None:
        """Give connections back and stop the writer."""

    def write(self, organization_id: int, events: Sequence[AuditEvent]) -> None:
        """`Sink.write` of the processor's ports."""
        raise NotImplementedError

    def policy(self, organization_id: int) -> Policy:
        """The Policy in force, straight from the database."""
        raise NotImplementedError

    def save_policy(
        self, organization_id: int, policy: Policy, *, author: str, note: str
    ) -> Policy:
        """Append a version; `policy.version` is replaced by the next one, which is returned."""
        raise NotImplementedError

    def admit(self, authorization: str | None) -> Caller:
        """Who holds this `Authorization` value, whatever the role. Raises as `Gate.admit`."""
        raise NotImplementedError

    def create_web_session(self, key: str) -> str | None:
        """Log in with an API key (admin or auditor): a random token for the cookie, or None."""
        raise NotImplementedError

    def web_session(self, token: str) -> WebSession | None:
        """The session of a cookie's token; None when unknown, ended, expired or its key revoked."""
        raise NotImplementedError

    def end_web_session(self, token: str) -> None:
        """Log out; unknown tokens are ignored."""
