"""A draft of the Policy, however made: checked, compared, refused when somebody was first."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import yaml
from starlette.datastructures import FormData
from starlette.responses import Response

from agentaudit_backend.impact.weighing import Impact
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.reports.keeping import LEAST_DAYS
from agentaudit_backend.store.policies import PolicyRecord
from agentaudit_backend.templates.text import line_told
from agentaudit_processor.policy import Answer, LoggingLevel, Policy
from agentaudit_processor.policy_document import to_document
from agentaudit_processor.policy_draft import read_draft
from agentaudit_processor.policy_lines import lines_of
from agentaudit_processor.policy_values import PolicyError
from agentaudit_processor.policy_yaml import policy_yaml

PATH: Final = "/dashboard/policy"
NOTE_LIMIT = 500
TEXT_LIMIT = 50_000
"""Characters; what is longer, own packs above all, goes by the API or the command."""
_CONTEXT = 3
_STOPPING = frozenset({Answer.BLOCK, Answer.ASK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field that would change."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a diff; `sign` is `add`, `del`, `at` or empty."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """One thing that is wrong in a document."""

    line: int
    """From 1; 0: the document as a whole."""
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """Context of policy_document_review.html."""

    version: int
    text: str
    changes: tuple[Change, ...]
    lines: tuple[Line, ...]
    warnings: tuple[str, ...]
    stricter: Policy | None
    """The draft, where it would stop from another level on than now."""
    with_blocking: str | None
    """The draft with blocking on, where what it changes stops nothing without."""
    impact: Impact | None
    year: int
    """This year, which the times of its calls leave out."""
    back: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictPage:
    """Context of policy_conflict.html."""

    theirs: PolicyRecord
    began: int | None
    """The version that the draft was made of."""
    their_lines: tuple[Line, ...]
    """What they changed since."""
    my_lines: tuple[Line, ...]
    """What the draft would change of theirs."""
    text: str


def review_page(
    visit: Visit, before: Policy, after: Policy, *, back: str, impact: Impact | None = None
) -> Response:
    """What would change, what to mind, and the question why."""
    text = policy_yaml(after)
    is_stricter = after.threshold is not None and after.threshold != before.threshold
    context = ReviewPage(
        version=before.version,
        text=text,
        changes=tuple(_changes(to_document(before), to_document(after))),
        lines=diff(policy_yaml(before), text),
        warnings=tuple(warnings_on(after)),
        stricter=after if is_stricter else None,
        with_blocking=_with_blocking(before, after),
        impact=impact,
        year=visit.now.year,
        back=back,
    )
    return page(visit, "policy_document_review.html", context, place="Policy")


def conflict_page(visit: Visit, form: FormData, text: str) -> Response:
    """409: what they saved, and what is left of one's own."""
    versions = visit.site.store.policy_versions(visit.organization_id)
    theirs = versions[0]
    began = str(form.get("version", ""))
    mine = next((each for each in versions if str(each.policy.version) == began), None)
    now = policy_yaml(theirs.policy)
    context = ConflictPage(
        theirs=theirs,
        began=mine.policy.version if mine else None,
        their_lines=diff(policy_yaml(mine.policy), now) if mine else (),
        my_lines=diff(now, text),
        text=text,
    )
    return page(visit, "policy_conflict.html", context, place="Policy", status=409)


def is_outdated(form: FormData, before: Policy) -> bool:
    """Whether a form was made of another version than the one in force."""
    return str(form.get("version", "")) != str(before.version)


def draft_of(visit: Visit, document: object, before: Policy) -> Policy:
    """The Policy that a document of plain values says.

    Raises:
        PolicyError: it says none, or one that cannot be put in force; `every` has all reasons.
    """
    return read_draft(document, visit.site.judge, before)


def slips(text: str, wrong: PolicyError) -> tuple[Slip, ...]:
    """All that is wrong in a document, from its first line on.

    Args:
        text: the YAML that was read.
    """
    lines = lines_of(text, wrong.every)
    told = [
        Slip(line=line or int(line_told(each) or 0), words=str(each))
        for line, each in zip(lines, wrong.every, strict=True)
    ]
    return tuple(sorted(told, key=lambda slip: slip.line))


def read_yaml(text: str) -> object:
    """Plain values of a document.

    Raises:
        PolicyError: it is no YAML, or too long.
    """
    if len(text) > TEXT_LIMIT:
        raise PolicyError("document", f"longer than {TEXT_LIMIT:,} characters")
    try:
        told: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise PolicyError("document", f"{where}{getattr(error, 'problem', 'no YAML')}") from None
    except (ValueError, RecursionError) as error:
        raise PolicyError("document", f"no YAML: {error}") from None
    return told


def diff(before: str, after: str) -> tuple[Line, ...]:
    """What tells two texts apart, line by line."""
    signs = {"+": "add", "-": "del", "@": "at"}
    lines = list(
        difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=_CONTEXT)
    )
    return tuple(Line(sign=signs.get(line[:1], ""), text=line) for line in lines[2:])


def warnings_on(policy: Policy) -> Iterator[str]:
    """What an admin should know before saving it."""
    if policy.blocking_enabled and policy.threshold is None:
        yield (
            f"Blocking is on, but the logging level is {policy.logging_level}: "
            "nothing will be blocked until it is paranoid."
        )
    elif not policy.blocks and _STOPPING & {*answers_of(policy)}:
        yield (
            "Some of its answers stop calls, but none is stopped yet: blocking is off. Turn it on, "
            "with the logging level paranoid, to have this count."
        )
    days = policy.retention.event_days
    for framework, (least, source) in LEAST_DAYS.items():
        if framework in policy.frameworks and days is not None and days < least:
            yield f"Events are kept for {days} days; {source} asks for at least {least}."


def _with_blocking(before: Policy, after: Policy) -> str | None:
    """The draft as it stops calls, so that its impact can be seen before anything is stopped."""
    judged = ("rule_answers", "tool_answers", "projects", "packs", "blocking_enabled")
    if after.blocks or all(getattr(before, name) == getattr(after, name) for name in judged):
        return None
    stops = replace(after, logging_level=LoggingLevel.PARANOID, blocking_enabled=True)
    return policy_yaml(stops)


def answers_of(policy: Policy) -> Iterator[Answer]:
    """What it says to rules and tools, by itself and in some folders."""
    yield from policy.rule_answers.values()
    yield from policy.tool_answers.values()
    for project in policy.projects:
        yield from project.rule_answers.values()
        yield from project.tool_answers.values()


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """The fields that differ; those of a group by their full name."""
    for name, new in after.items():
        old = before[name]
        if old == new:
            continue
        if isinstance(new, dict) and isinstance(old, dict):
            for inner in sorted({*old, *new}):
                was, will = old.get(inner), new.get(inner)
                if was != will:
                    told = _words(was), _words(will)
                    yield Change(name=f"{name}.{inner}", before=told[0], after=told[1])
        else:
            yield Change(name=name, before=_words(old), after=_words(new))


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(_words(each) for each in value) or "none"
    if isinstance(value, dict):
        return str(value.get("id", "…"))
    return "none" if value is None else str(value)
