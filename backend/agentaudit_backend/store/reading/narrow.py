"""Finds once what a text asks for, so that list, counts and histogram need not each search anew.

No index serves a text inside a summary: every question about it reads every Event of the window.
"""

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, select

from agentaudit_backend.store.filters import NO_CHOICE, EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS, conditions
from agentaudit_backend.store.reading.term_conditions import is_of_sort

MOST: Final = 5000
"""Events that are sooner named by their numbers; more are sooner searched again."""


def narrowed(connection: Connection, organization_id: int, where: EventFilter) -> EventFilter:
    """A filter that holds the same Events, and names those that its text is in, if they are few.

    Its other choices stay conditions, so that a facet can still be counted without its own.
    """
    typed = where.words or where.words_excluded or not all(map(is_of_sort, where.terms))
    if where.sessions or not (typed or where.reviews):
        return where
    without_choices = replace(where, **NO_CHOICE)
    found = connection.execute(
        select(EVENTS.c.pk).where(*conditions(organization_id, without_choices)).limit(MOST + 1)
    )
    numbers = tuple(found.scalars())
    return where if len(numbers) > MOST else replace(where, numbers=numbers)
