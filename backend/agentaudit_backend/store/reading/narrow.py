"""Finds once what a text asks for, so that list, counts and histogram need not each search anew.

The index of texts says which Events are worth reading, where it can: of a text that is in few of
them. Else every Event of the window is read.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, func, select

from agentaudit_backend.store.bulk import among
from agentaudit_backend.store.filters import NO_CHOICE, EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS, conditions
from agentaudit_backend.store.reading.rollups import is_rolled_up, total
from agentaudit_backend.store.reading.text_places import Places, places_of
from agentaudit_backend.store.text_index import BLOCK

MOST: Final = 5000
"""Events that are sooner named by their numbers; more are sooner searched again."""
_MOST_BLOCKS: Final = MOST // 2
"""With a text in more blocks, it is hardly in few enough Events."""
_BLOCKS_AT_ONCE: Final = 128
_WORTH: Final = 2
"""One Event read by its number costs as much as so many in a row."""


def narrowed(connection: Connection, organization_id: int, where: EventFilter) -> EventFilter:
    """A filter that holds the same Events, and names those that its text is in, if they are few.

    Its other choices stay conditions, so that a facet can still be counted without its own.
    """
    if where.sessions or is_rolled_up(where):
        return where
    if where.numbers is not None or where.is_widespread:
        return where
    without_choices = replace(where, **NO_CHOICE)
    places = places_of(connection, where)
    if places is not None and len(places.blocks) > _MOST_BLOCKS:
        return replace(where, is_widespread=True)
    numbers: list[int] = []
    for found in _searches(connection, organization_id, without_choices, places):
        numbers += connection.execute(found.limit(MOST + 1 - len(numbers))).scalars()
        if len(numbers) > MOST:
            return replace(where, is_widespread=True)
    return replace(where, numbers=tuple(numbers))


def _searches(
    connection: Connection, organization_id: int, where: EventFilter, places: Places | None
) -> Iterator[Select[Any]]:
    """Statements that together give the `pk` of each filtered Event once."""
    keys = select(EVENTS.c.pk)
    if places is None or _is_dear(connection, organization_id, where, places):
        yield keys.where(*conditions(organization_id, where))
        return
    meets = _without_index(organization_id, where)
    for first, after in places.unknown:
        yield keys.where(EVENTS.c.pk >= first, EVENTS.c.pk < after, *meets)
    for start in range(0, len(places.blocks), _BLOCKS_AT_ONCE):
        some = places.blocks[start : start + _BLOCKS_AT_ONCE]
        numbers = [key for block in some for key in range(block * BLOCK, (block + 1) * BLOCK)]
        yield keys.where(among(connection, EVENTS.c.pk, numbers), *meets)


def _is_dear(
    connection: Connection, organization_id: int, where: EventFilter, places: Places
) -> bool:
    """Whether it is quicker to read every Event of the window."""
    window = EventFilter(since=where.since, until=where.until)
    events = total(connection, organization_id, window)
    return len(places.blocks) * BLOCK * _WORTH > events


def _without_index(organization_id: int, where: EventFilter) -> list[ColumnElement[bool]]:
    """The conditions, written so that none but the key's index serves them."""
    of_organization = func.coalesce(EVENTS.c.organization_id, 0) == organization_id
    return [of_organization, *conditions(organization_id, where)[1:]]
