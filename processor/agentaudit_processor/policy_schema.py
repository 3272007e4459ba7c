"""JSON Schema of the policy document, for the API's description and for editors."""

from enum import StrEnum
from typing import Any

from agentaudit_processor.model import RiskLevel
from agentaudit_processor.policy import Answer, Capture, LoggingLevel, Naming, OnFailure
from agentaudit_processor.policy_document import MAX_DAYS, MAX_VALID_MINUTES, MAX_WAIT_SECONDS
from agentaudit_processor.policy_values import MAX_ENTRIES

Schema = dict[str, Any]

_LEVELS = [level.label for level in RiskLevel]
_ANSWERS = [answer.value for answer in Answer]


def policy_schema(**more: Schema) -> Schema:
    """The schema of the document; `more` are properties that stand beside its fields."""
    return _object({**_properties(), **more})


def _properties() -> dict[str, Schema]:
    return {
        "logging_level": _choice(LoggingLevel, "How much of an event is kept."),
        "frameworks": {
            "description": "Ids of the frameworks whose controls are evaluated.",
            "oneOf": [
                _texts("These and no others."),
                {"type": "object", "additionalProperties": {"type": "boolean"}},
            ],
        },
        "flags": _texts("What the organisation says of itself, for controls that ask."),
        "blocking_rules": _object(
            {
                "enabled": _flag("Whether calls may be stopped; with `paranoid` alone."),
                "block_on": _word(_LEVELS, "The level from which calls are blocked."),
                "ask_on": _word(
                    [*_LEVELS, None], "The level from which a person is asked; null asks nobody."
                ),
            }
        ),
        "rule_answers": _mapping(_ANSWERS, "Rule id to what is said to a call that it finds."),
        "tool_answers": _mapping(_ANSWERS[1:], "Glob of tool names to what is said to a call."),
        "exemptions": {
            "type": "array",
            "maxItems": MAX_ENTRIES,
            "description": "Calls that are let through although a rule stops them.",
            "items": _exemption(),
        },
        "projects": {
            "type": "array",
            "maxItems": MAX_ENTRIES,
            "description": "What is stopped beside all else in some folders; only stricter.",
            "items": _project(),
        },
        "packs": _texts("Own packs of rules, each the text of a YAML file."),
        "on_failure": _choice(OnFailure, "What the hook answers when it cannot judge or record."),
        "require_remote_record": _flag("Allow a call only after the server recorded its request."),
        "redact_output": _flag("Mask secrets in output before the model reads it."),
        "approvals": _object(
            {
                "up_to": _word(
                    [*_LEVELS, None], "Up to which level a person may let a call run; null: none."
                ),
                "rules": _texts("Globs over rule ids that every finding has to meet; none: any."),
                "wait_seconds": _count(MAX_WAIT_SECONDS, 0, "How long the hook waits."),
                "valid_minutes": _count(MAX_VALID_MINUTES, 1, "How long question and answer hold."),
                "approvers": _texts("Globs over names of admins' keys; none: every admin."),
                "self_approval": _flag("Whether who asked may answer."),
            }
        ),
        "capture": _object(
            {
                "arguments": _choice(Capture, "What of a call's input leaves the laptop."),
                "results": _choice(Capture, "What of its output."),
                "prompts": _choice(Capture, "What of prompts."),
                "never_paths": _texts("Globs of files whose content is never sent."),
                "never_commands": _texts("Globs of commands whose text is never sent."),
                "user": _choice(Naming, "How the acting person is named."),
            }
        ),
        "retention": _object(
            {
                "content_days": _days("How long the texts of a call are kept."),
                "event_days": _days("How long an event is kept."),
                "holds": {
                    "type": "array",
                    "maxItems": MAX_ENTRIES,
                    "description": "Events that are kept whatever the days say.",
                    "items": _hold(),
                },
            }
        ),
    }


def _exemption() -> Schema:
    text = {"type": "string", "minLength": 1}
    glob = {"type": "string", "description": "A glob; empty or left out matches everything."}
    return _object(
        {
            "id": text,
            "rule": text | {"description": "A rule's id, or a glob over ids."},
            "owner": text | {"description": "Whose decision it is."},
            "reason": text,
            "expires": text | {"description": "ISO 8601 with a zone; a day alone counts whole."},
            "tool": glob,
            "path": glob,
            "command": glob,
            "user": glob,
        },
        required=["id", "rule", "owner", "reason", "expires"],
    )


def _project() -> Schema:
    text = {"type": "string", "minLength": 1}
    stricter = _ANSWERS[2:]
    return _object(
        {
            "id": text,
            "folder": text | {"description": "Glob over working folders."},
            "block_on": _word([*_LEVELS, None], "The level from which calls are blocked there."),
            "ask_on": _word([*_LEVELS, None], "The level from which a person is asked there."),
            "rule_answers": _mapping(stricter, "Rule id to what is said there."),
            "tool_answers": _mapping(stricter, "Glob of tool names to what is said there."),
        },
        required=["id", "folder"],
    )


def _hold() -> Schema:
    text = {"type": "string", "minLength": 1}
    query = {"type": "string", "description": "Which events; empty or left out holds every one."}
    return _object(
        {"id": text, "owner": text | {"description": "Whose decision it is."}, "reason": text}
        | {"query": query},
        required=["id", "owner", "reason"],
    )


def _count(most: int, least: int, description: str) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most, "description": description}


def _days(description: str) -> Schema:
    days = {"type": ["integer", "null"], "minimum": 1, "maximum": MAX_DAYS}
    return days | {"description": f"{description} Null keeps for ever."}


def _object(properties: dict[str, Schema], **more: Any) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties, **more}


def _choice(choices: type[StrEnum], description: str) -> Schema:
    return _word([choice.value for choice in choices], description)


def _word(words: list[Any], description: str) -> Schema:
    return {"enum": words, "description": description}


def _mapping(words: list[str], description: str) -> Schema:
    values = {"enum": words}
    return {"type": "object", "additionalProperties": values, "description": description}


def _texts(description: str) -> Schema:
    return {"type": "array", "items": {"type": "string"}, "description": description}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}
