"""AuditEvent -> what its ledger leaf says: an envelope free of names, and slots for every text."""

from collections.abc import Callable, Mapping
from datetime import datetime

from agentaudit_backend.ledger.canonical import slot_text
from agentaudit_backend.ledger.leaf import SealedSlots, form_of
from agentaudit_backend.store.rows import Row
from agentaudit_backend.store.values import storable
from agentaudit_processor.model import AuditEvent, Fact, Finding, Json, RiskLevel

ENVELOPE_VERSION = 1
_MAX_SEQUENCE = 2**53 - 1  # beyond it RFC 8785 knows no integers
_BLANKS_WITHOUT_HOST = ("agent_ref", "log", "seq", "session_ref", "t_recorded", "user_ref")
_BLANKS = ("host_ref", *_BLANKS_WITHOUT_HOST)
_LABELS = {int(level): level.label for level in RiskLevel}

Filling = Callable[[int], tuple[bytes, ...]]


def envelope_form(event: AuditEvent, row: Row, slots: SealedSlots) -> bytes:
    """The envelope of one half of an Event, but for what `filling` adds once its place is known.

    `row` is what `rows.event_row` made of that half.
    """
    blanks = _BLANKS if row["host"] is not None else _BLANKS_WITHOUT_HOST
    return form_of(_told(event, row), slots, blanks=blanks)


def filling(references: Mapping[str, str], *, log: str, recorded: str) -> Filling:
    """Gives what fills the blanks of an envelope's form, by its sequence number.

    Args:
        references: what stands for the names in it, by member: `user_ref` and the like.
        recorded: as `rfc3339` writes it.
    """
    values: dict[str, Json] = {**references, "log": log, "seq": 0, "t_recorded": recorded}
    members = sorted(values)
    place = members.index("seq")
    written = [slot_text(values[member]).encode() for member in members]
    before, after = tuple(written[:place]), tuple(written[place + 1 :])
    return lambda seq: (*before, b"%d" % seq, *after)


def slots_of(event: AuditEvent) -> dict[str, str]:
    """Every text of this half that may have to be erased one day: name to JSON text.

    Absent and empty values have no slot.
    """
    activity, actor = event.activity, event.activity.actor
    values: dict[str, Json] = {
        "user": _present({"email": actor.user_email, "id": actor.user_id, "name": actor.user_name}),
        "host": actor.host_name,
        "cwd": activity.cwd,
        "explanation": {"summary": event.summary, "reasons": list(event.verdict.reasons)},
        "findings": [_finding(finding) for finding in event.findings],
        "destination": event.effects.destination,
    }
    if isinstance(activity, Fact):
        values["data"] = dict(activity.data)
    else:
        values["arguments"] = dict(activity.arguments)
        values["result"] = activity.result
        values["error"] = activity.error_message
        values["extra"] = dict(activity.extra)
    return {
        name: slot_text(value)
        for name, value in values.items()
        if value or (value is not None and not isinstance(value, dict | list))
    }


def slots_to_text(slots: Mapping[str, str]) -> str:
    """One line a slot, sorted: its name, a space, its JSON text (which holds no line break)."""
    return "\n".join(f"{name} {slots[name]}" for name in sorted(slots))


ERASED = ""
"""The slots of a part whose content was removed: none is without its explanation."""


def slots_from_text(text: str) -> dict[str, str]:
    """The inverse of `slots_to_text`."""
    return dict(line.split(" ", 1) for line in text.split("\n") if line)


def rfc3339(at: datetime) -> str:
    """UTC with six decimals and a Z, as every envelope writes times; `at` is in UTC."""
    return at.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def sequence_of(event: AuditEvent) -> int | None:
    """What a hook told as its record's number; what no counter can have reached is left out."""
    told = event.activity.client_sequence
    return told if told is not None and 0 < told <= _MAX_SEQUENCE else None


def _told(event: AuditEvent, row: Row) -> dict[str, Json]:
    """What the envelope says wherever it comes to stand in the ledger."""
    told: dict[str, Json] = {
        "v": ENVELOPE_VERSION,
        "id": row["event_id"],
        "phase": row["phase"],
        "t_event": rfc3339(row["at"]),
        "kind": row["kind"],
        "action": row["action"],
        "action_class": row["action_class"],
        "tool": row["tool"],
        "dialect": row["dialect"],
        "risk_level": _LABELS[row["risk"]],
        "decision": row["decision"],
        "decided_by": row["decided_by"],
        "outcome": row["outcome"],
        "policy_version": storable(row["policy_version"]),
        "packs_version": storable(row["packs_version"]),
        "rule_ids": [*sorted({finding.rule_id for finding in event.findings})],
        "controls": [*sorted({hit.key for hit in event.controls})],
        "pii_types": [*row["pii_types"]],
        "secret_types": [*row["secret_types"]],
        "signals": row["signals"],
    }
    sequence = sequence_of(event)
    if sequence is not None:
        told["client_sequence"] = sequence
    return told


def _finding(finding: Finding) -> Json:
    return {
        "rule": finding.rule_id,
        "where": finding.where,
        "excerpt": finding.excerpt,
        "sample": finding.sample,
        "digest": finding.digest,
        "count": finding.count,
    }


def _present(values: dict[str, str | None]) -> Json:
    return {name: value for name, value in values.items() if value is not None}
