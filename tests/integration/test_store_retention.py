"""What is removed at the end of its time, what stays, and that figures still equal lists."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from agentaudit_backend.store.database import reading
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading import events, figures, histogram, rollups, sessions
from agentaudit_backend.store.store import Store
from agentaudit_backend.store.tables import LedgerHead, LedgerLeaf, SQLModel, table_of
from agentaudit_processor.model import AuditEvent, RiskLevel
from agentaudit_processor.policy import LegalHold, Retention
from agentaudit_processor.policy_values import PolicyError
from tests.support.audit_events import a_control_hit, a_finding, an_event
from tests.support.builders import a_tool_call, an_actor

NOW = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
CANARY = "quaggaMisu"
SHORT = Retention(content_days=2, event_days=5)
DAYS = range(8)


def a_call_of(days: int, *, session: str = "", user: str = "alice@example.com") -> AuditEvent:
    """A call so many days before NOW, with a word of its own in every text."""
    at = NOW - timedelta(days=days, hours=1)
    at_ns = int(at.timestamp()) * 1_000_000_000
    word = f"{CANARY}{days}"
    call = a_tool_call(
        call_id=f"call-{days}-{user}",
        session_id=session or f"session-{days}",
        actor=an_actor(user_email=user),
        started_ns=at_ns,
        ended_ns=at_ns + 1_000_000,
        arguments={"command": f"cat {word}"},
        result={"stdout": word},
        cwd=f"/home/{word}",
    )
    finding = a_finding(excerpt=word, sample=word)
    return an_event(
        call,
        summary=f"cat {word}",
        risk=RiskLevel.HIGH,
        findings=(finding,),
        controls=(a_control_hit(),),
        reasons=("Reads what is not its own.",),
    )


def of_bob(days: int) -> AuditEvent:
    return a_call_of(days, session="long", user="bob@example.com")


@pytest.fixture
def full(store: Store, organization_id: int) -> Store:
    """A call of each of the last eight days, two people's, and one session that spans them."""
    made = [a_call_of(days) for days in DAYS]
    made += [of_bob(days) for days in DAYS]
    store.write(organization_id, made)
    return store


def keep(store: Store, organization_id: int, retention: Retention) -> None:
    policy = replace(store.policy(organization_id), retention=retention)
    store.save_policy(organization_id, policy, author="test", note="")


def told(store: Store) -> str:
    """Every value of every table."""
    with reading(store._engine) as connection:
        return "\n".join(
            repr(tuple(row))
            for table in SQLModel.metadata.sorted_tables
            for row in connection.execute(select(table))
        )


def listed(store: Store, organization_id: int) -> Sequence[Any]:
    return store.list_events(organization_id, EventFilter(), limit=100).items


def test_content_is_in_no_table_after_its_time(full: Store, organization_id: int) -> None:
    keep(full, organization_id, SHORT)

    purged = full.purge(organization_id, NOW)

    assert (2 * 3, 2 * 3) == (purged.contents, purged.events)
    words = {days: f"{CANARY}{days}" in told(full) for days in DAYS}
    assert {days: days < 2 for days in DAYS} == words


def test_an_event_without_content_still_tells_what_it_was_and_why(
    full: Store, organization_id: int
) -> None:
    keep(full, organization_id, SHORT)
    full.purge(organization_id, NOW)
    event_id = a_call_of(3).event_id

    event = full.event(organization_id, event_id)

    assert event is not None
    assert event.content_removed
    assert ("Bash", RiskLevel.HIGH, "alice@example.com") == (
        event.row.summary,
        event.row.risk,
        event.row.user,
    )
    assert ("Reads what is not its own.",) == event.verdict.reasons
    assert (None, None, {}) == (event.arguments, event.result, event.extra)
    assert 1 == len(event.controls) == len(event.findings)


def test_what_is_not_due_keeps_its_content(full: Store, organization_id: int) -> None:
    keep(full, organization_id, SHORT)
    full.purge(organization_id, NOW)

    event = full.event(organization_id, a_call_of(1).event_id)

    assert event is not None
    assert not event.content_removed
    assert {"command": f"cat {CANARY}1"} == event.arguments


