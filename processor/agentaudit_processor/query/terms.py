"""Terms: the conditions of a query as a person types them, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from agentaudit_processor.model import Action, Decision, EventKind, Outcome, ReviewState, RiskLevel


class Field(StrEnum):
    """What a term can speak of."""

    RISK = "risk"
    DECISION = "decision"
    ACTION = "action"
    KIND = "kind"
    OUTCOME = "outcome"
    PII = "pii"
    SECRET = "secret"  # noqa: S105  the word itself
    USER = "user"
    AGENT = "agent"
    HOST = "host"
    SESSION = "session"
    TOOL = "tool"
    RULE = "rule"
    SIGNAL = "signal"
    FRAMEWORK = "framework"
    CONTROL = "control"
    CMD = "cmd"
    PATH = "path"
    CWD = "cwd"
    REPO = "repo"
    REVIEW = "review"
    IS = "is"
    ENV = "env"
    DESTINATION = "destination"
    ID = "id"


ALIASES: Final[Mapping[str, Field]] = MappingProxyType(
    {
        "finding": Field.RULE,
        "risk_level": Field.RISK,
        "agent_id": Field.AGENT,
        "session_id": Field.SESSION,
        "command": Field.CMD,
        "file": Field.PATH,
        "environment": Field.ENV,
    }
)

LATE: Final = "late"
"""`is:late`: it came from a hook's spool, after the time at which it was recorded."""
UNFINISHED: Final = "unfinished"
"""`is:unfinished`: a call of which only the request is known."""

CHOICES: Final[Mapping[Field, tuple[str, ...]]] = MappingProxyType(
    {
        Field.RISK: tuple(level.label for level in RiskLevel),
        Field.DECISION: tuple(decision.value for decision in Decision),
        Field.ACTION: tuple(action.value for action in Action),
        Field.KIND: tuple(kind.value for kind in EventKind),
        Field.OUTCOME: tuple(outcome.value for outcome in Outcome),
        Field.REVIEW: tuple(state.value for state in ReviewState),
        Field.IS: (LATE, UNFINISHED),
    }
)
"""Fields whose values are known beforehand; a pattern over them is replaced by what it meets."""

LISTS: Final = (Field.PII, Field.SECRET, Field.SIGNAL)
"""Fields of which an Event has any number of values."""

NONE: Final = "none"
"""The value of `pii` and `secret` that asks for Events in which none was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One value of a term. In a `wild` one, `*` stands for any characters, none included."""

    text: str
    wild: bool = False

    @property
    def is_any(self) -> bool:
        """`*` alone: whatever the value, but there has to be one."""
        return self.wild and not self.text.strip("*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """`field:value,value`: any of the patterns; `negated`: none of them."""

    field: Field
    patterns: tuple[Pattern, ...]
    negated: bool = False
