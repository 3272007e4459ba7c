"""The columns of `event` and `finding` by which their rows are made, known without the tables.

Who makes rows in a process of its own so needs no SQLAlchemy, which takes 30 MB. A test compares.
"""

from collections.abc import Mapping
from typing import Final

from agentaudit_backend.store.plain import Kind, PlainMaker

_EVENT: Final[Mapping[str, Kind]] = {
    "organization_id": Kind.AS_IT_IS,
    "event_id": Kind.TEXT,
    "kind": Kind.TEXT,
    "phase": Kind.TEXT,
    "at": Kind.TIME,
    "ended_at": Kind.TIME,
    "session_id": Kind.TEXT,
    "call_id": Kind.TEXT,
    "trace_id": Kind.TEXT,
    "span_id": Kind.TEXT,
    "parent_span_id": Kind.TEXT,
    "user_label": Kind.TEXT,
    "user_email": Kind.TEXT,
    "user_id": Kind.TEXT,
    "user_name": Kind.TEXT,
    "host": Kind.TEXT,
    "agent": Kind.TEXT,
    "agent_version": Kind.TEXT,
    "subagent_id": Kind.TEXT,
    "subagent_type": Kind.TEXT,
    "action": Kind.TEXT,
    "tool": Kind.TEXT,
    "mcp_server": Kind.TEXT,
    "permission_mode": Kind.TEXT,
    "prompt_id": Kind.TEXT,
    "cwd": Kind.TEXT,
    "outcome": Kind.TEXT,
    "error_type": Kind.TEXT,
    "exit_code": Kind.AS_IT_IS,
    "risk": Kind.AS_IT_IS,
    "decision": Kind.TEXT,
    "decided_by": Kind.TEXT,
    "threshold": Kind.AS_IT_IS,
    "reason": Kind.TEXT,
    "reasons": Kind.JSON,
    "not_covered": Kind.JSON,
    "policy_version": Kind.TEXT,
    "packs_version": Kind.TEXT,
    "client_verdict": Kind.JSON,
    "verdict_differs": Kind.AS_IT_IS,
    "has_pii": Kind.AS_IT_IS,
    "pii_types": Kind.JSON,
    "secret_types": Kind.JSON,
    "action_class": Kind.TEXT,
    "environment": Kind.TEXT,
    "privileged": Kind.AS_IT_IS,
    "data_flow": Kind.TEXT,
    "destination": Kind.TEXT,
    "signals": Kind.JSON,
    "summary": Kind.TEXT,
    "search": Kind.TEXT,
    "dialect": Kind.TEXT,
    "replayed": Kind.AS_IT_IS,
    "truncated": Kind.AS_IT_IS,
    "repo": Kind.TEXT,
}
_FINDING: Final[Mapping[str, Kind]] = {
    "rule_id": Kind.TEXT,
    "title": Kind.TEXT,
    "severity": Kind.AS_IT_IS,
    "location": Kind.TEXT,
    "excerpt": Kind.TEXT,
    "explanation": Kind.TEXT,
    "advice": Kind.TEXT,
    "pack": Kind.TEXT,
    "pii": Kind.TEXT,
    "secret": Kind.TEXT,
    "signal": Kind.TEXT,
    "sample": Kind.TEXT,
    "digest": Kind.TEXT,
    "count": Kind.AS_IT_IS,
    "tags": Kind.JSON,
    "confidence": Kind.TEXT,
}

COLUMNS = tuple(_EVENT)
"""Of `event`, but for `pk` and `profile`, which are known once it is stored."""
FINDING_COLUMNS = tuple(_FINDING)
"""Of `finding`, but for `pk` and `event_pk`."""
plain_event = PlainMaker.of(_EVENT.values())
plain_finding = PlainMaker.of(_FINDING.values())
