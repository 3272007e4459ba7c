"""The URL is the state: which Events a page was asked for, and links to others.

`parameters` reads a Query from the address.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal, Self, get_args
from urllib.parse import urlencode

from agentaudit_backend.store.filters import EventFilter, kinds_meant
from agentaudit_processor.model import Action, Decision, EventKind, ReviewState, RiskLevel
from agentaudit_processor.query.language import QueryError, QueryText, read_query

RANGES: Final[Mapping[str, timedelta | None]] = MappingProxyType(
    {
        "15m": timedelta(minutes=15),
        "1h": timedelta(hours=1),
        "24h": timedelta(days=1),
        "7d": timedelta(days=7),
        "30d": timedelta(days=30),
        "90d": timedelta(days=90),
        "all": None,
    }
)
DEFAULT_RANGE = "24h"
START = "/dashboard"
"""The timeline without a state."""
Sort = Literal["-time", "-risk"]
"""Newest first; or the riskiest first, newest within a level."""
SORTS: Final[tuple[Sort, ...]] = get_args(Sort)
DEFAULT_SORT: Final[Sort] = "-time"
DEFAULT_LIMIT = 50
VALUE_LIMIT = 300
"""Characters of one parameter's value."""

FACETS = (
    "risk",
    "decision",
    "action",
    "tool",
    "pii",
    "user",
    "agent",
    "host",
    "rule",
    "framework",
    "session",
    "review",
    "kind",
)
"""Parameters that may come several times, in the order in which links name them."""

_WORD = re.compile(r"[\w.@/][\w.@/+-]*")


