"""Reading Events: one filter, and every list, count, facet and figure under it agrees."""

import json
import random
from base64 import urlsafe_b64encode
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from sqlalchemy import text

from agentaudit_backend.store.database import open_engine
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.queries import BadCursor, Sort
from agentaudit_backend.store.reading import sessions
from agentaudit_backend.store.store import Store
from agentaudit_backend.store.views import EventRow
from agentaudit_processor.model import Action, AuditEvent, Decision, EventKind, Phase, RiskLevel
from tests.support.audit_events import a_control_hit, a_finding, an_event, numbered_call
from tests.support.audit_events import numbered_request as numbered_asked
from tests.support.builders import a_fact, a_request, a_tool_call, an_actor

COUNT = 60
START = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
USERS = ("alice@example.com", "bob@example.com", "Änne@example.com")
SUMMARIES = ("pytest -q", "DELETE FROM users", "Größe 100%_done", "cat .env")
ACTIONS = (Action.SHELL_COMMAND, Action.FILE_READ, Action.CONNECTOR_ACCESS)

FILTERS = {
    "nothing": EventFilter(),
    "since": EventFilter(since=START + timedelta(minutes=20)),
    "until": EventFilter(until=START + timedelta(minutes=20)),
    "between": EventFilter(
        since=START + timedelta(minutes=7), until=START + timedelta(minutes=31, seconds=3)
    ),
    "one risk": EventFilter(risks=(RiskLevel.HIGH,)),
    "two risks": EventFilter(risks=(RiskLevel.HIGH, RiskLevel.CRITICAL)),
    "action": EventFilter(actions=(Action.FILE_READ,)),
    "decision": EventFilter(decisions=(Decision.BLOCK,)),
    "user": EventFilter(users=("Änne@example.com",)),
    "agent": EventFilter(agents=("codex",)),
    "session": EventFilter(sessions=("session-1", "session-3")),
    "tool": EventFilter(tools=("Read",)),
    "kind": EventFilter(kinds=(EventKind.SESSION,)),
    "with pii": EventFilter(pii=True),
    "without pii": EventFilter(pii=False),
    "words": EventFilter(words=("users", "delete")),
    "words of another alphabet": EventFilter(words=("GRÖßE",)),
    "signs that LIKE knows": EventFilter(words=("100%_",)),
    "all together": EventFilter(
        since=START,
        risks=(RiskLevel.LOW, RiskLevel.HIGH),
        pii=False,
        users=USERS[:2],
        words=("cat",),
    ),
    "nobody": EventFilter(users=("nobody",)),
}


@cache
def an_event_of_many(number: int) -> AuditEvent:
    """Events that differ in everything one can filter by."""
    chance = random.Random(number)
    if number % 10 == 0:
        at_ns = numbered_call(number).started_ns
        return an_event(a_fact(fact_id=str(number), session_id="session-0", at_ns=at_ns))
    make: Any = numbered_asked if number % 7 == 0 else numbered_call
    call = make(
        number,
        actor=an_actor(
            user_email=chance.choice(USERS), agent_name=chance.choice(("claude-code", "codex"))
        ),
        action=chance.choice(ACTIONS),
        tool_name=chance.choice(("Bash", "Read")),
        replayed=chance.random() < 0.2,
    )
    found = (a_finding(), a_finding(rule_id="secrets.key", pii=None, secret="key"))
    return an_event(
        call,
        risk=chance.choice(list(RiskLevel)),
        decision=chance.choice((Decision.ALLOW, Decision.BLOCK)),
        summary=chance.choice(SUMMARIES),
        findings=found[: chance.randrange(3)],
        controls=(a_control_hit(kind=chance.choice(("evidence", "attention"))),),
    )


@pytest.fixture(scope="module")
def many(shared_store: Store) -> Store:
    """A store with `COUNT` Events, for tests that only read."""
    return filled(shared_store)


def filled(store: Store) -> Store:
    """`store` with `COUNT` Events, written in an order of their own."""
    events = [an_event_of_many(number) for number in range(COUNT)]
    random.Random(1).shuffle(events)
    for start in range(0, COUNT, 13):
        store.write(store.default_organization(), events[start : start + 13])
    return store


@pytest.fixture
def organization_id() -> int:
    return 1


def numbered_by_hook(call_id: str, sequence: int | None, make: Any = a_tool_call) -> AuditEvent:
    return an_event(make(call_id=call_id, session_id="numbered", client_sequence=sequence))


