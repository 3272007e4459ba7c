"""Parts: judged Events made ready for the store, as far as that needs neither database nor ledger.

It is most of what storing costs, so it is done wherever there is a processor core to spare; what
comes of it is plain values, which go from one process to another as they are.
"""

import os
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from agentaudit_backend.ledger.leaf import seal_slots
from agentaudit_backend.store.columns import COLUMNS, plain_event, plain_finding
from agentaudit_backend.store.keeping import kept
from agentaudit_backend.store.plain import PlainRow
from agentaudit_backend.store.rows import Row, event_row
from agentaudit_backend.store.sealing import envelope_form, sequence_of, slots_of, slots_to_text
from agentaudit_backend.store.values import storable
from agentaudit_processor.model import AuditEvent, ControlHit, Finding
from agentaudit_processor.policy import LoggingLevel

PartKey = tuple[str, str, str]
"""Event, phase, dialect: what a leaf is unique by within its ledger."""
_key_of = itemgetter("event_id", "phase", "dialect")
_columns_of = itemgetter(*COLUMNS)
_lists_of = itemgetter("pii_types", "secret_types", "signals")


class Met(NamedTuple):
    """What a part met; those that met the same share one."""

    rules: tuple[str, ...]
    controls: tuple[ControlHit, ...]
    pii_types: tuple[str, ...]
    secret_types: tuple[str, ...]
    signals: tuple[str, ...]


class Part(NamedTuple):
    """One part of an Event: a phase, as one dialect tells of it."""

    key: PartKey
    row: PlainRow
    """Every column of `event` but `pk` and `profile`, in the order of `columns.COLUMNS`."""
    envelope: bytes
    """Its form, to be filled once its place in the ledger is known."""
    slots: str
    slot_keys: bytes
    client_sequence: int | None
    findings: tuple[PlainRow, ...]
    """In the order of `FINDING_COLUMNS`."""
    met: Met


def parts_of(organization_id: int, events: Sequence[AuditEvent], level: LoggingLevel) -> list[Part]:
    """The parts of `events`, with the texts that `level` keeps."""
    events = [kept(event, level) for event in events]
    rows = [event_row(organization_id, event) for event in events]
    slots = [slots_of(event) for event in events]
    # Step by step, as they are judged: see `Judge.examine_all`.
    sealed = [seal_slots(texts, os.urandom) for texts in slots]
    envelopes = [envelope_form(*one) for one in zip(events, rows, sealed, strict=True)]
    met: dict[tuple[Any, ...], Met] = {}
    return [
        Part(
            key=_key_of(row),
            row=plain_event(_columns_of(row)),
            envelope=envelope,
            slots=storable(slots_to_text(texts)),
            slot_keys=keys,
            client_sequence=sequence_of(event),
            findings=tuple([plain_finding(_finding(finding)) for finding in event.findings]),
            met=_met(event, row, met),
        )
        for event, row, texts, (_, keys, _), envelope in zip(
            events, rows, slots, sealed, envelopes, strict=True
        )
    ]


def _met(event: AuditEvent, row: Row, known: dict[tuple[Any, ...], Met]) -> Met:
    rules = tuple([finding.rule_id for finding in event.findings])
    pii_types, secret_types, signals = map(tuple, _lists_of(row))
    # Controls come from the judge's memory: those that met the same have the very same tuple.
    key = (rules, id(event.controls), pii_types, secret_types, signals)
    met = known.get(key)
    if met is None:
        met = known[key] = Met(rules, tuple(event.controls), pii_types, secret_types, signals)
    return met


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
