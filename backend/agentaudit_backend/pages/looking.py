"""Looking is recorded: who read a trail or took a report is a fact of the log like any other."""

import time
from collections.abc import Mapping
from hashlib import sha256

from agentaudit_backend.pages.site import Site, Visit
from agentaudit_backend.recording import record_fact, record_own
from agentaudit_backend.store.own_facts import DASHBOARD, own_fact
from agentaudit_backend.store.values import to_nanoseconds
from agentaudit_processor.ids import event_id_of
from agentaudit_processor.model import EventKind, Fact, Json


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
    fact = _fact(
        site,
        EventKind.LOG_ACCESS,
        "LogInRefused",
        f"refused|{how}|{site.clock():%Y-%m-%dT%H}",
        {"how": how},
        person="nobody known",
    )
    record_fact(site.store, site.judge, site.store.default_organization(), fact)


def record_key(visit: Visit, name: str, prefix: str) -> None:
    """Note that somebody made a key; its prefix tells which."""
    data = {"key": f"{prefix}…", "role": "ingest", "name": name}
    _record(visit, EventKind.CONFIG_CHANGE, "KeyCreated", prefix, data)


def record_test(visit: Visit) -> str:
    """Have the server judge and store an Event that says no more than that it does; its id."""
    fact_id = f"test|{visit.now.isoformat()}|{_login_of(visit)}"
    data = {"sent_from": "the set-up page"}
    return _record(visit, EventKind.LOGGING_STATE, "TestEvent", fact_id, data)


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


def _record(
    visit: Visit, kind: EventKind, name: str, fact_id: str, data: Mapping[str, Json]
) -> str:
    """Keep the fact; the id of its Event."""
    fact = _fact(visit.site, kind, name, fact_id, data, person=visit.person)
    record_fact(visit.site.store, visit.site.judge, visit.organization_id, fact)
    return event_id_of(fact.session_id, fact.fact_id)


def _fact(
    site: Site, kind: EventKind, name: str, fact_id: str, data: Mapping[str, Json], *, person: str
) -> Fact:
    return own_fact(
        kind,
        name,
        author=person,
        at_ns=to_nanoseconds(site.clock()),
        data=dict(data),
        session_id=DASHBOARD,
        fact_id=fact_id,
    )
