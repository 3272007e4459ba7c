"""Columns of the list of Events: which there are, which a reader wants, in which order."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "time": "Time",
        "user": "User",
        "host": "Host",
        "agent": "Agent",
        "session": "Session",
        "action": "Action",
        "tool": "Tool",
        "risk": "Risk",
        "pii": "PII",
        "decision": "Decision",
        "summary": "Summary",
        "rule": "Rules",
        "repo": "Repository",
        "latency": "Took",
        "review": "Review",
    }
)
"""Their heads, in the order in which they are offered."""

USUAL: Final = ("time", "user", "action", "risk", "pii", "decision", "summary")


def usual_heads() -> Mapping[str, str]:
    """Heads of the usual columns, by name."""
    return {name: COLUMNS[name] for name in USUAL}


def read_columns(text: str | None) -> tuple[str, ...]:
    """`time,user,summary` as columns, each once and unknown ones left out.

    The summary is what leads to an Event: where it is missing it comes last.
    """
    known = tuple(dict.fromkeys(name for name in (text or "").split(",") if name in COLUMNS))
    if not known or "summary" in known:
        return known
    return (*known, "summary")


def moved(names: Sequence[str], name: str) -> tuple[str, ...]:
    """`names` with one of them a place further to the left."""
    at = list(names).index(name) if name in names else 0
    if not at:
        return tuple(names)
    return (*names[: at - 1], name, names[at - 1], *names[at + 1 :])
