"""Rules kept ready-made: what every start would check and put together from YAML is done once.

    rules -> a JSON array of their fields, examples left out -> rules

Good for one content of packs and detectors and one state of the modules that make rules of them,
told as Python tells whether a compiled module is stale: by size and time of the files.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, fields
from enum import Enum
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from agentaudit_processor.classify.deeds import Access, Scope
from agentaudit_processor.classify.named import Named
from agentaudit_processor.classify.rules import Example, Rule
from agentaudit_processor.kept import keep, read_kept
from agentaudit_processor.model import Action, RiskLevel

_KIND = "rules"
_FIELDS = tuple(field.name for field in fields(Rule) if field.name != "examples")
_LEVELS = frozenset(("severity", "in_production"))
_SETS: dict[str, Callable[[str], Any]] = {
    "access": Access,
    "scope": Scope,
    "actions": Action,
    "verbs": str,
    "sides": str,
}
_PACKAGE = Path(__file__).parents[1]


def kept_rules(
    version: str, examples_of: Callable[[str], Sequence[Example]]
) -> tuple[Rule, ...] | None:
    """The rules that were kept for this `version` of the packs; None if none were.

    Args:
        examples_of: gives the examples of the rule with an id.
    """
    body = read_kept(_KIND, _key(version))
    if body is None:
        return None
    return tuple(_unpacked(row, examples_of) for row in json.loads(body))


def keep_rules(version: str, rules: Sequence[Rule]) -> None:
    """Keep `rules` for the next start."""
    body = json.dumps([[_packed(name, getattr(rule, name)) for name in _FIELDS] for rule in rules])
    keep(_KIND, _key(version), body.encode())


def _packed(name: str, value: Any) -> Any:
    if isinstance(value, Named):
        return astuple(value)
    if name in _SETS:
        return sorted(one.value if isinstance(one, Enum) else one for one in value)
    return value


def _unpacked(row: Sequence[Any], examples_of: Callable[[str], Sequence[Example]]) -> Rule:
    told = dict(zip(_FIELDS, row, strict=True))
    for name in _LEVELS:
        told[name] = RiskLevel(told[name])
    for name in _SETS:
        told[name] = _set(name, tuple(told[name]))
    if told["named"] is not None:
        told["named"] = Named(**dict(zip(_OF_NAMED, told["named"], strict=True)))
    told["tags"] = tuple(told["tags"])
    return Rule(**told, examples=examples_of(told["id"]))


_OF_NAMED = tuple(field.name for field in fields(Named))


@cache
def _set(name: str, values: tuple[str, ...]) -> frozenset[Any]:
    return frozenset(map(_SETS[name], values))


def _key(version: str) -> str:
    folders = (_PACKAGE, _PACKAGE / "classify", _PACKAGE / "frameworks")
    told = [version, *(stamp for folder in folders for stamp in _stamps(folder))]
    return sha256("\x00".join(told).encode()).hexdigest()[:32]


def _stamps(folder: Path) -> Iterator[str]:
    """Name, size and time of each file in `folder`, by name."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_file():
                found = entry.stat()
                yield f"{entry.name} {found.st_size} {found.st_mtime_ns}"
