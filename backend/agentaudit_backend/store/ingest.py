"""Writes the parts of a batch: rows, texts, findings, figures and ledger leaves together.

The caller's transaction makes all of it happen or nothing. The organisation's ledger head is
locked first, so writers of one organisation take turns and `seq` has no gap.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from sqlalchemy import Connection, func, select, text, update

from agentaudit_backend.ledger.merkle import Frontier
from agentaudit_backend.store.attachments import store_contents, store_findings
from agentaudit_backend.store.bulk import among, delete_keys, insert_rows
from agentaudit_backend.store.control_words import ControlWords
from agentaudit_backend.store.partitions import first_key, month_now
from agentaudit_backend.store.parts import Part, PartKey
from agentaudit_backend.store.profiles import give_profiles
from agentaudit_backend.store.pseudonyms import names_of, references_for
from agentaudit_backend.store.rows import Row, joined
from agentaudit_backend.store.sealing import rfc3339, sealed
from agentaudit_backend.store.tables import (
    Event,
    LedgerHead,
    LedgerLeaf,
    Organization,
    table_of,
)
from agentaudit_backend.store.tallies import Change, add_to_rollups, add_to_sessions
from agentaudit_backend.store.text_index import admit_texts, forget_texts
from agentaudit_processor.model import ControlHit

_EVENTS = table_of(Event)
_LEAVES = table_of(LedgerLeaf)
_EVENT_COLUMNS = tuple(_EVENTS.columns.keys())
_columns_of = itemgetter(*_EVENT_COLUMNS)
_indexed_of = itemgetter("search", "at")
_LEAF_COLUMNS = (
    "organization_id",
    "seq",
    "event_id",
    "phase",
    "dialect",
    "envelope",
    "leaf_hash",
    "recorded_at",
)


@dataclass(slots=True, kw_only=True)
class _Target:
    """An Event as it is, and as it will be."""

    before: Row | None = None
    after: Row


def write_parts(
    connection: Connection,
    organization_id: int,
    parts: Sequence[Part],
    *,
    words: ControlWords,
    recorded_at: datetime,
) -> dict[ControlHit, int]:
    """Add `parts`; those that are known already change nothing.

    Returns:
        Ids for `words.remember`, to be called after the commit.
    """
    head = lock_head(connection, organization_id)
    parts, known = _new_parts(connection, organization_id, parts)
    if not parts:
        return {}
    targets = _targets(connection, organization_id, parts, known)
    changes: list[Change] = [(target.before, target.after) for target in targets]
    ids = words.ids_of(connection, _hits(parts))
    give_profiles(connection, changes, parts, ids)
    pk_of = _store_rows(connection, targets)
    _append_leaves(connection, organization_id, head, parts, recorded_at)
    completed = {target.after["pk"] for target in targets if target.before is not None}
    store_contents(connection, parts, pk_of)
    store_findings(connection, parts, pk_of, completed)
    add_to_sessions(connection, changes)
    add_to_rollups(connection, changes)
    return ids


def _hits(parts: Sequence[Part]) -> set[ControlHit]:
    alike = {id(part.controls): part.controls for part in parts}  # most are the very same
    return {hit for controls in alike.values() for hit in controls}


def lock_head(connection: Connection, organization_id: int) -> Frontier:
    """Take the organisation's one lock for this transaction; gives the end of its ledger."""
    table = table_of(LedgerHead)
    found = connection.execute(
        select(table.c.size, table.c.frontier)
        .where(table.c.organization_id == organization_id)
        .with_for_update()  # SQLite ignores it: BEGIN IMMEDIATE holds its lock already
    ).one()
    return Frontier.from_bytes(found.size, found.frontier)


def _new_parts(
    connection: Connection, organization_id: int, parts: Sequence[Part]
) -> tuple[list[Part], set[str]]:
    """Those of `parts` that the ledger lacks, and the ids of Events of which it has any."""
    wanted: dict[PartKey, Part] = {}
    for part in parts:
        wanted.setdefault(part.key, part)  # of equals within the batch, the first counts
    found = connection.execute(
        select(_LEAVES.c.event_id, _LEAVES.c.phase, _LEAVES.c.dialect)
        .where(_LEAVES.c.organization_id == organization_id)
        .where(among(connection, _LEAVES.c.event_id, {key[0] for key in wanted}))
    )
    stored = {tuple(row) for row in found}
    new = [part for key, part in wanted.items() if key not in stored] if stored else wanted.values()
    return list(new), {key[0] for key in stored}


