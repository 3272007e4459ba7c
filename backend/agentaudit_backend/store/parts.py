"""Parts: judged Events made ready for the store, as far as that needs neither database nor ledger.

It is most of what storing costs, so it is done wherever there is a processor core to spare; what
comes of it is plain values, which go from one process to another as they are.
"""

import os
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from agentaudit_backend.ledger.leaf import SealedSlots, seal_slots
from agentaudit_backend.store.keeping import kept
from agentaudit_backend.store.rows import Row, event_row
from agentaudit_backend.store.sealing import sequence_of, slots_of, slots_to_text, told_of
from agentaudit_processor.model import AuditEvent, ControlHit, Finding, Json
from agentaudit_processor.policy import LoggingLevel

FINDING_COLUMNS = (
    "rule_id",
    "title",
    "severity",
    "location",
    "excerpt",
    "explanation",
    "advice",
    "pack",
    "pii",
    "secret",
    "signal",
    "sample",
    "digest",
    "count",
    "tags",
    "confidence",
)


PartKey = tuple[str, str, str]
"""Event, phase, dialect."""
_key_of = itemgetter("event_id", "phase", "dialect")


class Part(NamedTuple):
    """One part of an Event: a phase, as one dialect tells of it."""

    row: Row
    """Every column of `event` but `pk`."""
    told: dict[str, Json]
    """What its leaf says wherever it comes to stand."""
    slots: str
    sealed_slots: SealedSlots
    client_sequence: int | None
    findings: tuple[tuple[Any, ...], ...]
    """In the order of `FINDING_COLUMNS`."""
    controls: tuple[ControlHit, ...]

    @property
    def key(self) -> PartKey:
        """What a leaf is unique by within its ledger."""
        event_id, phase, dialect = _key_of(self.row)
        return event_id, phase, dialect


def parts_of(organization_id: int, events: Sequence[AuditEvent], level: LoggingLevel) -> list[Part]:
    """The parts of `events`, with the texts that `level` keeps."""
    return [_part(organization_id, kept(event, level)) for event in events]


def _part(organization_id: int, event: AuditEvent) -> Part:
    row, slots = event_row(organization_id, event), slots_of(event)
    return Part(
        row=row,
        told=told_of(event, row),
        slots=slots_to_text(slots),
        sealed_slots=seal_slots(slots, os.urandom),
        client_sequence=sequence_of(event),
        findings=tuple(_finding(finding) for finding in event.findings),
        controls=tuple(event.controls),
    )


def _finding(finding: Finding) -> tuple[Any, ...]:
    return (
        finding.rule_id,
        finding.title,
        int(finding.severity),
        finding.where,
        finding.excerpt,
        finding.explanation,
        finding.advice,
        finding.pack,
        finding.pii,
        finding.secret,
        finding.signal,
        finding.sample,
        finding.digest,
        finding.count,
        finding.tags,
        finding.confidence,
    )
