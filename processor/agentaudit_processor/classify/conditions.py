"""Conditions of frameworks.yaml: compiled to functions for Events, weighed for periods.

On an Event an absent field makes a test false, as the file says. On a period a figure that nobody
measured leaves a condition undecided: neither met nor not.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Fields = Mapping[str, Any]
Condition = Callable[[Fields], bool]


class Conditions:
    """Conditions over one set of named predicates."""

    def __init__(self, predicates: Mapping[str, Any]) -> None:
        self._predicates = predicates
        self._compiled: dict[str, Condition] = {}

    def compiled(self, raw: Any) -> Condition:
        """`raw` as a function; the same one for the same predicate."""
        if isinstance(raw, str):
            if raw not in self._compiled:
                self._compiled[raw] = self.compiled(self._predicates[raw])
            return self._compiled[raw]
        if "all" in raw:
            return every([self.compiled(inner) for inner in raw["all"]])
        if "any" in raw:
            parts = [self.compiled(inner) for inner in raw["any"]]
            return lambda fields: any(part(fields) for part in parts)
        if "not" in raw:
            part = self.compiled(raw["not"])
            return lambda fields: not part(fields)
        return _test(raw["field"], raw["op"], raw.get("value"))

    def fields_in(self, raw: Any) -> Iterator[str]:
        """The fields that `raw` asks about."""
        for test in self.tests_in(raw):
            yield test["field"]

    def tests_in(self, raw: Any) -> Iterator[Mapping[str, Any]]:
        """The tests that `raw` is made of: field, op and value."""
        if isinstance(raw, str):
            yield from self.tests_in(self._predicates[raw])
        elif "field" in raw:
            yield raw
        elif "not" in raw:
            yield from self.tests_in(raw["not"])
        else:
            for inner in raw.get("all") or raw.get("any"):
                yield from self.tests_in(inner)

    def weighed(self, raw: Any, answer: Callable[[Mapping[str, Any]], bool | None]) -> bool | None:
        """What `raw` comes to where tests have three answers; None is undecided (Kleene's logic).

        Args:
            answer: tells whether a test (field, op, value) holds.
        """
        if isinstance(raw, str):
            return self.weighed(self._predicates[raw], answer)
        if "field" in raw:
            return answer(raw)
        if "not" in raw:
            inner = self.weighed(raw["not"], answer)
            return None if inner is None else not inner
        is_all = "all" in raw
        parts = [self.weighed(inner, answer) for inner in raw["all" if is_all else "any"]]
        if (not is_all) in parts:
            return not is_all
        return None if None in parts else is_all


def every(parts: Sequence[Condition]) -> Condition:
    """The condition that all `parts` hold."""
    return lambda fields: all(part(fields) for part in parts)


def holds(test: Mapping[str, Any], known: Any) -> bool:
    """Whether a test holds of a value that is there."""
    return test["op"] != "absent" and bool(_OPERATORS[test["op"]](known, test.get("value")))


def _test(name: str, operator: str, value: Any) -> Condition:
    if operator == "absent":
        return lambda fields: name not in fields
    compare = _OPERATORS[operator]

    def test(fields: Fields) -> bool:
        known = fields.get(name)
        return known is not None and bool(compare(known, value))

    return test


_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": lambda known, value: known == value,
    "ne": lambda known, value: known != value,
    "in": lambda known, value: known in value,
    "not_in": lambda known, value: known not in value,
    "gt": lambda known, value: known > value,
    "gte": lambda known, value: known >= value,
    "lt": lambda known, value: known < value,
    "lte": lambda known, value: known <= value,
    "exists": lambda _known, _value: True,
    "nonempty": lambda known, _value: len(known) > 0,
    "empty": lambda known, _value: len(known) == 0,
    "intersects": lambda known, value: not known.isdisjoint(value),
    "disjoint": lambda known, value: known.isdisjoint(value),
}
