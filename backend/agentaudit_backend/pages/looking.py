"""Looking is recorded: who read a trail or took a report is a fact of the log like any other."""

from hashlib import sha256

from agentaudit_backend.pages.site import COOKIE, Visit
from agentaudit_processor import __version__
from agentaudit_processor.ids import trace_id_of
from agentaudit_processor.model import Action, Actor, EventKind, Fact

_SESSION = "agentaudit-dashboard"


def record_look(visit: Visit, what: str) -> None:
    """Note that somebody read `what`: one Event an hour, log-in and thing, however often."""
    login = sha256(visit.request.cookies.get(COOKIE, "").encode()).hexdigest()[:16]
    hour = visit.now.strftime("%Y-%m-%dT%H")
    _record(visit, EventKind.LOG_ACCESS, "LogAccess", f"{login}|{hour}|{what}", {"read": what})


def record_export(visit: Visit, what: str, *, report_id: str, sha256_hex: str, scope: str) -> None:
    """Note that somebody took `what` away, with the hash of the file."""
    data = {"export": what, "report": report_id, "sha256": sha256_hex, "scope": scope}
    _record(visit, EventKind.EXPORT, "Export", report_id, data)


def record_policy_change(visit: Visit, version: int, note: str, changes: dict[str, str]) -> None:
    """Note who changed the policy, why and how."""
    data = {"version": str(version), "note": note} | changes
    _record(visit, EventKind.POLICY_CHANGE, "PolicyChange", f"version {version}", data)


def _record(visit: Visit, kind: EventKind, name: str, fact_id: str, data: dict[str, str]) -> None:
    key = visit.session.key_prefix
    fact = Fact(
        fact_id=f"{kind}|{fact_id}",
        kind=kind,
        action=Action.CONFIG_CHANGE if kind is EventKind.POLICY_CHANGE else Action.OTHER,
        name=name,
        session_id=_SESSION,
        actor=Actor(agent_name="agentaudit", agent_version=__version__, user_id=f"key {key}…"),
        trace_id=trace_id_of(_SESSION),
        at_ns=int(visit.now.timestamp() * 1_000_000) * 1000,
        data=dict(data),
        dialect="agentaudit",
    )
    store = visit.site.store
    policy = store.policy(visit.organization_id)
    event = visit.site.judge.examine(fact, digest_key=policy.digest_key).event(policy)
    store.write(visit.organization_id, [event])