@pytest.mark.parametrize(
    ("arrived", "missing"),
    [
        ([1, 2, 3], []),
        ([3, 1, 2], []),
        ([1, None, 2], []),
        ([2, 3], [(1, 1)]),
        ([1, 2, 5, 6, 8], [(3, 4), (7, 7)]),
        ([1, 2**60], []),
        ([], []),
    ],
)
def test_a_sessions_missing_records_are_known_by_their_numbers(
    store: Store, arrived: list[int | None], missing: list[tuple[int, int]]
) -> None:
    events = [numbered_by_hook(str(at), number) for at, number in enumerate(arrived)]
    store.write(1, [*events, an_event(a_tool_call(call_id="x", client_sequence=40))])

    found = store.missing_records(1, "numbered")

    assert missing == [(gap.first, gap.last) for gap in found]


def test_both_records_of_a_call_have_their_number(store: Store) -> None:
    store.write(1, [numbered_by_hook("a", 1, a_request), numbered_by_hook("b", 2, a_request)])
    store.write(1, [numbered_by_hook("b", 4)])

    found = store.missing_records(1, "numbered")

    assert [(3, 3)] == [(gap.first, gap.last) for gap in found]


def expected(where: EventFilter) -> list[AuditEvent]:
    """What the filter means, said a second time in Python."""
    return [event for number in range(COUNT) if fits(event := an_event_of_many(number), where)]


def fits(event: AuditEvent, where: EventFilter) -> bool:
    activity: Any = event.activity
    is_fact = event.kind is EventKind.SESSION
    started_ns = activity.at_ns if is_fact else activity.started_ns
    at = datetime.fromtimestamp(started_ns / 1e9, UTC)
    summary = event.summary.casefold()
    tool = activity.name if is_fact else activity.tool_name
    return (
        (where.since is None or at >= where.since)
        and (where.until is None or at < where.until)
        and (not where.risks or event.verdict.risk_level in where.risks)
        and (not where.actions or activity.action in where.actions)
        and (not where.decisions or event.verdict.decision in where.decisions)
        and (not where.users or activity.actor.label in where.users)
        and (not where.agents or activity.actor.agent_name in where.agents)
        and (not where.sessions or activity.session_id in where.sessions)
        and (not where.tools or tool in where.tools)
        and (not where.kinds or event.kind in where.kinds)
        and (where.pii is None or bool(event.pii_types) is where.pii)
        and all(word.casefold() in summary for word in where.words)
    )


def all_rows(
    store: Store, organization_id: int, where: EventFilter, *, sort: Sort = "-time", limit: int = 7
) -> list[EventRow]:
    """Every page in turn, from the first to the last."""
    rows: list[EventRow] = []
    cursor: str | None = None
    while True:
        page = store.list_events(organization_id, where, cursor=cursor, limit=limit, sort=sort)
        rows += page.items
        cursor = page.older
        if cursor is None:
            return rows


@pytest.mark.parametrize("name", FILTERS)
def test_list_counts_stats_facets_and_histogram_agree(
    many: Store, organization_id: int, name: str
) -> None:
    where = FILTERS[name]
    events = expected(where)
    ids = {event.event_id for event in events}

    rows = all_rows(many, organization_id, where)
    stats = many.stats(organization_id, where)

    assert ids == {row.event_id for row in rows}
    assert len(ids) == len(rows) == many.list_events(organization_id, where).total == stats.total
    assert Counter(event.verdict.risk_level for event in events) == Counter(stats.by_risk)
    assert len(rows) == sum(stats.by_risk.values())
    assert len(rows) == sum(n for bar in stats.over_time.buckets for n in bar.by_risk.values())
    assert many.histogram(organization_id, where) == stats.over_time
    assert sum(bool(event.pii_types) for event in events) == stats.with_pii
    assert sum(bool(event.secret_types) for event in events) == stats.with_secrets
    assert sum(event.verdict.decision is Decision.BLOCK for event in events) == stats.blocked
    assert len({row.user for row in rows}) == stats.users
    assert len({row.session_id for row in rows}) == stats.sessions
    assert sum(row.kind is EventKind.TOOL_CALL for row in rows) == stats.tool_calls
    pending = [r for r in rows if r.kind is EventKind.TOOL_CALL and r.phase is Phase.REQUESTED]
    assert len(pending) == stats.unfinished
    hits = Counter(hit.kind for event in events for hit in event.controls)
    counted = {"evidence": 0, "attention": 0}
    for control in stats.controls:
        counted["evidence"] += control.evidence
        counted["attention"] += control.attention
    assert {"evidence": hits["evidence"], "attention": hits["attention"]} == counted
    rules = Counter(f.rule_id for event in events for f in event.findings)
    assert rules == Counter({c.value: c.count for c in stats.top_rules})


