"""Rows made plain: what both databases take as it is, made without a table at hand.

Plain are texts that a database takes, numbers, bytes, JSON as text, times as microseconds since
1970. That is how SQLite keeps them; PostgreSQL's times are made when they are inserted.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import Enum
from operator import itemgetter
from typing import Any, NamedTuple

from agentaudit_backend.store.values import is_storable, json_text, storable, to_microseconds

PlainRow = tuple[Any, ...]


class Kind(Enum):
    """What a column holds, as far as its values have to be made plain."""

    TEXT = "text"
    JSON = "json"
    TIME = "time"
    AS_IT_IS = "as it is"


class PlainMaker(NamedTuple):
    """Makes rows of one table plain."""

    texts: tuple[int, ...]
    texts_of: Callable[[Sequence[Any]], Sequence[str | None]]
    others: tuple[tuple[int, Callable[[Any], Any]], ...]

    @classmethod
    def of(cls, kinds: Iterable[Kind]) -> "PlainMaker":
        """For rows whose values are of `kinds`."""
        told = tuple(enumerate(kinds))
        texts = tuple(place for place, kind in told if kind is Kind.TEXT)
        return cls(
            texts=texts,
            texts_of=itemgetter(*texts)
            if len(texts) > 1
            else lambda row: [row[at] for at in texts],
            others=tuple((place, _MADE[kind]) for place, kind in told if kind in _MADE),
        )

    def __call__(self, row: Sequence[Any]) -> PlainRow:
        """The same row, plain."""
        values = list(row)
        for place, convert in self.others:
            values[place] = convert(values[place])
        # One look at all texts together: almost no row holds anything that a database refuses.
        if not is_storable("".join(filter(None, self.texts_of(values)))):
            for place in self.texts:
                if values[place] is not None:
                    values[place] = storable(values[place])
        return tuple(values)


def _values_at(places: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: [row[place] for place in places]


def _microseconds(at: datetime | None) -> int | None:
    return None if at is None else to_microseconds(at)


_MADE: dict[Kind, Callable[[Any], Any]] = {Kind.JSON: json_text, Kind.TIME: _microseconds}
