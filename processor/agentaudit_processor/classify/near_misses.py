"""Rules that nearly matched an Activity, and what kept each: for who reads or writes rules."""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from agentaudit_processor.classify.deeds import Deed, DeedKind
from agentaudit_processor.classify.patterns import Pattern
from agentaudit_processor.classify.rules import Rule
from agentaudit_processor.classify.sheet import Sheet
from agentaudit_processor.classify.wording import ACCESS, SCOPES
from agentaudit_processor.model import Activity

MAX_NEAR = 5
_TEXT_KINDS = (DeedKind.COMMAND, DeedKind.PIPELINE, DeedKind.CODE, DeedKind.VISIT)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]+")
_FEWEST_SHARED = 2
"""Words; a program's name alone brings nothing near."""
_LOOKED_AT = 60
"""Deeds; a person asks about one command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """A Rule that did not match."""

    rule: Rule
    why: str
    """What kept it, as a sentence's end: `its exception takes it back`."""


def near_misses(
    rules: Sequence[Rule], activity: Activity, deeds: Sequence[Deed], found: AbstractSet[str]
) -> tuple[NearMiss, ...]:
    """At most `MAX_NEAR`, the nearest first.

    Args:
        activity: its secrets masked.
        found: ids of the rules that did match.
    """
    wanted = [rule for rule in rules if rule.id not in found]
    near: dict[str, NearMiss] = {}
    for miss in (
        *_but_for_a_condition(wanted, activity, deeds[:_LOOKED_AT]),
        *_in_the_text(wanted, activity),
        *_of_the_same_words(wanted, deeds[:_LOOKED_AT]),
    ):
        near.setdefault(miss.rule.id, miss)
    return tuple(near.values())[:MAX_NEAR]


def _but_for_a_condition(
    rules: Iterable[Rule], activity: Activity, deeds: Sequence[Deed]
) -> Iterator[NearMiss]:
    """Deed rules whose pattern matches a Deed."""
    for rule in rules:
        for deed in deeds:
            if deed.kind.value != rule.matcher or (not rule.pattern and not _does(rule, deed)):
                continue
            text = f"{deed.verb} {deed.text}" if deed.kind is DeedKind.VISIT else deed.text
            line = text.encode("utf-8", "replace")
            if not Pattern(rule.pattern).occurs(line):
                continue
            why = _kept_from(rule, deed, line, activity)
            if why:
                yield NearMiss(rule=rule, why=why)
                break


def _does(rule: Rule, deed: Deed) -> bool:
    return bool(rule.access) and deed.access in rule.access


def _kept_from(rule: Rule, deed: Deed, line: bytes, activity: Activity) -> str:
    if rule.unless and Pattern(rule.unless).occurs(line):
        return "its exception (`unless`) takes it back"
    if rule.access and deed.access not in rule.access:
        asked = " or ".join(sorted(ACCESS[access] for access in rule.access))
        return f"its paths are {asked}; this one is {ACCESS.get(deed.access or '')}"
    if rule.scope and deed.scope not in rule.scope:
        asked = " or ".join(sorted(SCOPES[scope] for scope in rule.scope))
        return f"its paths are {asked}; this one is {SCOPES.get(deed.scope or '')}"
    if rule.actions and activity.action not in rule.actions:
        return f"it asks for {_listed(rule.actions)}, and this is {activity.action}"
    return ""


def _in_the_text(rules: Iterable[Rule], activity: Activity) -> Iterator[NearMiss]:
    """Text rules whose pattern occurs."""
    sheet = Sheet(activity)
    for rule in rules:
        if rule.matcher != "pattern":
            continue
        match = Pattern(rule.pattern).find(sheet.text)
        leaf = None if match is None else sheet.leaf_at(match[0][0])
        if match is None or leaf is None:
            continue
        if leaf.side not in rule.sides:
            yield NearMiss(rule=rule, why=f"it asks of {_listed(rule.sides)} alone")
        elif rule.actions and activity.action not in rule.actions:
            yield NearMiss(rule=rule, why=f"it asks for {_listed(rule.actions)} alone")
        elif rule.unless and Pattern(rule.unless).occurs(sheet.text[slice(*match[0])]):
            yield NearMiss(rule=rule, why="its exception (`unless`) takes it back")
        elif rule.detector:
            yield NearMiss(rule=rule, why=f"what looks like it does not pass {rule.detector}")


def _of_the_same_words(rules: Sequence[Rule], deeds: Sequence[Deed]) -> Iterator[NearMiss]:
    """Command rules that name the program, those that share most of its words first."""
    shared: list[tuple[int, int, NearMiss]] = []
    for rule in rules:
        if rule.matcher not in ("command", "pipeline"):
            continue
        named = set(_WORD.findall(rule.pattern))
        for deed in deeds:
            words = deed.text.split()[:12]
            program = words[0].rpartition("/")[2] if words else ""
            if deed.kind in _TEXT_KINDS and len(program) > 1 and program in named:
                common = [word for word in dict.fromkeys([program, *words]) if word in named]
                if len(common) < _FEWEST_SHARED:
                    continue
                why = f"it speaks of {_listed(common)} too, with other words or options beside it"
                place = rule.pattern.find(program)
                shared.append((-len(common), place, NearMiss(rule=rule, why=why)))
                break
    shared.sort(key=lambda one: one[:2])
    return (miss for _, _, miss in shared)


def _listed(names: Iterable[object]) -> str:
    return ", ".join(sorted(str(name) for name in names))
