"""What hangs on an Event's row: its texts, Findings and Controls, written in bulk."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from agentaudit_backend.ledger.leaf import SealedLeaf
from agentaudit_backend.store.bulk import chunks, insert_dicts, insert_rows
from agentaudit_backend.store.control_words import ControlWords
from agentaudit_backend.store.rows import Row
from agentaudit_backend.store.sealing import sequence_of, slots_to_text
from agentaudit_backend.store.tables import EventContent, EventControl, EventFinding, table_of
from agentaudit_backend.store.types import storable
from agentaudit_processor.model import AuditEvent, ControlHit, Finding

_FINDINGS = table_of(EventFinding)
_FINDING_COLUMNS = (
    "event_pk",
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
)


FindingKey = tuple[str, str, str]


@dataclass(slots=True, kw_only=True)
class Part:
    """One part of an Event (a phase, as one dialect tells of it) that the ledger does not hold."""

    event: AuditEvent
    row: Row
    slots: dict[str, str]
    pk: int = 0
    """Of the Event's row, once that is stored."""


def store_contents(
    connection: Connection, parts: Sequence[Part], leaves: Sequence[SealedLeaf]
) -> None:
    """Store the texts of each part beside the keys of the leaf that commits to them."""
    insert_dicts(
        connection,
        table_of(EventContent),
        [
            {
                "event_pk": part.pk,
                "phase": part.row["phase"],
                "dialect": part.row["dialect"],
                "slots": slots_to_text(part.slots),
                "slot_keys": leaf.slot_keys,
                "client_sequence": sequence_of(part.event),
            }
            for part, leaf in zip(parts, leaves, strict=True)
        ],
    )


def store_findings(
    connection: Connection, parts: Sequence[Part], completed: AbstractSet[int]
) -> None:
    """Store each Finding once, though both halves of a call may tell of it.

    Args:
        completed: pks of Events that were stored before, with their other half.
    """
    known = _known_findings(connection, sorted(completed))
    rows: list[tuple[Any, ...]] = []
    for part in parts:
        for finding in part.event.findings:
            # as the database gives it back
            key = (finding.rule_id, storable(finding.where), storable(finding.excerpt))
            seen = known.setdefault(part.pk, set())
            if key not in seen:
                seen.add(key)
                rows.append(_finding_row(part.pk, finding))
    insert_rows(connection, _FINDINGS, _FINDING_COLUMNS, rows)


def store_controls(
    connection: Connection,
    parts: Sequence[Part],
    completed: AbstractSet[int],
    words: ControlWords,
) -> dict[ControlHit, int]:
    """Store each Control hit once an Event; gives ids for `words.remember`."""
    ids = words.ids_of(connection, {hit for part in parts for hit in part.event.controls})
    rows = {(part.pk, ids[hit]) for part in parts for hit in part.event.controls}
    rows -= _known_controls(connection, sorted(completed))
    insert_rows(connection, table_of(EventControl), ("event_pk", "control_id"), sorted(rows))
    return ids


def _known_findings(connection: Connection, pks: Sequence[int]) -> dict[int, set[FindingKey]]:
    known: dict[int, set[FindingKey]] = {}
    columns = _FINDINGS.c
    for chunk in chunks(pks):
        found = connection.execute(
            select(columns.event_pk, columns.rule_id, columns.location, columns.excerpt).where(
                columns.event_pk.in_(chunk)
            )
        )
        for pk, rule_id, location, excerpt in found:
            known.setdefault(pk, set()).add((rule_id, location, excerpt))
    return known


def _finding_row(pk: int, finding: Finding) -> tuple[Any, ...]:
    return (
        pk,
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
    )


def _known_controls(connection: Connection, pks: Sequence[int]) -> set[tuple[int, int]]:
    table = table_of(EventControl)
    known: set[tuple[int, int]] = set()
    for chunk in chunks(pks):
        found = connection.execute(
            select(table.c.event_pk, table.c.control_id).where(table.c.event_pk.in_(chunk))
        )
        known.update((pk, control) for pk, control in found)
    return known
