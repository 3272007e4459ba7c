"""Who can read, export and administer the log, and who did in the period."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agentaudit_backend.reports.period import Period
from agentaudit_backend.store.filters import LOOKING
from agentaudit_backend.store.keys import KeyRow
from agentaudit_backend.store.queries import Queries
from agentaudit_backend.store.roles import ROLES
from agentaudit_backend.store.views import Counted, EventRow
from agentaudit_processor.model import EventKind

PEOPLE, ROWS = 20, 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """An admin or auditor key in force."""

    name: str
    prefix: str
    role: str
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Of the whole organisation."""

    by_role: tuple[Counted, ...]
    """Keys in force when the report was made."""
    holders: tuple[Holder, ...]
    looked: tuple[Counted, ...]
    """Records of coming in, looking and taking away, by person."""
    exports: tuple[EventRow, ...]
    exports_total: int


def readers_of(
    store: Queries,
    organization_id: int,
    keys: Sequence[KeyRow],
    period: Period,
    now: datetime,
) -> Readers:
    """Read it; `keys` are all of the organisation's."""
    in_force = [
        key
        for key in keys
        if key.revoked_at is None and (key.expires_at is None or key.expires_at > now)
    ]
    roles = Counter(key.role for key in in_force)
    looked = store.counts_by(organization_id, period.filter(kinds=LOOKING), "user_label")
    exports = store.list_events(
        organization_id, period.filter(kinds=(EventKind.EXPORT,)), limit=ROWS
    )
    return Readers(
        by_role=tuple(Counted(value=role, count=roles[role]) for role in ROLES),
        holders=tuple(
            Holder(name=key.name, prefix=key.prefix, role=key.role, last_seen_at=key.last_seen_at)
            for key in in_force
            if key.role != "ingest"
        )[:PEOPLE],
        looked=looked[:PEOPLE],
        exports=exports.items,
        exports_total=exports.total,
    )
