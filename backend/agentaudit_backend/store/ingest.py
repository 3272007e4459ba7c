"""Writes the parts of a batch: rows, texts, findings, figures and ledger leaves together.

The caller's transaction makes all of it happen or nothing. The organisation's ledger head is
locked first, so writers of one organisation take turns and `seq` has no gap.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import itemgetter

from sqlalchemy import Connection, func, select, text, update

from agentaudit_backend.ledger.leaf import leaf_of
from agentaudit_backend.ledger.merkle import Frontier
from agentaudit_backend.store.attachments import store_contents, store_findings
from agentaudit_backend.store.bulk import among, delete_keys, insert_plain
from agentaudit_backend.store.columns import COLUMNS
from agentaudit_backend.store.control_words import ControlWords
from agentaudit_backend.store.partitions import first_key, month_now
from agentaudit_backend.store.parts import Part, PartKey
from agentaudit_backend.store.plain import PlainRow
from agentaudit_backend.store.pseudonyms import names_of, references_for
from agentaudit_backend.store.sealing import filling, rfc3339
from agentaudit_backend.store.tables import (
    Event,
    LedgerHead,
    LedgerLeaf,
    Organization,
    table_of,
)
from agentaudit_backend.store.tallies import add_to_rollups, add_to_sessions
from agentaudit_backend.store.targets import EVENT_COLUMNS, Target, give_profiles, targets_of
from agentaudit_backend.store.text_index import admit_texts, forget_texts
from agentaudit_backend.store.values import to_microseconds
from agentaudit_processor.model import ControlHit

_EVENTS = table_of(Event)
_LEAVES = table_of(LedgerLeaf)
_indexed_of = itemgetter(COLUMNS.index("search"), COLUMNS.index("at"))
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
    targets = targets_of(connection, organization_id, parts, known)
    ids = words.ids_of(connection, _hits(parts))
    changes = give_profiles(connection, targets, ids)
    pk_of = _store_rows(connection, targets)
    _append_leaves(connection, organization_id, head, parts, recorded_at)
    completed = {target.pk for target in targets if target.before is not None}
    store_contents(connection, parts, pk_of)
    store_findings(connection, parts, pk_of, completed)
    add_to_sessions(connection, changes)
    add_to_rollups(connection, changes)
    return ids


def _hits(parts: Sequence[Part]) -> set[ControlHit]:
    alike = {id(part.met): part.met for part in parts}
    return {hit for met in alike.values() for hit in met.controls}


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


def _store_rows(connection: Connection, targets: Sequence[Target]) -> dict[str, int]:
    fresh = [target for target in targets if target.before is None]
    for target, pk in zip(fresh, _next_pks(connection, len(fresh)), strict=True):
        target.pk = pk
    # A completed Event is deleted and written anew under its own pk: for a batch that is quicker
    # than updates one by one, and the same statement on both databases.
    replaced = [target.pk for target in targets if target.before is not None]
    delete_keys(connection, _EVENTS.c.pk, replaced)
    admit_texts(connection, [target.pk for target in fresh])
    forget_texts(connection, [target.pk for target in targets if _is_retold(target)])
    insert_plain(
        connection,
        _EVENTS,
        EVENT_COLUMNS,
        [(target.pk, target.profile, *target.after) for target in targets],
    )
    return {target.event_id: target.pk for target in targets}


def _is_retold(target: Target) -> bool:
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
    names = [names_of(part.row) for part in parts]
    organization = table_of(Organization)
    log = connection.execute(
        select(organization.c.log).where(organization.c.id == organization_id)
    ).scalar_one()
    recorded = rfc3339(recorded_at)
    fill = {
        named: filling(references, log=log, recorded=recorded)
        for named, references in references_for(connection, organization_id, set(names)).items()
    }
    leaves = [
        leaf_of(part.envelope, fill[named](seq))
        for seq, (part, named) in enumerate(zip(parts, names, strict=True), start=head.size)
    ]
    recorded_us = to_microseconds(recorded_at)
    rows: list[PlainRow] = [
        (organization_id, seq, *part.key, *leaf, recorded_us)
        for seq, (part, leaf) in enumerate(zip(parts, leaves, strict=True), start=head.size)
    ]
    insert_plain(connection, _LEAVES, _LEAF_COLUMNS, rows)
    _move_head(connection, organization_id, head.extended(leaf.leaf_hash for leaf in leaves))


def _move_head(connection: Connection, organization_id: int, head: Frontier) -> None:
    table = table_of(LedgerHead)
    connection.execute(
        update(table)
        .where(table.c.organization_id == organization_id)
        .values(size=head.size, frontier=head.to_bytes())
    )
