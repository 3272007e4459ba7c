"""How the rows of an Event's parts become one.

A ToolCall arrives as a request and as an end, and perhaps from two sources, in any order. `joined`
gives the same row for every order, so a late request never takes back what the end told.
"""

import json
from collections.abc import Mapping
from typing import Any

from agentaudit_backend.store.columns import COLUMNS
from agentaudit_backend.store.plain import PlainRow
from agentaudit_backend.store.rows import Row
from agentaudit_backend.store.values import json_text
from agentaudit_processor.model import Action, Decision, Outcome, Phase

HOOK_DIALECT = "agentaudit"
_UNIONS = ("pii_types", "secret_types", "signals")
_EITHER = ("verdict_differs", "privileged", "replayed", "truncated", "has_pii")
_UNKNOWN = {
    "user_label": "unknown",
    "outcome": Outcome.UNKNOWN.value,
    "environment": "unknown",
    "action": Action.OTHER.value,
}
_DECISION = ("decision", "decided_by")
_LET_THROUGH = (Decision.ALLOW.value, Decision.ASK.value, Decision.OBSERVE.value)
_JUDGEMENT = (
    "risk",
    "threshold",
    "reason",
    "reasons",
    "not_covered",
    "policy_version",
    "packs_version",
)


def joined(one: PlainRow, other: PlainRow) -> PlainRow:
    """One row of two parts of an Event, the same in either order; each is as `columns.COLUMNS`.

    Our own hook says more than other telemetry, the end of a call more than its request: what the
    lesser part knows fills gaps only. But the risk is the greater one, with its reasons; the start
    is the earlier one; and whoever tells of the end, the call has ended.

    `one` may itself be joined; then `other` is a part that is not in it yet, and of equals counts.
    """
    named = [dict(zip(COLUMNS, row, strict=True)) for row in (one, other)]
    lesser, greater = sorted(named, key=rank)
    row = {
        key: lesser[key] if value is None or value == "" else value
        for key, value in greater.items()
    }
    row["at"] = min(lesser["at"], greater["at"])
    row["phase"] = lesser["phase"] if _is_ended(lesser) else greater["phase"]
    if greater["span_id"] is not None:
        row["parent_span_id"] = greater["parent_span_id"]  # of this span, not of another's
    if lesser["risk"] > greater["risk"]:
        row.update({column: lesser[column] for column in _JUDGEMENT})
    if _decides(lesser, greater):
        row.update({column: lesser[column] for column in _DECISION})
    for column, unknown in _UNKNOWN.items():
        if greater[column] == unknown:
            row[column] = lesser[column]
    for column in _UNIONS:
        row[column] = _united(lesser[column], greater[column])
    for column in _EITHER:
        row[column] = lesser[column] or greater[column]
    return tuple([row[column] for column in COLUMNS])


def rank(row: Mapping[Any, Any]) -> tuple[bool, bool, bool, str]:
    """How much a part says, by its `phase` and `dialect`; the greatest has the last word.

    A dialect with a dot is a further source of the one before it, such as `claude_code.span`.
    """
    dialect = row["dialect"]
    return dialect == HOOK_DIALECT, _is_ended(row), "." not in dialect, dialect


def _decides(lesser: Row, greater: Row) -> bool:
    """Whether the lesser part knows better what was decided."""
    if lesser["decision"] == Decision.DENIED.value and greater["decision"] in _LET_THROUGH:
        return True  # our Policy let it through, somebody else did not
    if greater["client_verdict"] is None and _is_ended(lesser) and not _is_ended(greater):
        return True  # what our Policy would have said, had it been asked
    return greater["decision"] == Decision.OBSERVE.value and bool(lesser["client_verdict"])


def _is_ended(row: Mapping[Any, Any]) -> bool:
    return bool(row["phase"] == Phase.ENDED.value)


def _united(one: str, other: str) -> str:
    """Lists as JSON text: what is in one or the other, sorted."""
    if one == other:
        return one
    return json_text(sorted({*json.loads(one), *json.loads(other)})) or ""
