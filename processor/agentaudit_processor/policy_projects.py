"""The `projects` of the policy document: what one project may say, all of it stricter."""

from collections.abc import Mapping
from typing import Any

from agentaudit_processor.model import RiskLevel
from agentaudit_processor.policy import Answer, Project
from agentaudit_processor.policy_values import (
    expect,
    one_of,
    parsed,
    read_items,
    read_mapping,
    read_text,
)

_FIELDS = ("id", "folder", "block_on", "ask_on", "rule_answers", "tool_answers")
STRICTER = (Answer.ASK, Answer.BLOCK)
"""What a project may answer: neither `allow` nor `off`."""


def project_document(project: Project) -> dict[str, Any]:
    """Plain values; what is not said is left out."""
    told: dict[str, Any] = {"id": project.id, "folder": project.folder}
    for name in ("block_on", "ask_on"):
        level: RiskLevel | None = getattr(project, name)
        if level is not None:
            told[name] = level.label
    for name in ("rule_answers", "tool_answers"):
        answers: Mapping[str, Answer] = getattr(project, name)
        if answers:
            told[name] = {key: answer.value for key, answer in answers.items()}
    return told


def projects_of(raw: Any) -> tuple[Project, ...]:
    """The projects that a document says.

    Raises:
        PolicyError: a field is unknown, or would loosen something.
    """
    known: dict[str, Project] = {}
    for at, item in enumerate(read_items(raw, "projects")):
        place = f"projects[{at}]"
        told = read_mapping(item, place, _FIELDS)
        texts = {name: read_text(told.get(name, ""), f"{place}.{name}") for name in _FIELDS[:2]}
        for name, text in texts.items():
            expect(bool(text), f"{place}.{name}", "is missing")
        expect(texts["id"] not in known, f"{place}.id", f"{texts['id']!r} occurs twice")
        known[texts["id"]] = Project(
            id=texts["id"],
            folder=texts["folder"],
            block_on=_level(told, "block_on", place),
            ask_on=_level(told, "ask_on", place),
            rule_answers=_answers(told.get("rule_answers"), f"{place}.rule_answers"),
            tool_answers=_answers(told.get("tool_answers"), f"{place}.tool_answers"),
        )
    return tuple(known.values())


def _level(told: Mapping[str, Any], name: str, place: str) -> RiskLevel | None:
    raw = told.get(name)
    return None if raw is None else parsed(RiskLevel.parse, raw, f"{place}.{name}")


def _answers(raw: Any, place: str) -> dict[str, Answer]:
    told = read_mapping(raw, place, None)
    return {name: one_of(told[name], f"{place}.{name}", STRICTER) for name in told}
