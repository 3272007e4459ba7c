"""What readers may ask the store: every page, API route, export and PDF goes through these.

One `EventFilter` everywhere, so that lists, counts, stats and facets agree. Everything returned is
detached from the database. All raise `Unavailable` when the database is away.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from agentaudit_backend.store.database import reading
from agentaudit_backend.store.evidence_queries import EvidenceQueries
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.arrivals import (
    Arrived,
    arrived_after,
    latest_number,
)
from agentaudit_backend.store.reading.controls import control_hits
from agentaudit_backend.store.reading.detail import event_detail
from agentaudit_backend.store.reading.events import (
    count_up_to,
    event_details_after,
    known_events,
    list_events,
    riskiest,
    rows_among,
    rules_by_event,
)
from agentaudit_backend.store.reading.facets import MOST_VALUES, facets
from agentaudit_backend.store.reading.figures import counts_by, stats, tally
from agentaudit_backend.store.reading.histogram import histogram
from agentaudit_backend.store.reading.keyset import BadCursor, cursor_before
from agentaudit_backend.store.reading.narrow import narrowed
from agentaudit_backend.store.reading.nearest import Place
from agentaudit_backend.store.reading.outline import (
    Outlined,
    TouchedFile,
    outline,
    touched_files,
)
from agentaudit_backend.store.reading.sessions import (
    ended_sessions,
    list_sessions,
    missing_records,
    one_session,
    repositories,
    session_ids,
    sessions_by_id,
)
from agentaudit_backend.store.reading.subjects import (
    HookHealth,
    SubjectRow,
    hook_health,
    subjects,
)
from agentaudit_backend.store.reading.surroundings import Surroundings, surroundings
from agentaudit_backend.store.views import (
    Counted,
    EventDetail,
    EventRow,
    Histogram,
    Missing,
    Page,
    SessionRow,
    Stats,
    Tally,
)
from agentaudit_processor.model import ControlHit

__all__ = ["BadCursor", "Queries", "Sort"]

_BITE = 500
"""Events or Sessions that a walk reads at once."""

Sort = Literal["-time", "time", "-risk"]


class Queries(EvidenceQueries):
    """Reads; a `Store` has them all. `organization_id` is the caller's, never the request's."""

    def list_events(
        self,
        organization_id: int,
        where: EventFilter,
        *,
        cursor: str | None = None,
        limit: int = 50,
        sort: Sort = "-time",
        offset: int = 0,
    ) -> Page[EventRow]:
        """One page of Events; `older` continues in the order of `sort`, `newer` goes back.

        Args:
            offset: Events to skip; slow at depth, for API clients that know no cursor.

        Raises:
            BadCursor: `cursor` is none of ours, or of another sort.
        """
        with reading(self._engine) as connection:
            where = narrowed(connection, organization_id, where)
            return list_events(
                connection,
                organization_id,
                where,
                cursor=cursor,
                limit=limit,
                sort=sort,
                offset=offset,
            )

    @staticmethod
    def cursor_before(at: datetime) -> str:
        """Where the list of Events, newest first, goes on with what was before this moment."""
        return cursor_before(at)

    def latest_number(self) -> int:
        """The number of the Event that came last, of any organisation."""
        with reading(self._engine) as connection:
            return latest_number(connection)

    def arrived_after(self, organization_id: int, where: EventFilter, number: int) -> Arrived:
        """Filtered Events that came after the one with this number."""
        with reading(self._engine) as connection:
            return arrived_after(connection, organization_id, where, number)

    def event(self, organization_id: int, event_id: str) -> EventDetail | None:
        """Everything about one Event; None when the organisation has no such one."""
        with reading(self._engine) as connection:
            return event_detail(connection, organization_id, event_id)

    def narrowed(self, organization_id: int, where: EventFilter) -> EventFilter:
        """A filter that holds the same Events now, for several questions about a text."""
        with reading(self._engine) as connection:
            return narrowed(connection, organization_id, where)

    def known_events(self, organization_id: int, event_ids: Sequence[str]) -> tuple[str, ...]:
        """Those of these ids that are here, in their order."""
        with reading(self._engine) as connection:
            return known_events(connection, organization_id, event_ids)

    def riskiest(
        self, organization_id: int, where: EventFilter, count: int
    ) -> tuple[EventRow, ...]:
        """The filtered Events of the highest levels, newest first within a level."""
        with reading(self._engine) as connection:
            where = narrowed(connection, organization_id, where)
            return riskiest(connection, organization_id, where, count)

    def rows_among(
        self, organization_id: int, where: EventFilter, event_ids: Sequence[str]
    ) -> tuple[EventRow, ...]:
        """Those of the Events with these ids that the filter holds, in no order."""
        with reading(self._engine) as connection:
            where = narrowed(connection, organization_id, where)
            return rows_among(connection, organization_id, where, event_ids)

    def rules_by_event(
        self, organization_id: int, event_ids: Sequence[str]
    ) -> Mapping[str, tuple[str, ...]]:
        """Ids of the rules that matched each of these Events, sorted."""
        with reading(self._engine) as connection:
            return rules_by_event(connection, organization_id, event_ids)

    def walk(self, organization_id: int, where: EventFilter) -> Iterator[EventDetail]:
        """Every filtered Event with all about it, newest first; it may be millions.

        Each bite is a reading of its own, so that nothing is held while the taker is slow. Give
        the filter an `until` that has passed: an Event that arrives later is not among them then.
        """
        where = self.narrowed(organization_id, where)
        place: Place | None = None
        while True:
            with reading(self._engine) as connection:
                details, place = event_details_after(
                    connection, organization_id, where, place, _BITE
                )
            yield from details
            if place is None:
                return

    def count_up_to(self, organization_id: int, where: EventFilter, most: int) -> int:
        """How many Events the filter holds; counting stops at `most`."""
        with reading(self._engine) as connection:
            where = narrowed(connection, organization_id, where)
            return count_up_to(connection, organization_id, where, most)

    def surroundings(
        self, organization_id: int, event: EventRow, where: EventFilter
    ) -> Surroundings:
        """What stands around an Event, in its Session and in the filtered list."""
        with reading(self._engine) as connection:
            return surroundings(connection, organization_id, event, where)

    def control_hits(
        self, organization_id: int, event_ids: Sequence[str]
    ) -> Mapping[str, tuple[ControlHit, ...]]:
        """The ControlHits of each Event that has any, by its id."""
        with reading(self._engine) as connection:
            return control_hits(connection, organization_id, event_ids)

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
        with reading(self._engine) as connection:
            where = narrowed(connection, organization_id, where)
            return list_sessions(connection, organization_id, where, cursor=cursor, limit=limit)

    def walk_sessions(
        self, organization_id: int, where: EventFilter
    ) -> Iterator[tuple[SessionRow, str | None]]:
        """All of that list in its order, each with its repository; only the ids are held.

        Which they are is read once: one that becomes active meanwhile is neither lost nor doubled.
        """
        with reading(self._engine) as connection:
            where = narrowed(connection, organization_id, where)
            ids = session_ids(connection, organization_id, where)
        for start in range(0, len(ids), _BITE):
            bite = ids[start : start + _BITE]
            with reading(self._engine) as connection:
                rows = sessions_by_id(connection, organization_id, bite)
                places = repositories(connection, organization_id, bite)
            known = {row.session_id: row for row in rows}
            yield from ((known[id_], places.get(id_)) for id_ in bite if id_ in known)

    def sessions_by_id(
        self, organization_id: int, session_ids: Sequence[str]
    ) -> tuple[SessionRow, ...]:
        """The Sessions of these ids that are here, the latest active first."""
        with reading(self._engine) as connection:
            return sessions_by_id(connection, organization_id, session_ids)

    def repositories(self, organization_id: int, session_ids: Sequence[str]) -> Mapping[str, str]:
        """The first repository of each of these Sessions that told one."""
        with reading(self._engine) as connection:
            return repositories(connection, organization_id, session_ids)

    def ended_sessions(self, organization_id: int, session_ids: Sequence[str]) -> frozenset[str]:
        """Those of these Sessions whose last Event was their end."""
        with reading(self._engine) as connection:
            return ended_sessions(connection, organization_id, session_ids)

    def session(self, organization_id: int, session_id: str) -> SessionRow | None:
        """One Session."""
        with reading(self._engine) as connection:
            return one_session(connection, organization_id, session_id)

    def missing_records(self, organization_id: int, session_id: str) -> tuple[Missing, ...]:
        """What the Session's hook has numbered and is not here: still on its way, or lost."""
        with reading(self._engine) as connection:
            return missing_records(connection, organization_id, session_id)

    def session_outline(
        self, organization_id: int, session_id: str, most: int
    ) -> tuple[Outlined, ...]:
        """The first `most` Events of the Session, with what a picture of it needs."""
        with reading(self._engine) as connection:
            return outline(connection, organization_id, session_id, most)

    def touched_files(
        self, organization_id: int, session_id: str, most: int
    ) -> tuple[TouchedFile, ...]:
        """Files that the Session's calls read or changed, the riskiest first."""
        with reading(self._engine) as connection:
            return touched_files(connection, organization_id, session_id, most)

    def session_trail(
        self,
        organization_id: int,
        session_id: str,
        *,
        where: EventFilter = EventFilter(),  # noqa: B008  it is frozen
        cursor: str | None = None,
        limit: int = 200,
    ) -> Page[EventRow]:
        """The Session's Events of every kind, oldest first; `older` here is the next page."""
        where = replace(where, sessions=(session_id,))
        return self.list_events(organization_id, where, cursor=cursor, limit=limit, sort="time")

    def subjects(
        self, organization_id: int, where: EventFilter, kind: str
    ) -> tuple[SubjectRow, ...]:
        """Users, agents or hosts with an Event under the filter, the busiest first."""
        with reading(self._engine) as connection:
            where = narrowed(connection, organization_id, where)
            return subjects(connection, organization_id, where, kind)

    def hook_health(self, organization_id: int, host: str) -> HookHealth:
        """The latest that this host's hook told of itself."""
        with reading(self._engine) as connection:
            return hook_health(connection, organization_id, host)

    def stats(self, organization_id: int, where: EventFilter) -> Stats:
        """The figures of the filtered Events."""
        with reading(self._engine) as connection:
            where = narrowed(connection, organization_id, where)
            return stats(connection, organization_id, where)

    def tally(self, organization_id: int, where: EventFilter) -> Tally:
        """The counts that are compared with those of another time."""
        with reading(self._engine) as connection:
            where = narrowed(connection, organization_id, where)
            return tally(connection, organization_id, where)

    def counts_by(self, organization_id: int, where: EventFilter, name: str) -> tuple[Counted, ...]:
        """The filtered Events by a column of `Sort`, the most frequent first."""
        with reading(self._engine) as connection:
            where = narrowed(connection, organization_id, where)
            return counts_by(connection, organization_id, where, name)

    def histogram(self, organization_id: int, where: EventFilter) -> Histogram:
        """The filtered Events over time."""
        with reading(self._engine) as connection:
            where = narrowed(connection, organization_id, where)
            return histogram(connection, organization_id, where)

    def facets(
        self, organization_id: int, where: EventFilter, *, most: int | None = MOST_VALUES
    ) -> Mapping[str, tuple[Counted, ...]]:
        """Counts for `risk action decision user agent pii`, the most frequent first.

        Each is counted under the filter less its own condition, so that a person sees what
        choosing another value would give. `pii` counts `true` and `false`.
        """
        with reading(self._engine) as connection:
            where = narrowed(connection, organization_id, where)
            return facets(connection, organization_id, where, most=most)