@pytest.mark.parametrize("name", FILTERS)
def test_a_facet_counts_what_choosing_it_would_show(
    many: Store, organization_id: int, name: str
) -> None:
    where = FILTERS[name]

    facets = many.facets(organization_id, where)

    for facet, choose in {
        "risk": lambda value: {"risks": (RiskLevel.parse(value),)},
        "action": lambda value: {"actions": (Action(value),)},
        "decision": lambda value: {"decisions": (Decision(value),)},
        "user": lambda value: {"users": (value,)},
        "agent": lambda value: {"agents": (value,)},
        "pii": lambda value: {"pii": value == "true"},
    }.items():
        for counted in facets[facet]:
            chosen = EventFilter(**{**_fields(where), **choose(counted.value)})
            assert len(expected(chosen)) == counted.count, (facet, counted)


def _fields(where: EventFilter) -> dict[str, Any]:
    return {name: getattr(where, name) for name in EventFilter.__slots__}


@pytest.mark.parametrize("sort", ["-time", "time", "-risk"])
@pytest.mark.parametrize("limit", [1, 7, 100])
def test_pages_hold_every_event_once_in_order(
    many: Store, organization_id: int, sort: Sort, limit: int
) -> None:
    rows = all_rows(many, organization_id, EventFilter(), sort=sort, limit=limit)

    key = {
        "-time": lambda row: -row.at.timestamp(),
        "time": lambda row: row.at.timestamp(),
        "-risk": lambda row: (-row.risk, -row.at.timestamp()),
    }[sort]
    assert COUNT == len({row.event_id for row in rows})
    assert sorted(rows, key=key) == rows


def test_going_back_leads_over_the_same_pages(many: Store, organization_id: int) -> None:
    where = EventFilter()
    pages = [many.list_events(organization_id, where, limit=13)]
    while pages[-1].older:
        pages.append(many.list_events(organization_id, where, limit=13, cursor=pages[-1].older))

    back = [pages[-1]]
    while back[0].newer:
        back.insert(0, many.list_events(organization_id, where, limit=13, cursor=back[0].newer))

    assert [page.items for page in pages[:-1]] == [page.items for page in back[-len(pages) : -1]]
    assert None is pages[0].newer
    assert None is back[0].newer


def test_rows_that_arrive_between_pages_shift_nothing(store: Store, organization_id: int) -> None:
    many = filled(store)
    first = many.list_events(organization_id, EventFilter(), limit=20)
    expected_next = many.list_events(organization_id, EventFilter(), limit=20, cursor=first.older)

    many.write(organization_id, [an_event(numbered_call(n)) for n in range(1000, 1040)])

    shown = many.list_events(organization_id, EventFilter(), limit=20, cursor=first.older)
    assert expected_next.items == shown.items
    newer = many.list_events(organization_id, EventFilter(), limit=20, cursor=shown.newer)
    assert first.items == newer.items
    assert None is not newer.newer


def test_skipping_leads_to_the_same_events_as_turning_pages(
    many: Store, organization_id: int
) -> None:
    rows = all_rows(many, organization_id, EventFilter())

    page = many.list_events(organization_id, EventFilter(), offset=15, limit=5)

    assert tuple(rows[15:20]) == page.items


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "é", "W10", "bnVsbA", "WyItdGltZSIsZmFsc2UsMV0", "A" * 1000, "[]", "WzFd", "\x00"],
)
def test_a_cursor_that_is_none_of_ours_is_refused(
    many: Store, organization_id: int, cursor: str
) -> None:
    if not cursor:
        assert many.list_events(organization_id, EventFilter(), cursor=cursor).items
        return

    with pytest.raises(BadCursor):
        many.list_events(organization_id, EventFilter(), cursor=cursor)


@pytest.mark.parametrize("place", [[2**61, 1, 1], [-1, 1, 1], [1, -(2**61), 1], [1, 1.5, 1]])
def test_a_forged_cursor_breaks_no_database(
    many: Store, organization_id: int, place: list[float]
) -> None:
    forged = urlsafe_b64encode(json.dumps(["-risk", False, *place]).encode()).decode()

    with pytest.raises(BadCursor):
        many.list_events(organization_id, EventFilter(), cursor=forged, sort="-risk")


def test_a_cursor_of_another_order_is_refused(many: Store, organization_id: int) -> None:
    older = many.list_events(organization_id, EventFilter(), limit=5).older

    with pytest.raises(BadCursor):
        many.list_events(organization_id, EventFilter(), cursor=older, sort="-risk")


def test_a_trail_is_the_whole_session_oldest_first(many: Store, organization_id: int) -> None:
    rows: list[EventRow] = []
    cursor: str | None = None
    while not rows or cursor:
        page = many.session_trail(organization_id, "session-2", cursor=cursor, limit=4)
        rows, cursor = [*rows, *page.items], page.older

    events = expected(EventFilter(sessions=("session-2",)))
    assert [event.event_id for event in events] == [row.event_id for row in rows]