def test_figures_equal_lists_after_a_purge(
    full: Store, organization_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(full, organization_id, SHORT)
    full.purge(organization_id, NOW)
    by_hours = full.stats(organization_id, EventFilter())
    for module in (rollups, figures, histogram, events, sessions):
        monkeypatch.setattr(module, "is_rolled_up", lambda _where: False)

    by_events = full.stats(organization_id, EventFilter())

    assert by_events == by_hours
    assert 10 == by_events.total == len(listed(full, organization_id))


def test_a_session_counts_what_is_left_and_goes_with_its_last_event(
    full: Store, organization_id: int
) -> None:
    keep(full, organization_id, SHORT)

    full.purge(organization_id, NOW)

    rows = full.sessions(organization_id, EventFilter(), limit=50).items
    calls = {row.session_id: (row.calls, row.by_risk[RiskLevel.HIGH]) for row in rows}
    assert {"long": (5, 5), **{f"session-{days}": (1, 1) for days in range(5)}} == calls


def test_a_hold_keeps_events_and_their_content(full: Store, organization_id: int) -> None:
    hold = LegalHold(id="case", owner="legal", reason="dispute", query="user:bob@example.com")
    keep(full, organization_id, replace(SHORT, holds=(hold,)))

    purged = full.purge(organization_id, NOW)

    assert (3, 3, 6) == (purged.contents, purged.events, purged.held)
    oldest = full.event(organization_id, of_bob(7).event_id)
    assert oldest is not None
    assert not oldest.content_removed
    assert full.event(organization_id, a_call_of(7).event_id) is None


def test_a_hold_without_a_query_keeps_everything(full: Store, organization_id: int) -> None:
    hold = LegalHold(id="case", owner="legal", reason="dispute")
    keep(full, organization_id, replace(SHORT, holds=(hold,)))

    purged = full.purge(organization_id, NOW)

    assert (0, 0, 12) == (purged.contents, purged.events, purged.held)


def test_a_dry_run_counts_the_same_and_removes_nothing(full: Store, organization_id: int) -> None:
    keep(full, organization_id, SHORT)
    before = told(full)

    supposed = full.purge(organization_id, NOW, dry_run=True)

    assert before == told(full)
    assert supposed == full.purge(organization_id, NOW)


def test_a_second_run_finds_nothing_left_to_do(full: Store, organization_id: int) -> None:
    keep(full, organization_id, SHORT)
    full.purge(organization_id, NOW)

    again = full.purge(organization_id, NOW)

    assert (0, 0) == (again.contents, again.events)


def test_for_ever_is_for_ever(full: Store, organization_id: int) -> None:
    keep(full, organization_id, Retention(content_days=None, event_days=None))

    purged = full.purge(organization_id, NOW + timedelta(days=36_500))

    assert (0, 0, None) == (purged.contents, purged.events, purged.events_before)
    assert 16 == len(listed(full, organization_id))


def test_the_ledger_keeps_its_leaves(full: Store, organization_id: int) -> None:
    keep(full, organization_id, SHORT)

    full.purge(organization_id, NOW)

    with reading(full._engine) as connection:
        leaves = connection.execute(select(table_of(LedgerLeaf))).all()
        head = connection.execute(select(table_of(LedgerHead))).one()
    assert 16 == len(leaves) == head.size


def test_what_was_removed_does_not_come_back_when_it_is_sent_again(
    full: Store, organization_id: int
) -> None:
    keep(full, organization_id, SHORT)
    full.purge(organization_id, NOW)
    before = told(full)

    full.write(organization_id, [a_call_of(days) for days in DAYS])

    assert before == told(full)


def test_a_hold_that_means_nothing_is_refused_when_it_is_saved(
    store: Store, organization_id: int
) -> None:
    hold = LegalHold(id="case", owner="legal", reason="dispute", query="usr:bob")

    with pytest.raises(PolicyError, match=r"retention\.holds\[0\]\.query: unknown field"):
        store.change_policy(
            organization_id,
            lambda policy: replace(policy, retention=Retention(holds=(hold,))),
            lambda _before, _after: an_event(),
            author="test",
            note="",
        )

    assert () == store.policy(organization_id).retention.holds
