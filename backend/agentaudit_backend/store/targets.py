"""Which Events a write makes or adds to: their rows before it and after it.

A part of an Event that is stored already, with its other half or as another source tells of it,
makes one row of both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import Connection, select

from agentaudit_backend.store.bulk import among
from agentaudit_backend.store.columns import COLUMNS, plain_event
from agentaudit_backend.store.joining import joined
from agentaudit_backend.store.partitions import first_key, month_now
from agentaudit_backend.store.parts import Part
from agentaudit_backend.store.plain import PlainRow
from agentaudit_backend.store.profiles import Tags, ids_of, tags_by_profile, tags_of
from agentaudit_backend.store.shares import share_of
from agentaudit_backend.store.tables import Event, table_of
from agentaudit_backend.store.tallies import Change
from agentaudit_processor.model import ControlHit

EVENT_COLUMNS = ("pk", "profile", *COLUMNS)
_EVENTS = table_of(Event)
_EVENT_ID = COLUMNS.index("event_id")


@dataclass(slots=True, kw_only=True)
class Target:
    """An Event as it is, and as it will be."""

    event_id: str
    parts: list[Part]
    """What is added to it."""
    before: PlainRow | None = None
    after: PlainRow
    pk: int = 0
    profile: int = 0


def targets_of(
    connection: Connection, organization_id: int, parts: Sequence[Part], stored: set[str]
) -> list[Target]:
    """The Events of `parts`; of those whose ids are in `stored`, the ledger knows something."""
    targets = _stored_targets(connection, organization_id, stored)
    for part in parts:
        event_id = part.key[0]
        target = targets.get(event_id)
        if target is None:
            targets[event_id] = Target(event_id=event_id, parts=[part], after=part.row)
        else:
            target.parts.append(part)
            target.after = joined(target.after, part.row)
    return [target for target in targets.values() if target.parts]


def _stored_targets(
    connection: Connection, organization_id: int, event_ids: set[str]
) -> dict[str, Target]:
    if not event_ids:
        return {}
    found: dict[str, Target] = {}
    lately = 0
    if connection.dialect.name == "postgresql":  # almost all are in the youngest of its tables
        lately = first_key(month_now(connection) - 1)
    for where in (_EVENTS.c.pk >= lately, _EVENTS.c.pk < lately):
        rows = connection.execute(
            select(*(_EVENTS.c[column] for column in EVENT_COLUMNS))
            .where(_EVENTS.c.organization_id == organization_id, where)
            .where(among(connection, _EVENTS.c.event_id, event_ids - found.keys()))
        )
        for pk, profile, *values in rows:
            row = plain_event(values)
            event_id = row[_EVENT_ID]
            found[event_id] = Target(
                event_id=event_id, parts=[], before=row, after=row, pk=pk, profile=profile
            )
        if len(found) == len(event_ids):
            break
    return found


def give_profiles(
    connection: Connection, targets: Sequence[Target], control_ids: Mapping[ControlHit, int]
) -> list[Change]:
    """Set what each Event met, which figures count it by; gives what changes in them."""
    alike = {id(part.met): part.met for target in targets for part in target.parts}
    tags_met = {key: tags_of(met, control_ids) for key, met in alike.items()}
    before = [target.profile for target in targets if target.before is not None]
    stored = tags_by_profile(connection, sorted(set(before)))
    more: dict[str, Tags] = {}
    for target in targets:
        if target.before is not None or len(target.parts) > 1:
            told = [tags_met[id(part.met)] for part in target.parts]
            known = stored[target.profile] if target.before is not None else ()
            more[target.event_id] = tuple(sorted({*known, *chain.from_iterable(told)}))
    ids = ids_of(connection, {*tags_met.values(), *more.values()})
    id_met = {key: ids[tags] for key, tags in tags_met.items()}
    changes: list[Change] = []
    for target in targets:
        old = None if target.before is None else share_of(target.before, target.profile)
        tags = more.get(target.event_id)
        target.profile = id_met[id(target.parts[0].met)] if tags is None else ids[tags]
        changes.append((old, share_of(target.after, target.profile)))
    return changes
