"""What an Event met - rules, controls, types of data, signals - as one number, its profile.

Very many Events meet very few different sets. So the hours' and days' counts can tell how many met
a rule or a control under any filter, and a filter by one of these is a choice of a few numbers.
A profile's content never changes; what an Event meets may, with the part that completes it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from agentaudit_backend.store.bulk import chunks
from agentaudit_backend.store.parts import FINDING_COLUMNS, Part
from agentaudit_backend.store.rows import Row
from agentaudit_backend.store.tables import Profile, ProfileTag, table_of
from agentaudit_processor.model import ControlHit

RULE: Final = "rule"
CONTROL: Final = "control"
"""Its value is the id of the control's words, as text."""
PII: Final = "pii"
SECRET: Final = "secret"  # noqa: S105  a word of the query language
SIGNAL: Final = "signal"
_OF_ROW: Final = {PII: "pii_types", SECRET: "secret_types", SIGNAL: "signals"}
_lists_of = itemgetter(*_OF_ROW.values())
_RULE_AT = FINDING_COLUMNS.index("rule_id")
_PROFILES = table_of(Profile)
_TAGS = table_of(ProfileTag)


class Met(NamedTuple):
    """What the parts of an Event met, beside what its row says."""

    rules: frozenset[str] = frozenset()
    controls: frozenset[int] = frozenset()

    def joined(self, other: "Met") -> "Met":
        """What one or the other met."""
        return Met(self.rules | other.rules, self.controls | other.controls)


_NOTHING: Final = Met()

Tags = tuple[tuple[str, str], ...]
"""(kind, value), sorted."""


def give_profiles(
    connection: Connection,
    changes: Iterable[tuple[Row | None, Row]],
    parts: Sequence[Part],
    control_ids: Mapping[ControlHit, int],
) -> None:
    """Set `profile` in each row after a write, from what was stored and what `parts` add."""
    met = _met(parts, control_ids)
    pairs = list(changes)
    stored = _stored(connection, {before["profile"] for before, _ in pairs if before is not None})
    alike: dict[tuple[Any, ...], list[Row]] = {}
    for before, after in pairs:
        whole = met.get(after["event_id"], _NOTHING)
        if before is not None:
            whole = stored[before["profile"]].joined(whole)
        alike.setdefault((whole, *map(tuple, _lists_of(after))), []).append(after)
    tags = {key: tags_of(key[0], rows[0]) for key, rows in alike.items()}
    ids = ids_of(connection, tags.values())
    for key, rows in alike.items():
        for row in rows:
            row["profile"] = ids[tags[key]]


def tags_of(met: Met, row: Mapping[str, Any]) -> Tags:
    """All that an Event met; `row` holds its lists."""
    found = {(RULE, rule) for rule in met.rules}
    found |= {(CONTROL, str(control)) for control in met.controls}
    for kind, column in _OF_ROW.items():
        found |= {(kind, value) for value in row[column]}
    return tuple(sorted(found))


def ids_of(connection: Connection, wanted: Iterable[Tags]) -> dict[Tags, int]:
    """The number of each profile; new ones are added in the caller's transaction."""
    by_digest = {_digest(tags): tags for tags in wanted}
    known = _known(connection, by_digest)
    new = sorted(by_digest.keys() - known.keys())
    if new:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        # In one order everywhere: two processors adding the same must not lock each other out.
        rows = [{"digest": digest} for digest in new]
        connection.execute(dialect.insert(_PROFILES).on_conflict_do_nothing(), rows)
        added = _known(connection, new)
        tags = [
            {"profile_id": added[digest], "kind": kind, "value": value}
            for digest in new
            for kind, value in by_digest[digest]
        ]
        if tags:
            connection.execute(dialect.insert(_TAGS).on_conflict_do_nothing(), tags)
        known |= added
    return {tags: known[digest] for digest, tags in by_digest.items()}


def tags_by_profile(connection: Connection, ids: Sequence[int]) -> dict[int, Tags]:
    """What each of these profiles stands for."""
    found: dict[int, list[tuple[str, str]]] = {id_: [] for id_ in ids}
    for chunk in chunks(sorted(ids)):
        rows = connection.execute(
            select(_TAGS.c.profile_id, _TAGS.c.kind, _TAGS.c.value).where(
                _TAGS.c.profile_id.in_(chunk)
            )
        )
        for id_, kind, value in rows:
            found[id_].append((kind, value))
    return {id_: tuple(sorted(tags)) for id_, tags in found.items()}


def _met(parts: Sequence[Part], control_ids: Mapping[ControlHit, int]) -> dict[str, Met]:
    met: dict[str, Met] = {}
    made: dict[tuple[Any, ...], Met] = {}
    for part in parts:
        rules = tuple([finding[_RULE_AT] for finding in part.findings])
        # Controls come from the judge's memory: parts that met the same have the very same tuple.
        key = (rules, id(part.controls))
        this = made.get(key)
        if this is None:
            controls = frozenset(control_ids[hit] for hit in part.controls)
            this = made[key] = Met(frozenset(rules), controls)
        known = met.get(part.row["event_id"])
        met[part.row["event_id"]] = this if known is None else known.joined(this)
    return met


def _stored(connection: Connection, ids: set[int]) -> dict[int, Met]:
    return {
        id_: Met(
            frozenset(value for kind, value in tags if kind == RULE),
            frozenset(int(value) for kind, value in tags if kind == CONTROL),
        )
        for id_, tags in tags_by_profile(connection, sorted(ids)).items()
    }


def _known(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, int]:
    known: dict[bytes, int] = {}
    for chunk in chunks(sorted(digests)):
        rows = connection.execute(
            select(_PROFILES.c.digest, _PROFILES.c.id).where(_PROFILES.c.digest.in_(chunk))
        )
        known.update((bytes(digest), id_) for digest, id_ in rows)
    return known


def _digest(tags: Tags) -> bytes:
    return sha256(json.dumps(tags, separators=(",", ":")).encode()).digest()
