"""Hours that are counted beforehand give the same figures as looking at every Event."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading import events, figures, histogram, rollups, sessions
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import Action, AuditEvent, Decision, EventKind, RiskLevel
from tests.support.audit_events import a_control_hit, a_finding, an_event
from tests.support.builders import a_fact, a_request, a_tool_call, an_actor

START = datetime(2026, 9, 21, 22, 30, tzinfo=UTC)
DAYS = 4
USERS = ("alice@example.com", "bob@example.com", "Änne@example.com", " ")
ACTIONS = (Action.SHELL_COMMAND, Action.FILE_READ)
FILTERS = 60
CONTROLS = (a_control_hit(), a_control_hit(kind="attention"), a_control_hit(framework="soc2"))


def an_event_of(dice: random.Random, number: int) -> AuditEvent:
    at = START + timedelta(seconds=dice.randrange(DAYS * 86_400))
    if dice.random() < 0.2:
        at = at.replace(minute=0, second=0)  # on the edge of an hour
    at_ns = int(at.timestamp()) * 1_000_000_000
    actor = an_actor(
        user_email=dice.choice(USERS),
        agent_name=dice.choice(("claude-code", "codex")),
        host_name=dice.choice(("lap-1", "lap-2", None)),
    )
    if dice.random() < 0.1:
        return an_event(a_fact(fact_id=str(number), actor=actor, at_ns=at_ns))
    make: Any = dice.choice((a_tool_call, a_request))
    call = make(
        call_id=str(number),
        session_id=f"session-{dice.randrange(9)}",
        actor=actor,
        action=dice.choice(ACTIONS),
        started_ns=at_ns,
    )
    return an_event(
        call,
        risk=dice.choice(list(RiskLevel)),
        decision=dice.choice((Decision.ALLOW, Decision.BLOCK, Decision.DENIED)),
        findings=tuple(
            a_finding(rule_id=rule, pii=pii)
            for rule, pii in (("destructive.delete", None), ("pii.email", "email"))
            if dice.random() < 0.3
        ),
        controls=tuple(hit for hit in CONTROLS if dice.random() < 0.3),
    )


def a_filter(dice: random.Random) -> EventFilter:
    def some(values: Any) -> tuple[Any, ...]:
        return tuple(dice.sample(list(values), dice.randint(1, 2))) if dice.random() < 0.3 else ()

    def a_moment() -> datetime | None:
        at = START + timedelta(seconds=dice.randrange(-7200, DAYS * 86_400 + 7200))
        return dice.choice((None, at, at, at.replace(minute=0, second=0), at.replace(hour=0)))

    since, until = a_moment(), a_moment()
    if since and until and until < since:
        since, until = until, since
    return EventFilter(
        since=since,
        until=until,
        risks=some(RiskLevel),
        actions=some(ACTIONS),
        decisions=some((Decision.ALLOW, Decision.BLOCK)),
        users=some(USERS),
        agents=some(("codex", "claude-code")),
        kinds=some((EventKind.TOOL_CALL, EventKind.SESSION)),
        pii=dice.choice((None, None, True, False)),
    )


@pytest.fixture
def many(store: Store, organization_id: int) -> Store:
    """Events of four days, half of the requests completed later, so that their sort changed."""
    dice = random.Random(5)
    made = [an_event_of(dice, number) for number in range(400)]
    store.write(organization_id, made)
    ends = [an_event_of(random.Random(number), number) for number in range(0, 400, 3)]
    store.write(organization_id, ends)
    return store


def everything(store: Store, organization_id: int, where: EventFilter) -> dict[str, Any]:
    stats = store.stats(organization_id, where)
    listed = store.list_events(organization_id, where, limit=25)
    return {
        "stats": stats,
        "agents": store.counts_by(organization_id, where, "agent"),
        "facets": store.facets(organization_id, where),
        "sessions": store.sessions(organization_id, where, limit=5),
        "histogram": store.histogram(organization_id, where),
        "list": (listed.items, listed.total, listed.newer, listed.older),
        "bars": sum(sum(bar.by_risk.values()) for bar in stats.over_time.buckets),
    }


def test_the_hours_say_what_the_events_say_under_any_filter(
    many: Store, organization_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(11)
    filters = [a_filter(dice) for _ in range(FILTERS)]
    by_hours = [everything(many, organization_id, where) for where in filters]
    for module in (rollups, figures, histogram, events, sessions):
        monkeypatch.setattr(module, "is_rolled_up", lambda _where: False)

    by_events = [everything(many, organization_id, where) for where in filters]

    assert by_events == by_hours
    assert 40 < len([each for each in by_events if each["stats"].total])
    for each in by_events:
        total = each["stats"].total
        assert (total, total) == (each["bars"], each["list"][1])
        assert total == sum(Counter(each["stats"].by_risk).values())


def test_the_figures_read_no_event_of_the_hours_that_are_counted(
    many: Store, organization_id: int
) -> None:
    where = EventFilter(since=START, until=START + timedelta(days=3))

    sql = str(rollups.tallies(organization_id, where).compile())

    assert 2 == sql.count("FROM event \n")  # the pieces of an hour at both ends
    assert 2 == sql.count("FROM rollup_hour")  # the hours of a day at both ends
    assert 1 == sql.count("FROM rollup_day")


def test_what_was_met_is_counted_as_the_events_tell_it_under_any_filter(
    many: Store, organization_id: int
) -> None:
    dice = random.Random(23)
    filters = [EventFilter(), *(a_filter(dice) for _ in range(FILTERS))]

    told = [many.stats(organization_id, where) for where in filters]

    for where, stats in zip(filters, told, strict=True):
        events = list(many.walk(organization_id, where))
        rules = Counter(rule for e in events for rule in {f.rule_id for f in e.findings})
        kinds = Counter(pii for e in events for pii in e.row.pii_types)
        met = Counter((hit.framework, hit.control, hit.title) for e in events for hit in e.controls)
        assert rules == {each.value: each.count for each in stats.top_rules}
        assert kinds == {each.value: each.count for each in stats.by_pii_type}
        assert met == {
            (each.framework, each.control, each.title): each.evidence + each.attention
            for each in stats.controls
        }


def test_each_value_of_a_facet_holds_as_many_events_as_it_says(
    many: Store, organization_id: int
) -> None:
    dice = random.Random(29)
    names = {
        "tool": "tools",
        "host": "hosts",
        "rule": "rules",
        "framework": "frameworks",
        "user": "users",
    }
    for where in [EventFilter(), *(a_filter(dice) for _ in range(8))]:
        found = many.facets(organization_id, where)

        for facet, field in names.items():
            for each in found[facet][:4]:
                only = replace(where, **{field: (each.value,)})
                rows = many.list_events(organization_id, only, limit=1000)

                assert each.count == rows.total == len(rows.items)


def test_pages_of_a_narrow_filter_hold_each_event_once_and_in_order(
    many: Store, organization_id: int
) -> None:
    dice = random.Random(31)
    for where in (a_filter(dice) for _ in range(FILTERS)):
        expected = [event.row.event_id for event in many.walk(organization_id, where)]

        page = many.list_events(organization_id, where, limit=7)
        older = [row.event_id for row in page.items]
        while page.older:
            page = many.list_events(organization_id, where, limit=7, cursor=page.older)
            older += [row.event_id for row in page.items]
        newer = [row.event_id for row in page.items]
        while page.newer:
            page = many.list_events(organization_id, where, limit=7, cursor=page.newer)
            newer[:0] = [row.event_id for row in page.items]

        assert expected == older
        assert expected == newer
