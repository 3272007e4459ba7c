"""What one may type into the query: its fields, their known values, and those that the list has."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from agentaudit_backend.pages.query import quoted
from agentaudit_backend.store.views import Counted
from agentaudit_processor.query.terms import CHOICES, Field

OF_LISTS: Final = ("user", "agent", "host", "tool", "rule", "framework")
"""Facets whose values are names; each is a field of the query too."""
_MOST = 12
"""Values of one of these, the most frequent."""


def terms_of(counted: Mapping[str, Sequence[Counted]]) -> tuple[str, ...]:
    """Terms in the order in which they are suggested: fields first, then fields with a value."""
    fields = [f"{field.value}:" for field in Field]
    return (*fields, *_chosen(), *_named(counted))


def _chosen() -> Iterator[str]:
    yield from ("risk:>=high", "risk:>=medium")
    for field, values in CHOICES.items():
        yield from (f"{field.value}:{value}" for value in values)
    yield from ("pii:*", "pii:none", "secret:*")


def _named(counted: Mapping[str, Sequence[Counted]]) -> Iterator[str]:
    for name in OF_LISTS:
        for each in counted.get(name, ())[:_MOST]:
            yield f"{name}:{quoted(each.value)}"
