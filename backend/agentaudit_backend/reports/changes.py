"""What was changed in the period: the Policy, by whom and why; keys and people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from agentaudit_backend.reports.period import Period
from agentaudit_backend.store.own_facts import SERVER
from agentaudit_backend.store.policies import PolicyRecord
from agentaudit_backend.store.queries import Queries
from agentaudit_backend.store.views import EventRow
from agentaudit_processor.model import EventKind
from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_document import to_document

VERSIONS, FIELDS, ROWS = 20, 12, 30
_NOTHING: Final = "(nothing)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One field of the Policy, before and after, as text."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """A version that was saved in the period."""

    version: int
    saved_at: datetime
    author: str
    note: str
    changed: tuple[Changed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All of them, the newest first; the totals count those that found no room too."""

    policy: tuple[PolicyChange, ...]
    policy_total: int
    settings: tuple[EventRow, ...]
    """Keys made and revoked, people invited and deactivated."""
    settings_total: int


def changes_of(
    store: Queries, organization_id: int, versions: Sequence[PolicyRecord], period: Period
) -> Changes:
    """Read what the server recorded of itself; `versions` are all, the newest first."""
    before = dict(zip([each.policy.version for each in versions], versions[1:], strict=False))
    within = [
        record
        for record in versions
        if (period.since is None or record.saved_at >= period.since)
        and record.saved_at < period.until
    ]
    where = period.filter(kinds=(EventKind.CONFIG_CHANGE,), agents=(SERVER,))
    found = store.list_events(organization_id, where, limit=ROWS)
    return Changes(
        policy=tuple(_change(each, before.get(each.policy.version)) for each in within[:VERSIONS]),
        policy_total=len(within),
        settings=found.items,
        settings_total=found.total,
    )


def _change(record: PolicyRecord, before: PolicyRecord | None) -> PolicyChange:
    return PolicyChange(
        version=record.policy.version,
        saved_at=record.saved_at,
        author=record.author,
        note=record.note,
        changed=differences(before.policy, record.policy) if before else (),
    )


def differences(before: Policy, after: Policy) -> tuple[Changed, ...]:
    """The fields that differ, by their path in the document: `retention.event_days`."""
    old, new = _flat(to_document(before)), _flat(to_document(after))
    names = [*new, *(name for name in old if name not in new)]
    return tuple(
        Changed(field=name, before=old.get(name, _NOTHING), after=new.get(name, _NOTHING))
        for name in names
        if old.get(name) != new.get(name)
    )[:FIELDS]


def _flat(document: Mapping[str, Any], inside: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{inside}{name}.")
        else:
            found[f"{inside}{name}"] = _words(name, value)
    return found


def _words(name: str, value: Any) -> str:
    """A value on one line. Packs are whole files: they are told by their digest."""
    if isinstance(value, list):
        if name == "packs":
            value = [f"sha256:{sha256(str(pack).encode()).hexdigest()[:12]}" for pack in value]
        return ", ".join(_words(name, each) for each in value) or "none"
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {_words(key, each)}" for key, each in value.items())
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else str(value)
