"""The ledger in the store: every half of every Event has one leaf, and leaves never change."""

import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from agentaudit_backend.store.database import open_engine
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import RiskLevel
from tests.support.audit_events import (
    a_control_hit,
    a_finding,
    an_event,
    numbered_call,
    numbered_request,
)
from tests.support.builders import a_fact, a_tool_call
from tests.support.ledger import proven_envelopes

WRITER = textwrap.dedent("""
    import sys
    from agentaudit_backend.store.store import Store
    from tests.support.audit_events import an_event, numbered_call, numbered_request

    store = Store.open(sys.argv[1])
    organization_id = store.default_organization()
    for start in range(0, 100_000, 8):
        for make in (numbered_request, numbered_call):
            store.write(organization_id, [an_event(make(n)) for n in range(start, start + 8)])
            print(make.__name__, start, flush=True)
""")


def test_every_half_of_an_event_has_a_leaf_that_proves_it(
    store: Store, organization_id: int, database_url: str
) -> None:
    events = [an_event(numbered_request(n)) for n in range(30)]
    events += [an_event(numbered_call(n), findings=(a_finding(),)) for n in range(30)]
    events += [an_event(a_fact(fact_id=f"fact-{n}")) for n in range(5)]

    for start in range(0, len(events), 7):
        store.write(organization_id, events[start : start + 7])

    envelopes = proven_envelopes(database_url, organization_id)
    assert [event.event_id for event in events] == [envelope["id"] for envelope in envelopes]


def test_an_envelope_says_what_was_decided_but_names_nobody(
    store: Store, organization_id: int, database_url: str
) -> None:
    call = a_tool_call(arguments={"command": "cat /srv/hr/anna.csv"})
    event = an_event(
        call,
        risk=RiskLevel.HIGH,
        findings=(a_finding(),),
        controls=(a_control_hit(),),
        summary="cat /srv/hr/anna.csv",
    )

    store.write(organization_id, [event])

    (envelope,) = proven_envelopes(database_url, organization_id)
    said = {name: envelope[name] for name in ("kind", "tool", "risk_level", "decision", "outcome")}
    assert {
        "kind": "tool_call",
        "tool": "Bash",
        "risk_level": "high",
        "decision": "allow",
        "outcome": "success",
    } == said
    assert (["pii.email"], ["email"]) == (envelope["rule_ids"], envelope["pii_types"])
    written = str(envelope)
    for name in ("alice", "lap-7", "session-1", "anna", "claude-code", "/home"):
        assert name not in written


def test_the_same_person_has_one_pseudonym_and_never_the_same_commitment(
    store: Store, organization_id: int, database_url: str
) -> None:
    store.write(organization_id, [an_event(numbered_call(1))])
    store.write(organization_id, [an_event(numbered_call(2))])

    first, second = proven_envelopes(database_url, organization_id)

    assert first["user_ref"] == second["user_ref"]
    assert first["slots"]["user"] != second["slots"]["user"]
    assert first["nonce"] != second["nonce"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_leaf SET envelope = :bytes",
        "UPDATE ledger_leaf SET seq = seq + 1",
        "UPDATE policy SET note = 'never mind'",
        "DELETE FROM ledger_leaf",
        "DELETE FROM policy WHERE version = 1",
    ],
)
def test_the_database_itself_refuses_to_change_what_is_append_only(
    store: Store, organization_id: int, database_url: str, change: str
) -> None:
    store.write(organization_id, [an_event()])
    engine = open_engine(database_url)

    with pytest.raises(DBAPIError, match=r"never change|are kept"), engine.begin() as connection:
        connection.execute(text(change), {"bytes": b"{}"} if ":bytes" in change else {})

    engine.dispose()


def test_a_changed_leaf_does_not_pass(
    store: Store, organization_id: int, database_url: str
) -> None:
    """Guards the check that the tests above trust."""
    store.write(organization_id, [an_event(), an_event(a_fact())])
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE event_content SET slots = replace(slots, 'echo', 'rm')"))
    engine.dispose()

    with pytest.raises(AssertionError):
        proven_envelopes(database_url, organization_id)


def test_killing_the_writer_at_any_moment_leaves_a_whole_ledger(
    store: Store, organization_id: int, database_url: str
) -> None:
    """Four writers, each killed with SIGKILL; what one had acknowledged must be there."""
    chance = random.Random(7)
    acknowledged: set[tuple[str, int]] = set()
    for _ in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, database_url], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        acknowledged.add(_read(writer.stdout.readline()))
        time.sleep(chance.uniform(0.05, 0.5))
        writer.send_signal(signal.SIGKILL)
        lines = writer.communicate()[0].splitlines(keepends=True)
        acknowledged |= {_read(line) for line in lines if line.endswith("\n")}

    envelopes = proven_envelopes(database_url, organization_id)

    known = {(envelope["id"], envelope["phase"]) for envelope in envelopes}
    made = {"numbered_request": numbered_request, "numbered_call": numbered_call}
    for name, start in acknowledged:
        for number in range(start, start + 8):
            call = made[name](number)
            assert (an_event(call).event_id, call.phase.value) in known
    counted = sum(s.calls for s in store.sessions(organization_id, EventFilter(), limit=200).items)
    assert store.list_events(organization_id, EventFilter()).total == counted


def _read(line: str) -> tuple[str, int]:
    name, start = line.split()
    return name, int(start)