@pytest.mark.parametrize("name", FILTERS)
def test_sessions_are_those_with_an_event_under_the_filter(
    many: Store, organization_id: int, name: str
) -> None:
    where = FILTERS[name]

    page = many.sessions(organization_id, where, limit=100)

    assert {e.activity.session_id for e in expected(where)} == {s.session_id for s in page.items}
    assert sorted((s.last_at for s in page.items), reverse=True) == [s.last_at for s in page.items]


@pytest.mark.parametrize("moved", [False, True], ids=["each at home", "one on two hosts"])
def test_sessions_of_a_host_are_found_wherever_they_began(
    store: Store, monkeypatch: pytest.MonkeyPatch, moved: bool
) -> None:
    monkeypatch.setattr(sessions, "_FEW", 0)
    store.write(
        store.default_organization(),
        [
            an_event(
                a_tool_call(
                    call_id=f"{session}-{n}",
                    session_id=session,
                    actor=an_actor(host_name=host),
                )
            )
            for session, hosts in {
                "a": ["lap-1", "lap-1"],
                "b": ["lap-2", "lap-1" if moved else "lap-2"],
                "c": ["lap-3"],
            }.items()
            for n, host in enumerate(hosts)
        ],
    )

    found = store.sessions(store.default_organization(), EventFilter(hosts=("lap-1",)))

    expected_ids = {"a", "b"} if moved else {"a"}
    assert expected_ids == {each.session_id for each in found.items}


@pytest.mark.parametrize("name", FILTERS)
def test_a_walk_over_sessions_gives_those_of_the_list_in_its_order(
    many: Store, organization_id: int, name: str
) -> None:
    where = FILTERS[name]

    page = many.sessions(organization_id, where, limit=100)
    walked = list(many.walk_sessions(organization_id, where))

    assert list(page.items) == [session for session, _ in walked]


def test_a_sessions_figures_are_those_of_its_events(many: Store, organization_id: int) -> None:
    for session in many.sessions(organization_id, EventFilter(), limit=100).items:
        events = expected(EventFilter(sessions=(session.session_id,)))
        calls = [event for event in events if event.kind is EventKind.TOOL_CALL]
        assert len(calls) == session.calls
        risks = Counter(event.verdict.risk_level for event in calls)
        assert risks == Counter(session.by_risk)
        assert sum(e.verdict.decision is Decision.BLOCK for e in calls) == session.blocked
        assert sum(bool(event.pii_types) for event in events) == session.pii_events
        assert session == many.session(organization_id, session.session_id)


def test_a_session_that_nobody_knows_is_none(many: Store, organization_id: int) -> None:
    assert None is many.session(organization_id, "nobody's")
    assert 0 == many.session_trail(organization_id, "nobody's").total


def test_the_roll_up_counts_the_events_as_they_are(
    store: Store, organization_id: int, database_url: str
) -> None:
    """After completed calls, too: their requests must not be counted beside them."""
    many = filled(store)
    asked = [n for n in range(COUNT) if n % 7 == 0 and n % 10]
    many.write(organization_id, [an_event(numbered_call(n), risk=RiskLevel.HIGH) for n in asked])

    engine = open_engine(database_url)
    with engine.begin() as connection:
        rolled = connection.execute(
            text("SELECT risk, sum(events) FROM rollup_hour GROUP BY risk HAVING sum(events) <> 0")
        ).all()
    engine.dispose()

    risks = many.stats(organization_id, EventFilter()).by_risk
    assert {int(k): v for k, v in risks.items() if v} == {int(k): int(v) for k, v in rolled}


def test_the_riskiest_events_come_first_and_newest_first_within_a_level(
    many: Store, organization_id: int
) -> None:
    top = many.stats(organization_id, EventFilter()).top_events

    rows = all_rows(many, organization_id, EventFilter(), sort="-risk")
    assert tuple(rows[:10]) == top


def test_a_histogram_without_events_has_the_bars_of_its_range(
    store: Store, organization_id: int
) -> None:
    day = EventFilter(since=START, until=START + timedelta(days=1))

    bars = store.histogram(organization_id, day)

    assert 0 < len(bars.buckets) <= 60
    assert bars.buckets[0].start <= START
    assert {0} == {n for bar in bars.buckets for n in bar.by_risk.values()}
    assert () == store.histogram(organization_id, EventFilter()).buckets


@pytest.mark.parametrize("days", [0.0001, 1, 7, 30, 365, 36_500, 700_000])
def test_a_histogram_never_has_more_than_sixty_bars(
    many: Store, organization_id: int, days: float
) -> None:
    since = datetime(1970, 1, 1, tzinfo=UTC)
    where = EventFilter(since=since, until=since + timedelta(days=days))

    bars = many.histogram(organization_id, where)

    assert 1 <= len(bars.buckets) <= 60
    last = bars.buckets[-1].start + timedelta(seconds=bars.width_seconds)
    assert bars.buckets[0].start <= since
    assert last >= since + timedelta(days=days)