class BadQuery(ValueError):
    """A query parameter has a value that means nothing; `field` names it."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(f"{field_name}: {message}")
        self.field = field_name
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a page was asked for; equal when the links are."""

    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values per facet, checked, each once: risk and the like by their labels."""
    text: str | None = None
    range: str = DEFAULT_RANGE
    since: datetime | None = None
    until: datetime | None = None
    """Set: an absolute window; `range` is then of no account."""
    cursor: str | None = None
    limit: int = DEFAULT_LIMIT
    sort: Sort = DEFAULT_SORT
    columns: tuple[str, ...] = ()
    """Those of the list, in order; empty: those that the reader keeps, or the usual ones."""

    @property
    def absolute(self) -> bool:
        """The window was given by its ends."""
        return self.since is not None or self.until is not None

    def has(self, facet: str, value: str) -> bool:
        """Tell whether the facet is set to this value."""
        return value in self.facets.get(facet, ())

    @property
    def typed(self) -> QueryText:
        """What `text` asks for.

        Raises:
            QueryError: never for a Query that `parse` gave.
        """
        return read_query(self.text or "")

    def window(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Half-open `[since, until)`; a range that ends now has no end, so that news are in."""
        if self.absolute:
            return self.since, self.until
        width = RANGES[self.range]
        return (None if width is None else now - width), None

    def filter(self, now: datetime) -> EventFilter:
        """The store's form of it."""
        since, until = self.window(now)
        pii = self.facets.get("pii", ())
        typed = self.typed
        return EventFilter(
            since=since,
            until=until,
            risks=tuple(RiskLevel.parse(v) for v in self.facets.get("risk", ())),
            actions=tuple(Action(v) for v in self.facets.get("action", ())),
            decisions=tuple(Decision(v) for v in self.facets.get("decision", ())),
            kinds=tuple(EventKind(v) for v in self.facets.get("kind", ()))
            or kinds_meant(typed.terms),
            users=self.facets.get("user", ()),
            agents=self.facets.get("agent", ()),
            sessions=self.facets.get("session", ()),
            tools=self.facets.get("tool", ()),
            hosts=self.facets.get("host", ()),
            rules=self.facets.get("rule", ()),
            frameworks=self.facets.get("framework", ()),
            pii=(pii[0] == "yes") if len(pii) == 1 else None,
            reviews=tuple(ReviewState(v) for v in self.facets.get("review", ())),
            terms=typed.terms,
            words=typed.words,
            words_excluded=typed.words_excluded,
        )

    # --- links: each gives another Query, without the cursor ---------------------------------
    def only(self, facet: str, *values: str) -> Self:
        """The facet set to exactly these values; none takes it away."""
        facets = {k: v for k, v in self.facets.items() if k != facet}
        return replace(self, facets=facets | ({facet: values} if values else {}), cursor=None)

    def toggled(self, facet: str, value: str) -> Self:
        """The value added to the facet, or taken from it."""
        have = self.facets.get(facet, ())
        kept = tuple(v for v in have if v != value)
        return self.only(facet, *(kept if value in have else (*have, value)))

    def without_piece(self, number: int) -> Self:
        """Without one of what was typed."""
        pieces = self.typed.pieces
        left = " ".join((*pieces[:number], *pieces[number + 1 :]))
        return replace(self, text=left or None, cursor=None)

    def typing(self, piece: str) -> Self:
        """With one more term typed; the same where it is there already."""
        pieces = self.typed.pieces
        text = " ".join((*pieces, piece)) if piece not in pieces else self.text
        return replace(self, text=text, cursor=None)

    def excluding(self, facet: str, value: str) -> Self | None:
        """With this value ruled out by a typed term; None where the query has no room for it."""
        without = self.toggled(facet, value) if self.has(facet, value) else self
        made = without.typing(f"-{facet}:{quoted(value)}")
        return made if len(made.text or "") <= VALUE_LIMIT and _reads(made.text) else None

    def ranged(self, name: str) -> Self:
        """The window that ends now."""
        return replace(self, range=name, since=None, until=None, cursor=None)

    def between(self, since: datetime | None, until: datetime | None) -> Self:
        """The window with these ends."""
        return replace(self, range=DEFAULT_RANGE, since=since, until=until, cursor=None)

    def sorted(self, sort: Sort) -> Self:
        """The same in another order, from its beginning."""
        return replace(self, sort=sort, cursor=None)

    def at(self, cursor: str | None) -> Self:
        """The same list at another place."""
        return replace(self, cursor=cursor)

    def cleared(self) -> Self:
        """The same window without a condition."""
        return replace(self, facets={}, text=None, cursor=None)

    def pairs(self) -> list[tuple[str, str]]:
        """Parameters in a stable order, defaults left out."""
        made = [(f, v) for f in FACETS for v in self.facets.get(f, ())]
        if self.text:
            made.append(("q", self.text))
        if self.since:
            made.append(("from", _iso(self.since)))
        if self.until:
            made.append(("to", _iso(self.until)))
        if not self.absolute and self.range != DEFAULT_RANGE:
            made.append(("range", self.range))
        if self.sort != DEFAULT_SORT:
            made.append(("sort", self.sort))
        if self.columns:
            made.append(("cols", ",".join(self.columns)))
        if self.limit != DEFAULT_LIMIT:
            made.append(("limit", str(self.limit)))
        if self.cursor:
            made.append(("cursor", self.cursor))
        return made

    def fields(self, *but: str) -> list[tuple[str, str]]:
        """Parameters for hidden inputs of a form that asks for `but` itself."""
        return [(k, v) for k, v in self.pairs() if k not in (*but, "cursor")]

    def url(self, path: str) -> str:
        """A link to `path` in this state."""
        pairs = self.pairs()
        if not pairs and path == START:  # alone it leads to the view that the reader begins with
            pairs = [("range", self.range)]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def told(self) -> str:
        """The conditions in words, for the PDF: `risk high or critical; user alice@…`."""
        parts = [f"{name} {' or '.join(values)}" for name, values in self.facets.items()]
        if self.text:
            parts.append(f"query “{self.text}”")
        return "; ".join(parts) or "every event"


def _reads(text: str | None) -> bool:
    try:
        read_query(text or "")
    except QueryError:
        return False
    return True


def quoted(value: str) -> str:
    """`value` as the query language reads it back: quoted, unless it is an ordinary word."""
    if _WORD.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
