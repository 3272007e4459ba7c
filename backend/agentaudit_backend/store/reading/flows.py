"""Where personal data went: from its type over the tool to how far away, and to which host."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.nearest import nearest
from agentaudit_processor.model import Decision, EventKind

LOOKED: Final = 1000
"""Calls that are read for it; no count tells where a call's data went."""
_STOPPED = (Decision.BLOCK.value, Decision.DENIED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Calls of one tool in which one type of personal data was found."""

    pii_type: str
    tool: str
    reach: str
    """How far the call's data went: none, local, internal or external."""
    destination: str | None
    ran: int
    stopped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """The most frequent first."""

    looked: int
    """The newest calls with personal data, of which the flows are."""
    flows: tuple[Flow, ...]


def flows(connection: Connection, organization_id: int, where: EventFilter) -> Flows:
    """The flows of the newest filtered calls with personal data."""
    calls = replace(where, pii=True, kinds=(EventKind.TOOL_CALL,))
    if where.pii is False or (where.kinds and EventKind.TOOL_CALL not in where.kinds):
        return Flows(looked=0, flows=())
    rows = nearest(connection, organization_id, calls, LOOKED)
    ran, stopped = Counter[tuple[str, str, str, str]](), Counter[tuple[str, str, str, str]]()
    for row in rows:
        which = stopped if row["decision"] in _STOPPED else ran
        for pii_type in row["pii_types"]:
            which[pii_type, row["tool"], row["data_flow"], row["destination"] or ""] += 1
    both = ran + stopped
    return Flows(
        looked=len(rows),
        flows=tuple(
            Flow(
                pii_type=each[0],
                tool=each[1],
                reach=each[2],
                destination=each[3] or None,
                ran=ran[each],
                stopped=stopped[each],
            )
            for each in sorted(both, key=lambda each: (-both[each], each))
        ),
    )
