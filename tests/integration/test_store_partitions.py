"""PostgreSQL: Events lie in the month of their arrival; months are dropped whole at their end."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from agentaudit_backend.store import partitions
from agentaudit_backend.store.database import reading, writing
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.partitions import (
    BEFORE,
    first_key,
    keys_of,
    name_of_month,
    names_of_partitions,
)
from agentaudit_backend.store.reading import events, figures, histogram, rollups, sessions
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import AuditEvent, RiskLevel
from agentaudit_processor.policy import LegalHold, Retention
from tests.support.audit_events import a_control_hit, a_finding, an_event
from tests.support.builders import a_request, a_tool_call, an_actor
from tests.support.postgres import PostgresServer
from tests.support.stores import a_store

pytestmark = pytest.mark.postgres
NOW = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
OLD = timedelta(days=100)
YOUNG = timedelta(days=1)
RETENTION = Retention(content_days=50, event_days=50)


@pytest.fixture
def store(postgres: PostgresServer) -> Iterator[Store]:
    with a_store(postgres.new_database()) as opened:
        yield opened


def a_call(number: int, age: timedelta, *, user: str = "alice@example.com") -> AuditEvent:
    at_ns = int((NOW - age).timestamp()) * 1_000_000_000
    call = a_tool_call(
        call_id=f"call-{number}",
        session_id=f"session-{number % 2}",
        actor=an_actor(user_email=user),
        started_ns=at_ns,
        ended_ns=at_ns + 1_000_000,
    )
    found = {"findings": (a_finding(),), "controls": (a_control_hit(),)}
    return an_event(call, risk=RiskLevel.HIGH, **found)


def write_as_of_before(store: Store, organization_id: int, made: Sequence[AuditEvent]) -> None:
    """Write `made`, and put it where an upgrade finds what was there: keys without a month."""
    store.write(organization_id, made)
    with writing(store._engine) as connection:
        for table, column in partitions.TABLES.items():
            least = f"{column} & {first_key(1) - 1}"
            connection.execute(text(f"UPDATE {table} SET {column} = {least}"))


def counts_by_table(connection: Connection, name: str) -> list[int]:
    tables = [f"{table}_{name}" for table in partitions.TABLES]
    return [connection.execute(text(f"SELECT count(*) FROM {one}")).scalar_one() for one in tables]


def names(store: Store) -> list[str]:
    with reading(store._engine) as connection:
        return names_of_partitions(connection)


def keep(store: Store, organization_id: int, retention: Retention) -> None:
    policy = replace(store.policy(organization_id), retention=retention)
    store.save_policy(organization_id, policy, author="test", note="")


def total(store: Store, organization_id: int) -> int:
    return store.stats(organization_id, EventFilter()).total


def test_an_event_and_what_hangs_on_it_lie_in_the_month_of_their_arrival(
    store: Store, organization_id: int
) -> None:
    with writing(store._engine) as connection:
        this = name_of_month(partitions.month_now(connection))

    store.write(organization_id, [a_call(0, OLD), a_call(1, YOUNG)])

    with reading(store._engine) as connection:
        assert [2, 2, 2] == counts_by_table(connection, this)
        assert [0, 0, 0] == counts_by_table(connection, BEFORE)


def test_the_tables_of_the_next_months_are_made_ahead(store: Store) -> None:
    store.make_ahead()

    store.make_ahead()

    assert BEFORE == names(store)[0]
    assert partitions.AHEAD + 1 == len(names(store)[1:])


def test_a_writer_makes_the_tables_of_a_month_that_nobody_made(
    store: Store, organization_id: int
) -> None:
    assert [BEFORE] == names(store)

    store.write(organization_id, [a_call(0, YOUNG)])

    assert 2 == len(names(store))
    assert 1 == total(store, organization_id)


def test_a_call_requested_in_the_last_month_but_one_is_completed_where_it_is(
    store: Store, organization_id: int
) -> None:
    ended = a_call(0, YOUNG).activity
    requested = a_request(call_id=ended.call_id, session_id=ended.session_id)
    write_as_of_before(store, organization_id, [an_event(requested)])

    store.write(organization_id, [a_call(0, YOUNG)])

    assert 1 == total(store, organization_id)
    with reading(store._engine) as connection:
        assert [1, 2, 1] == counts_by_table(connection, BEFORE)


def test_a_month_of_which_nothing_stays_is_dropped_and_figures_still_equal_lists(
    store: Store, organization_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_as_of_before(store, organization_id, [a_call(n, OLD) for n in range(5)])
    store.write(organization_id, [a_call(n, YOUNG) for n in range(5, 8)])
    keep(store, organization_id, RETENTION)

    purged = store.purge(organization_id, NOW)

    assert 5 == purged.events
    assert BEFORE not in names(store)
    by_hours = store.stats(organization_id, EventFilter())
    for module in (rollups, figures, histogram, events, sessions):
        monkeypatch.setattr(module, "is_rolled_up", lambda _where: False)
    assert by_hours == store.stats(organization_id, EventFilter())
    assert 3 == by_hours.total
    calls = {one.calls for one in store.sessions(organization_id, EventFilter(), limit=9).items}
    assert {1, 2} == calls


def test_a_month_with_an_event_that_is_held_or_too_young_is_not_dropped(
    store: Store, organization_id: int
) -> None:
    held = a_call(0, OLD, user="bob@example.com")
    write_as_of_before(store, organization_id, [held, a_call(1, OLD), a_call(2, YOUNG)])
    hold = LegalHold(id="case", owner="law", reason="asked", query="user:bob@example.com")
    keep(store, organization_id, replace(RETENTION, holds=(hold,)))

    purged = store.purge(organization_id, NOW)

    assert (1, 1) == (purged.events, purged.held)
    assert BEFORE in names(store)
    assert 2 == total(store, organization_id)


def test_counting_what_is_due_drops_nothing(store: Store, organization_id: int) -> None:
    write_as_of_before(store, organization_id, [a_call(0, OLD)])
    keep(store, organization_id, RETENTION)

    purged = store.purge(organization_id, NOW, dry_run=True)

    assert 1 == purged.events
    assert BEFORE in names(store)


@pytest.mark.parametrize("month", [0, 11, 12, 682, 683])
def test_the_keys_of_a_month_are_those_between_it_and_the_next(month: int) -> None:
    assert (first_key(month), first_key(month + 1)) == keys_of(name_of_month(month))
