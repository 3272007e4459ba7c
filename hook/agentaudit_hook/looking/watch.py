"""The newest records of this machine, read from the spool beside the relay that writes it.

A delivered record stays in its segment until that is full (4 MB) or the relay ends, so that the
latest calls can be seen with any key and without a server. Nothing is kept for this alone.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agentaudit_hook.relay.framing import frames_in
from agentaudit_hook.relay.records import Unreadable, unpack_record
from agentaudit_processor.model import Activity, Phase, ToolCall
from agentaudit_processor.summary import summary_of

FRAME_HEAD_BYTES = 16
_STOPPED = ("block", "ask", "denied")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record as `tail` shows it. What an agent wrote in it is hostile."""

    at_ns: int
    kind: str
    state: str
    """`requested`, or how a call ended: `success`, `failure`, `unknown`; "" of a Fact."""
    agent: str
    user: str
    host: str
    session: str
    id: str
    action: str
    tool: str
    risk: str
    decision: str
    cwd: str
    command: str
    path: str
    summary: str
    activity: Activity
    """The whole record."""

    def plain(self) -> dict[str, str]:
        """For JSON: every field of one word or line, as text, the time as ISO 8601."""
        names = [name for name in self.__slots__ if name not in ("at_ns", "activity")]
        told = {name: str(getattr(self, name)) for name in names}
        return {"time": iso(self.at_ns), **told}


class Watch:
    """Gives each record once, in the order in which they were recorded."""

    def __init__(self, state: Path) -> None:
        self._spool = state / "spool"
        self._read: dict[Path, int] = {}
        """Segment → how many bytes of it were read."""

    def news(self) -> list[Row]:
        """Records that were not given yet."""
        found: list[tuple[int, Row]] = []
        paths = set(self._spool.rglob("*.seg"))
        for path in paths:
            found += self._of(path)
        for gone in set(self._read) - paths:
            del self._read[gone]
        return [row for _, row in sorted(found, key=lambda one: one[0])]

    def _of(self, path: Path) -> Iterator[tuple[int, Row]]:
        start = self._read.get(path, 0)
        try:
            with path.open("rb") as file:
                file.seek(start)
                data = file.read()
        except OSError:  # delivered and deleted meanwhile
            return
        for at, number, payload in frames_in(data):
            self._read[path] = start + at + FRAME_HEAD_BYTES + len(payload)
            try:
                activity, _ = unpack_record(payload)
            except Unreadable:
                continue
            yield number, row_of(activity)


def latest_stopped(state: Path) -> Row | None:
    """The newest call that the policy held back here; None if no record tells of one."""
    stopped = [row for row in Watch(state).news() if row.decision in _STOPPED]
    return stopped[-1] if stopped else None


def row_of(activity: Activity) -> Row:
    """An Activity in its wire form as a Row."""
    actor = activity.actor
    shared: dict[str, Any] = {
        "agent": actor.agent_name,
        "user": actor.label,
        "host": actor.host_name or "",
        "session": activity.session_id,
        "action": activity.action.value,
        "cwd": activity.cwd or "",
        "summary": summary_of(activity),
        "activity": activity,
    }
    if not isinstance(activity, ToolCall):
        return Row(
            at_ns=activity.at_ns,
            kind=activity.kind.value,
            state="",
            id=activity.fact_id,
            tool=activity.name,
            risk="",
            decision="",
            command="",
            path="",
            **shared,
        )
    verdict, is_over = activity.client_verdict, activity.phase is Phase.ENDED
    level = verdict.risk_level if verdict else None
    return Row(
        at_ns=(activity.ended_ns if is_over else None) or activity.started_ns,
        kind="tool_call",
        state=activity.outcome.value if is_over else activity.phase.value,
        id=activity.call_id,
        tool=activity.tool_name,
        risk=level.label if level is not None else "",
        decision=verdict.decision.value if verdict else "",
        command=_text(activity.arguments, "command"),
        path=_text(activity.arguments, "file_path", "path"),
        **shared,
    )


def iso(at_ns: int) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    try:
        return datetime.fromtimestamp(at_ns / 1e9, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return "unknown"


def _text(arguments: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = arguments.get(name)
        if isinstance(value, str):
            return value
        if value is not None:
            return json.dumps(value, default=str)
    return ""
