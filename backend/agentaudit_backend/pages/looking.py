"""Looking is recorded: who read a trail or took a report is a fact of the log like any other."""

import time
from datetime import datetime
from hashlib import sha256

from agentaudit_backend.pages.site import Site, Visit
from agentaudit_backend.recording import record_own
from agentaudit_processor import __version__
from agentaudit_processor.ids import trace_id_of
from agentaudit_processor.model import Action, Actor, EventKind, Fact, Json

_SESSION = "agentaudit-dashboard"
_CHANGES = (EventKind.POLICY_CHANGE, EventKind.CONFIG_CHANGE)


def record_look(visit: Visit, what: str) -> None:
    """Note that somebody read `what`: one Event an hour, log-in and thing, however often."""
    login = _login_of(visit)
    hour = visit.now.strftime("%Y-%m-%dT%H")
    _record(visit, EventKind.LOG_ACCESS, "LogAccess", f"{login}|{hour}|{what}", {"read": what})


def record_export(visit: Visit, what: str, *, report_id: str, sha256_hex: str, scope: str) -> None:
    """Note that somebody took `what` away, with the hash of the file."""
    data = {"export": what, "report": report_id, "sha256": sha256_hex, "scope": scope}
    _record(visit, EventKind.EXPORT, "Export", report_id, data)


def record_login(visit: Visit, how: str) -> None:
    """Note that somebody has come in."""
    login = _login_of(visit)
    _record(visit, EventKind.LOG_ACCESS, "LogIn", f"in|{login}", {"how": how})


def record_logout(visit: Visit) -> None:
    """Note that somebody has left by themselves."""
    _record(visit, EventKind.LOG_ACCESS, "LogOut", f"out|{_login_of(visit)}", {})


def record_refused_login(site: Site, how: str) -> None:
    """Note that somebody tried to come in, once an hour: whoever tries more fills no log."""
    now = site.clock()
    fact = _fact(
        EventKind.LOG_ACCESS,
        "LogInRefused",
        f"refused|{how}|{now:%Y-%m-%dT%H}",
        {"how": how},
        person="nobody known",
        now=now,
    )
    _write(site, site.store.default_organization(), fact)


def record_key(visit: Visit, name: str, prefix: str) -> None:
    """Note that somebody made a key; its prefix tells which."""
    data = {"key": f"{prefix}…", "role": "ingest", "name": name}
    _record(visit, EventKind.CONFIG_CHANGE, "KeyCreated", prefix, data)


def record_change(visit: Visit, name: str, data: dict[str, Json]) -> None:
    """Note that an admin changed keys or people, in the server's own session."""
    record_own(
        visit.site.store,
        visit.site.judge,
        visit.organization_id,
        EventKind.CONFIG_CHANGE,
        name,
        author=visit.person,
        at_ns=time.time_ns(),
        data=data,
    )


def _login_of(visit: Visit) -> str:
    """A log-in's own mark, which tells nothing of its token."""
    return sha256(visit.token.encode("utf-8", "replace")).hexdigest()[:16]


def _record(visit: Visit, kind: EventKind, name: str, fact_id: str, data: dict[str, str]) -> None:
    fact = _fact(kind, name, fact_id, data, person=visit.person, now=visit.now)
    _write(visit.site, visit.organization_id, fact)


def _write(site: Site, organization_id: int, fact: Fact) -> None:
    policy = site.store.policy(organization_id)
    event = site.judge.examine(fact, digest_key=policy.digest_key).event(policy)
    site.store.write(organization_id, [event])


def _fact(
    kind: EventKind, name: str, fact_id: str, data: dict[str, str], *, person: str, now: datetime
) -> Fact:
    return Fact(
        fact_id=f"{kind}|{fact_id}",
        kind=kind,
        action=Action.CONFIG_CHANGE if kind in _CHANGES else Action.OTHER,
        name=name,
        session_id=_SESSION,
        actor=Actor(agent_name="agentaudit", agent_version=__version__, user_id=person),
        trace_id=trace_id_of(_SESSION),
        at_ns=int(now.timestamp() * 1_000_000) * 1000,
        data=dict(data),
        dialect="agentaudit",
    )
