"""Looking is recorded: who read a trail or took a report is a fact of the log like any other."""

from hashlib import sha256

from agentaudit_backend.pages.site import COOKIE, Visit
from agentaudit_processor import __version__
from agentaudit_processor.ids import trace_id_of
from agentaudit_processor.model import Action, Actor, EventKind, Fact

_SESSION = "agentaudit-dashboard"
_CHANGES = (EventKind.POLICY_CHANGE, EventKind.CONFIG_CHANGE)


def record_look(visit: Visit, what: str) -> None:
    """Note that somebody read `what`: one Event an hour, log-in and thing, however often."""
    login = sha256(visit.request.cookies.get(COOKIE, "").encode()).hexdigest()[:16]
    hour = visit.now.strftime("%Y-%m-%dT%H")
    _record(visit, EventKind.LOG_ACCESS, "LogAccess", f"{login}|{hour}|{what}", {"read": what})


def record_export(visit: Visit, what: str, *, report_id: str, sha256_hex: str, scope: str) -> None:
    """Note that somebody took `what` away, with the hash of the file."""
    data = {"export": what, "report": report_id, "sha256": sha256_hex, "scope": scope}
    _record(visit, EventKind.EXPORT, "Export", report_id, data)


def record_key(visit: Visit, name: str, prefix: str) -> None:
    """Note that somebody made a key; its prefix tells which."""
    data = {"key": f"{prefix}…", "role": "ingest", "name": name}
    _record(visit, EventKind.CONFIG_CHANGE, "KeyCreated", prefix, data)


def _record(visit: Visit, kind: EventKind, name: str, fact_id: str, data: dict[str, str]) -> None:
    store = visit.site.store
    policy = store.policy(visit.organization_id)
    fact = _fact(visit, kind, name, fact_id, data)
    event = visit.site.judge.examine(fact, digest_key=policy.digest_key).event(policy)
    store.write(visit.organization_id, [event])


def _fact(visit: Visit, kind: EventKind, name: str, fact_id: str, data: dict[str, str]) -> Fact:
    return Fact(
        fact_id=f"{kind}|{fact_id}",
        kind=kind,
        action=Action.CONFIG_CHANGE if kind in _CHANGES else Action.OTHER,
        name=name,
        session_id=_SESSION,
        actor=Actor(agent_name="agentaudit", agent_version=__version__, user_id=visit.person),
        trace_id=trace_id_of(_SESSION),
        at_ns=int(visit.now.timestamp() * 1_000_000) * 1000,
        data=dict(data),
        dialect="agentaudit",
    )
