"""A draft of the Policy: read and checked, with everything that is wrong in it told at once.

The readers stop at the first thing that they cannot read. Here its place in a copy of the document
is mended, so that they find the next; what stands in for it is nobody's Policy.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any, Final

from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_check import policy_problems
from agentaudit_processor.policy_document import policy_of
from agentaudit_processor.policy_values import PolicyError

MOST: Final = 50
"""Errors that are told of one document."""
_ENTRIES: Final = {
    "exemptions": {"rule": "*", "owner": "-", "reason": "-", "expires": "9999-01-01"},
    "projects": {"folder": "/"},
    "retention.holds": {"owner": "-", "reason": "-"},
}
"""Stand-ins for what an entry of these lists must have; its `id` is told apart by a number."""
_AGAINST: Final = {"retention.content_days": "event_days"}
"""Of two fields that do not go together, the one that is not named."""
_INDEX = re.compile(r"\[(\d{1,9})\]")

Step = str | int
"""A key or an index."""


def read_draft(document: object, judge: Judge, before: Policy) -> Policy:
    """The Policy that `document` says, as the next version of `before`.

    Args:
        judge: knows the packs that ship and those of the server's folder.

    Raises:
        PolicyError: it says none, or one that cannot be put in force; `every` has all reasons.
    """
    policy, wrong = _read(document)
    if policy is not None:
        mended = [each.field for each in wrong]
        wrong += [
            each
            for each in policy_problems(policy, judge)
            if not any(_concerns(each.field, place) for place in mended)
        ]
    if policy is None or wrong:
        first, wrong[0].every = wrong[0], tuple(wrong[:MOST])
        raise first
    return replace(policy, version=before.version, digest_key=before.digest_key)


def _read(document: object) -> tuple[Policy | None, list[PolicyError]]:
    """The Policy of what can be read, and what could not; None where nothing stands in."""
    told, wrong = deepcopy(document), list[PolicyError]()
    tries: dict[str, int] = {}
    while len(wrong) < MOST:
        try:
            return policy_of(told), wrong
        except PolicyError as error:
            tried = tries[error.field] = tries.get(error.field, 0) + 1
            if tried == 1:
                wrong.append(error)
            if not _mend(told, error.field, tried, number=len(wrong)):
                break
    return None, wrong


def _mend(document: Any, field: str, tried: int, *, number: int) -> bool:
    """Put something that can be read in the place of `field`, or of what that stands in."""
    steps = list(steps_to(document, field))
    steps = steps[: len(steps) - (tried - 1)]
    if not steps:
        return False
    *way, last = steps
    parent = document
    for step in way:
        parent = _at(parent, step)
    entry = _ENTRIES.get(field.partition("[")[0])
    if isinstance(parent, list) and isinstance(last, int):
        parent[last] = "*" if entry is None else {**entry, "id": f"-{number}"}
    elif entry is not None and last == "id":
        parent["id"] = f"-{number}"
    elif entry is not None and last in entry:
        parent[last] = entry[last]
    else:
        for name in (last, _AGAINST.get(field)):
            parent.pop(name, None)
    return True


def _at(value: Any, step: Step) -> Any:
    return value[step]


def _concerns(field: str, place: str) -> bool:
    """Whether a problem with `field` may come of what stands in at `place`."""
    inside, around = (f"{place}.", f"{place}["), (f"{field}.", f"{field}[")
    return field == place or field.startswith(inside) or place.startswith(around)


def steps_to(document: object, field: str) -> Iterator[Step]:
    """`exemptions[2].expires` step by step into the document, as far as there is something.

    The last step may name a key that is missing. A key may hold dots: the longest that fits counts.
    """
    here, rest = document, field
    while rest:
        step, rest = _step(here, rest)
        if step is None:
            return
        yield step
        if isinstance(here, dict) and step not in here:
            return
        here = _at(here, step)


def _step(here: object, rest: str) -> tuple[Step | None, str]:
    """The next step, and what is left of the way."""
    if isinstance(here, list):
        index = _INDEX.match(rest)
        if index is None or int(index[1]) >= len(here):
            return None, ""
        return int(index[1]), rest[index.end() :].removeprefix(".")
    if isinstance(here, dict):
        fitting = [k for k in here if f"{rest}.".startswith((f"{k}.", f"{k}["))]
        if fitting:
            step: Step = max(fitting, key=lambda key: len(str(key)))
            return step, rest[len(str(step)) :].removeprefix(".")
        if not re.search(r"[.\[]", rest):
            return rest, ""
    return None, ""
