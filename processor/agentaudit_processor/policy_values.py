"""Plain values of a document, read one by one: each error names the field that it is about."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

MAX_ENTRIES = 1_000
"""Of each list and each mapping."""

Choice = TypeVar("Choice", bound=StrEnum)
Value = TypeVar("Value")


class PolicyError(ValueError):
    """A document is not right; the text begins with the field: `exemptions[2].expires: …`."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem
        self.every: tuple[PolicyError, ...] = (self,)
        """All that is wrong in the document, where that was looked for; this is the first."""


def read_mapping(raw: Any, place: str, known: Sequence[str] | None) -> Mapping[str, Any]:
    """`raw` as a mapping of `known` keys, or of any text if None; nothing is an empty one."""
    if raw is None:
        return {}
    expect(isinstance(raw, Mapping), place or "policy", "expected fields with values")
    expect(len(raw) <= MAX_ENTRIES, place, f"more than {MAX_ENTRIES} entries")
    for name in raw:
        at = f"{place}.{name}" if place else str(name)
        expect(isinstance(name, str) and bool(name), at, "expected a name")
        expect(known is None or name in known, at, f"unknown; expected {listed(known or ())}")
    told: Mapping[str, Any] = raw
    return told


def read_items(raw: Any, place: str) -> Sequence[Any]:
    """`raw` as a list; nothing is an empty one."""
    expect(raw is None or isinstance(raw, list | tuple), place, "expected a list")
    expect(len(raw or ()) <= MAX_ENTRIES, place, f"more than {MAX_ENTRIES} entries")
    return raw or ()


def read_texts(
    told: Mapping[str, Any], name: str, usual: tuple[str, ...], inside: str = ""
) -> tuple[str, ...]:
    """The list of texts under `name`, or `usual`."""
    if told.get(name) is None:
        return usual
    place = within(inside, name)
    return tuple(
        read_text(item, f"{place}[{at}]") for at, item in enumerate(read_items(told[name], place))
    )


def read_text(raw: Any, place: str) -> str:
    """`raw`, which must be a text."""
    expect(isinstance(raw, str), place, f"expected a text, not {shown(raw)}")
    return str(raw)


def read_flag(told: Mapping[str, Any], name: str, usual: bool, inside: str = "") -> bool:
    """The true or false under `name`, or `usual`."""
    raw = told.get(name, usual)
    expect(isinstance(raw, bool), within(inside, name), f"expected true or false, not {raw!r}")
    return bool(raw)


def read_choice(
    told: Mapping[str, Any], name: str, choices: type[Choice], usual: Choice, inside: str = ""
) -> Choice:
    """The word under `name` as one of `choices`, or `usual`."""
    if told.get(name) is None:
        return usual
    return one_of(told[name], within(inside, name), tuple(choices))


def one_of(raw: Any, place: str, choices: Sequence[Choice]) -> Choice:
    """The one of `choices` that `raw` names."""
    word = "off" if raw is False else raw  # YAML 1.1 reads a bare `off` as false
    for choice in choices:
        if choice.value == word:
            return choice
    raise PolicyError(place, f"{shown(raw)} is none of {listed(choices)}")


def parsed(parse: Callable[[str], Value], raw: Any, place: str) -> Value:
    """What `parse` makes of the text `raw`; its ValueError tells the problem."""
    try:
        return parse(read_text(raw, place))
    except PolicyError:
        raise
    except (ValueError, OverflowError) as error:
        raise PolicyError(place, str(error)) from None


def expect(condition: bool, place: str, problem: str) -> None:
    """Raise PolicyError about `place` unless `condition`."""
    if not condition:
        raise PolicyError(place, problem)


def within(inside: str, name: str) -> str:
    """`capture.user`: a field inside another."""
    return f"{inside}.{name}" if inside else name


def listed(choices: Sequence[object]) -> str:
    """`a, b, c`."""
    return ", ".join(str(choice) for choice in choices)


def shown(raw: Any) -> str:
    """A wrong value, short enough for an error."""
    return repr(raw)[:60]
