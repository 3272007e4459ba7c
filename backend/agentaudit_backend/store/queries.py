"""What readers may ask the store: every page, API route, export and PDF goes through these.

One `EventFilter` everywhere, so that lists, counts, stats and facets agree. Everything returned is
detached from the database.
"""

from collections.abc import Mapping
from typing import Literal

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.views import (
    Counted,
    EventDetail,
    EventRow,
    Histogram,
    Page,
    SessionRow,
    Stats,
)

Sort = Literal["-time", "time", "-risk"]


class BadCursor(ValueError):
    """A cursor that this store did not make."""


class Queries:
    """Reads; a `Store` has them all. `organization_id` is the caller's, never the request's."""

    def list_events(
        self,
        organization_id: int,
        where: EventFilter,
        *,
        cursor: str | None = None,
        limit: int = 50,
        sort: Sort = "-time",
    ) -> Page[EventRow]:
        """One page of Events; `older` continues in the order of `sort`, `newer` goes back.

        Raises:
            BadCursor: `cursor` is none of ours, or of another sort.
        """
        raise NotImplementedError

    def event(self, organization_id: int, event_id: str) -> EventDetail | None:
        """Everything about one Event; None when the organisation has no such one."""
        raise NotImplementedError

    def sessions(
        self,
        organization_id: int,
        where: EventFilter,
        *,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[SessionRow]:
        """Sessions with at least one Event under the filter, the latest active first.

        The figures of a SessionRow are those of the whole Session.
        """
        raise NotImplementedError

    def session(self, organization_id: int, session_id: str) -> SessionRow | None:
        """One Session."""
        raise NotImplementedError

    def session_trail(
        self, organization_id: int, session_id: str, *, cursor: str | None = None, limit: int = 200
    ) -> Page[EventRow]:
        """The Session's Events of every kind, oldest first; `older` here is the next page."""
        raise NotImplementedError

    def stats(self, organization_id: int, where: EventFilter) -> Stats:
        """The figures of the filtered Events."""
        raise NotImplementedError

    def histogram(self, organization_id: int, where: EventFilter) -> Histogram:
        """The filtered Events over time."""
        raise NotImplementedError

    def facets(self, organization_id: int, where: EventFilter) -> Mapping[str, tuple[Counted, ...]]:
        """Counts for `risk action decision user agent pii`, the most frequent first.

        Each is counted under the filter less its own condition, so that a person sees what
        choosing another value would give. `pii` counts `true` and `false`.
        """
        raise NotImplementedError