def _targets(
    connection: Connection, organization_id: int, parts: Sequence[Part], stored: set[str]
) -> list[_Target]:
    existing = _existing_rows(connection, organization_id, stored)
    targets: dict[str, _Target] = {}
    for part in parts:
        event_id = part.row["event_id"]
        target = targets.get(event_id)
        if target is None:
            before = existing.get(event_id)
            after = part.row if before is None else joined(before, part.row)
            targets[event_id] = _Target(before=before, after=after)
        else:
            target.after = joined(target.after, part.row)
    return list(targets.values())


def _existing_rows(
    connection: Connection, organization_id: int, event_ids: set[str]
) -> dict[str, Row]:
    if not event_ids:
        return {}
    rows: dict[str, Row] = {}
    lately = 0
    if connection.dialect.name == "postgresql":  # almost all are in the youngest of its tables
        lately = first_key(month_now(connection) - 1)
    for where in (_EVENTS.c.pk >= lately, _EVENTS.c.pk < lately):
        found = connection.execute(
            select(_EVENTS)
            .where(_EVENTS.c.organization_id == organization_id, where)
            .where(among(connection, _EVENTS.c.event_id, event_ids - rows.keys()))
        )
        rows.update({row["event_id"]: dict(row) for row in found.mappings()})
        if len(rows) == len(event_ids):
            break
    return rows


def _store_rows(connection: Connection, targets: Sequence[_Target]) -> dict[str, int]:
    fresh = [target for target in targets if target.before is None]
    for target, pk in zip(fresh, _next_pks(connection, len(fresh)), strict=True):
        target.after["pk"] = pk
    # A completed Event is deleted and written anew under its own pk: for a batch that is quicker
    # than updates one by one, and the same statement on both databases.
    replaced = [target.after["pk"] for target in targets if target.before is not None]
    delete_keys(connection, _EVENTS.c.pk, replaced)
    admit_texts(connection, [target.after["pk"] for target in fresh])
    forget_texts(connection, [target.after["pk"] for target in targets if _is_retold(target)])
    insert_rows(
        connection,
        _EVENTS,
        _EVENT_COLUMNS,
        [_columns_of(target.after) for target in targets],
    )
    return {target.after["event_id"]: target.after["pk"] for target in targets}


def _is_retold(target: _Target) -> bool:
    """Whether the index of texts says of it what is no longer so."""
    before, after = target.before, target.after
    return before is not None and _indexed_of(before) != _indexed_of(after)


def _next_pks(connection: Connection, count: int) -> Iterator[int]:
    if connection.dialect.name == "postgresql":
        drawn = text("SELECT nextval('event_pk_seq') FROM generate_series(1, :count)")
        numbers = connection.execute(drawn, {"count": count}).scalars().all()
        first = first_key(month_now(connection))
        return iter([first + number for number in numbers])
    # The write lock is held, so nobody else numbers rows now.
    last = connection.execute(select(func.max(_EVENTS.c.pk))).scalar() or 0
    return iter(range(last + 1, last + 1 + count))


def _append_leaves(
    connection: Connection,
    organization_id: int,
    head: Frontier,
    parts: Sequence[Part],
    recorded_at: datetime,
) -> None:
    references = references_for(connection, organization_id, [part.row for part in parts])
    organization = table_of(Organization)
    log = connection.execute(
        select(organization.c.log).where(organization.c.id == organization_id)
    ).scalar_one()
    recorded = rfc3339(recorded_at)
    leaves = [
        sealed(
            part.told,
            part.sealed_slots,
            log=log,
            seq=seq,
            recorded=recorded,
            references=references[names_of(part.row)],
        )
        for seq, part in enumerate(parts, start=head.size)
    ]
    insert_rows(
        connection,
        _LEAVES,
        _LEAF_COLUMNS,
        [
            (organization_id, seq, *part.key, leaf.envelope, leaf.leaf_hash, recorded_at)
            for seq, (part, leaf) in enumerate(zip(parts, leaves, strict=True), start=head.size)
        ],
    )
    _move_head(connection, organization_id, head.extended(leaf.leaf_hash for leaf in leaves))


def _move_head(connection: Connection, organization_id: int, head: Frontier) -> None:
    table = table_of(LedgerHead)
    connection.execute(
        update(table)
        .where(table.c.organization_id == organization_id)
        .values(size=head.size, frontier=head.to_bytes())
    )
