"""What an Event met - rules, controls, types of data, signals - as one number, its profile.

Very many Events meet very few different sets. So the hours' and days' counts can tell how many met
a rule or a control under any filter, and a filter by one of these is a choice of a few numbers.
A profile's content never changes; what an Event meets may, with the part that completes it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from agentaudit_backend.store.bulk import chunks
from agentaudit_backend.store.parts import Met
from agentaudit_backend.store.tables import Profile, ProfileTag, table_of
from agentaudit_processor.model import ControlHit

RULE: Final = "rule"
CONTROL: Final = "control"
"""Its value is the id of the control's words, as text."""
PII: Final = "pii"
SECRET: Final = "secret"  # noqa: S105  a word of the query language
SIGNAL: Final = "signal"
_PROFILES = table_of(Profile)
_TAGS = table_of(ProfileTag)


Tags = tuple[tuple[str, str], ...]
"""(kind, value), sorted."""


def tags_of(met: Met, control_ids: Mapping[ControlHit, int]) -> Tags:
    """All that a part met."""
    found = {(RULE, rule) for rule in met.rules}
    found |= {(CONTROL, str(control_ids[hit])) for hit in met.controls}
    found |= {(PII, type_) for type_ in met.pii_types}
    found |= {(SECRET, type_) for type_ in met.secret_types}
    found |= {(SIGNAL, signal) for signal in met.signals}
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
