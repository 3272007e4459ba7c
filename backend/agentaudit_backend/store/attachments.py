"""What hangs on an Event's row: its texts and Findings, written in bulk."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from operator import itemgetter

from sqlalchemy import Connection, select

from agentaudit_backend.store.bulk import among, insert_plain
from agentaudit_backend.store.columns import FINDING_COLUMNS
from agentaudit_backend.store.parts import Part
from agentaudit_backend.store.plain import PlainRow
from agentaudit_backend.store.tables import EventContent, EventFinding, table_of

_FINDINGS = table_of(EventFinding)
_CONTENT_COLUMNS = ("event_pk", "phase", "dialect", "slots", "slot_keys", "client_sequence")
_finding_key = itemgetter(*map(FINDING_COLUMNS.index, ("rule_id", "location", "excerpt")))

FindingKey = tuple[str, str, str]
PkOf = Mapping[str, int]
"""The pk of each Event's row, by event id."""


def store_contents(connection: Connection, parts: Sequence[Part], pk_of: PkOf) -> None:
    """Store the texts of each part beside the keys of the leaf that commits to them."""
    rows: list[PlainRow] = [
        (
            pk_of[event_id],
            phase,
            dialect,
            part.slots,
            part.slot_keys,
            part.client_sequence,
        )
        for part in parts
        for event_id, phase, dialect in (part.key,)
    ]
    insert_plain(connection, table_of(EventContent), _CONTENT_COLUMNS, rows)


def store_findings(
    connection: Connection, parts: Sequence[Part], pk_of: PkOf, completed: AbstractSet[int]
) -> None:
    """Store each Finding once, though both halves of a call may tell of it.

    Args:
        completed: pks of Events that were stored before, with their other half.
    """
    known = _known_findings(connection, sorted(completed))
    rows: list[PlainRow] = []
    for part in parts:
        if not part.findings:
            continue
        pk = pk_of[part.key[0]]
        seen = known.setdefault(pk, set())
        for finding in part.findings:
            key = _finding_key(finding)
            if key not in seen:
                seen.add(key)
                rows.append((pk, *finding))
    insert_plain(connection, _FINDINGS, ("event_pk", *FINDING_COLUMNS), rows)


def _known_findings(connection: Connection, pks: Sequence[int]) -> dict[int, set[FindingKey]]:
    known: dict[int, set[FindingKey]] = {}
    columns = _FINDINGS.c
    if pks:
        found = connection.execute(
            select(columns.event_pk, columns.rule_id, columns.location, columns.excerpt).where(
                among(connection, columns.event_pk, pks)
            )
        )
        for pk, rule_id, location, excerpt in found:
            known.setdefault(pk, set()).add((rule_id, location, excerpt))
    return known
