"""Activity ↔ the JSON that lies in the spool and in the journal of open calls."""

import json
from dataclasses import fields
from typing import Any

from agentaudit_processor.model import (
    Action,
    Activity,
    Actor,
    ClientVerdict,
    Decision,
    EventKind,
    Fact,
    Outcome,
    Phase,
    RiskLevel,
    ToolCall,
)

_READERS: dict[str, Any] = {
    "action": Action,
    "phase": Phase,
    "outcome": Outcome,
    "kind": EventKind,
    "actor": lambda told: Actor(**told),
    "client_verdict": lambda told: told and _client_verdict(told),
    "reduced": tuple,
}


class Unreadable(Exception):
    """These bytes are no record of ours: a newer version wrote them, or the disk lied."""


def pack_record(activity: Activity, spooled_ns: int) -> bytes:
    """One compact JSON object, ASCII only.

    Args:
        activity: in its wire form: no secret is in it any more.
        spooled_ns: when it was recorded, so that a late export can say so.
    """
    shape = "call" if isinstance(activity, ToolCall) else "fact"
    record = {"v": 1, "at": spooled_ns, shape: activity}
    return json.dumps(record, default=_plain, separators=(",", ":"), allow_nan=False).encode()


def is_result(activity: Activity) -> bool:
    """Whether it may go first when room is short: its request tells what was asked and decided."""
    return isinstance(activity, ToolCall) and activity.phase is Phase.ENDED


def unpack_record(packed: bytes) -> tuple[Activity, int]:
    """The Activity and the time at which it was spooled.

    Raises:
        Unreadable: as it says.
    """
    try:
        record = json.loads(packed)
        told = record.get("call") or record["fact"]
        read = {k: _READERS[k](v) if k in _READERS else v for k, v in told.items()}
        shape = ToolCall if "call" in record else Fact
        return shape(**read), int(record["at"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(str(error)) from error


def _client_verdict(told: dict[str, Any]) -> ClientVerdict:
    level = told["risk_level"]
    return ClientVerdict(
        decision=Decision(told["decision"]),
        risk_level=None if level is None else RiskLevel(level),
        policy_version=told["policy_version"],
        packs_version=told["packs_version"],
        rule_ids=tuple(told.get("rule_ids", ())),
    )


def _plain(value: Any) -> Any:
    """What json cannot write by itself: our dataclasses (slotted, so without __dict__)."""
    return {f.name: getattr(value, f.name) for f in fields(value)}
