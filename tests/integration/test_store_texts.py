"""The index of texts: a search by it finds what reading every Event finds."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event as Signal
from typing import Any

import pytest
from sqlalchemy import func, select, text

from agentaudit_backend.housekeeping import Indexing
from agentaudit_backend.store import text_index
from agentaudit_backend.store.database import reading, writing
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.partitions import TABLES
from agentaudit_backend.store.reading import narrow
from agentaudit_backend.store.reading.text_places import places_of
from agentaudit_backend.store.store import Store
from agentaudit_backend.store.text_index import POSTINGS, SEGMENT, SEGMENTS, slots_of
from agentaudit_processor.model import Action, AuditEvent, Phase, RiskLevel
from agentaudit_processor.policy import Retention
from agentaudit_processor.query.language import read_query
from tests.support.audit_events import an_event
from tests.support.builders import a_request, a_tool_call

START = datetime(2026, 9, 21, 22, 30, tzinfo=UTC)
HOURS = 60
WORDS = (
    *(
        "git",
        "push",
        "--force",
        "restart nginx",
        "rm -rf",
        "a",
        "ab",
        "Straße",
        "ΣΊΣΥΦΟΣ",
        "日本語",
    ),
    *("100%", "_done", "\\", "'", "🦓", "\x00", "\ud800", "ﬁn", "İstanbul", "/", "x" * 90),
)
SPREAD = SEGMENT // 4
"""Keys between one Event and the next, as if so many others had come between."""


def a_call(number: int, summary: str, **given: Any) -> AuditEvent:
    at = START + timedelta(hours=number % HOURS)
    at_ns = int(at.timestamp()) * 1_000_000_000
    call = a_tool_call(
        call_id=str(number),
        session_id=f"session-{number % 7}",
        action=(Action.SHELL_COMMAND, Action.FILE_READ)[number % 2],
        started_ns=at_ns,
        ended_ns=at_ns + 1_000_000,
    )
    return an_event(call, summary=summary, risk=list(RiskLevel)[number % 4], **given)


def some_calls(dice: random.Random, count: int) -> list[AuditEvent]:
    return [
        a_call(number, "".join(dice.choices(WORDS, k=dice.randrange(6)))) for number in range(count)
    ]


def spread(store: Store) -> None:
    """Move keys apart, so that few Events fill many segments."""
    month = (1 << 40) - 1
    with writing(store._engine) as connection:
        for table, column in TABLES.items():
            key = f"{column} - ({column} & {month}) + ({column} & {month}) * {SPREAD}"
            connection.execute(text(f"UPDATE {table} SET {column} = {key}"))


def fill(store: Store, made: Sequence[AuditEvent]) -> int:
    """Write `made`, far from each other, and index what can be."""
    store.write(store.default_organization(), made)
    spread(store)
    return store.index_texts(most=1000)


def asked(query: str) -> EventFilter:
    read = read_query(query)
    return EventFilter(terms=read.terms, words=read.words, words_excluded=read.words_excluded)


def found(store: Store, where: EventFilter) -> set[str]:
    narrowed = store.narrowed(1, where)
    assert narrowed.numbers is not None
    return {row.event_id for row in store.list_events(1, narrowed, limit=1000).items}


def everything(store: Store, where: EventFilter) -> dict[str, Any]:
    return {
        "list": store.list_events(1, where, limit=20),
        "facets": store.facets(1, where),
        "bars": store.histogram(1, where),
        "stats": store.stats(1, where),
        "sessions": store.sessions(1, where),
        "walk": list(store.walk(1, where)),
    }


@pytest.fixture(autouse=True)
def always_by_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few Events would sooner be read than looked for."""
    monkeypatch.setattr(narrow, "_WORTH", 0)


def test_a_search_by_the_index_says_what_reading_every_event_says(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(3)
    assert 10 < fill(store, some_calls(dice, 80))
    hits = 0
    for _ in range(30):
        since = START + timedelta(hours=dice.randrange(HOURS))
        where = EventFilter(
            words=tuple(dice.choices(WORDS, k=dice.randrange(3))),
            words_excluded=tuple(dice.choices(WORDS, k=dice.random() < 0.2)),
            terms=asked(dice.choice(("", "", "cmd:git*nginx", "-cmd:push", "cmd:git,ab"))).terms,
            since=dice.choice((None, since)),
            until=dice.choice((None, since + timedelta(hours=dice.randrange(30)))),
            risks=dice.choice(((), (RiskLevel.HIGH, RiskLevel.LOW))),
        )

        by_index = everything(store, where)
        with monkeypatch.context() as patched:
            patched.setattr(narrow, "places_of", lambda *_: None)
            by_reading = everything(store, where)

        assert by_reading == by_index
        hits += bool(by_index["list"].items)
    assert 7 < hits < 30


def test_only_blocks_with_the_text_and_what_is_not_indexed_are_read(store: Store) -> None:
    fill(store, [a_call(number, f"number {number:03} of many") for number in range(40)])

    with reading(store._engine) as connection:
        places = places_of(connection, EventFilter(words=("NUMBER 017",)))
        indexed = connection.execute(select(func.count()).select_from(SEGMENTS)).scalar_one()

    assert places is not None
    assert 1 == len(places.blocks)
    assert indexed >= 40 * SPREAD // SEGMENT - 1
    (wanted,) = found(store, EventFilter(words=("NUMBER 017",)))
    assert wanted == a_call(17, "").event_id


def test_a_text_of_less_than_three_letters_is_looked_for_everywhere(store: Store) -> None:
    fill(store, [a_call(0, "xy"), a_call(1, "xyz"), *(a_call(n, "-") for n in range(2, 9))])

    assert 2 == len(found(store, EventFilter(words=("XY",))))


def test_what_came_since_the_index_was_made_is_found(store: Store) -> None:
    fill(store, [a_call(number, "an old deed") for number in range(20)])

    store.write(1, [a_call(21, "a new deed")])

    assert 1 == len(found(store, EventFilter(words=("new deed",))))


def test_a_call_that_is_told_otherwise_at_its_end_is_found_by_its_new_text(store: Store) -> None:
    request = a_request(call_id="7", session_id="session-0", started_ns=10**18)
    made = [an_event(request, summary="as requested")]
    fill(store, made + [a_call(number, "another") for number in range(20, 40)])

    ended = replace(request, phase=Phase.ENDED, ended_ns=request.started_ns + 1)
    store.write(1, [an_event(ended, summary="as ended")])

    assert 1 == len(found(store, EventFilter(words=("as ended",))))
    assert set() == found(store, EventFilter(words=("as requested",)))
    assert 1 == store.index_texts(most=1000)
    assert 1 == len(found(store, EventFilter(words=("as ended",))))


def test_the_trigrams_of_a_text_go_with_it(store: Store) -> None:
    fill(store, [a_call(number, f"secret{number}word") for number in range(40)])
    policy = replace(store.policy(1), retention=Retention(content_days=1, event_days=2))
    store.save_policy(1, policy, author="test", note="")

    store.purge(1, START + timedelta(days=30))

    with reading(store._engine) as connection:
        left = select(func.count()).select_from(POSTINGS)
        assert 0 == connection.execute(left).scalar_one()
    assert set() == found(store, EventFilter(words=("secret7word",)))


def test_what_was_changed_while_it_was_looked_at_is_not_taken_for_indexed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(1, [a_call(number, "before") for number in range(20)])
    spread(store)
    look = text_index._look

    def interrupted(connection: Any, segment: int) -> Any:
        looked = look(connection, segment)
        with writing(store._engine) as other:
            text_index.forget_texts(other, [segment * SEGMENT])
        return looked

    monkeypatch.setattr(text_index, "_look", interrupted)
    assert 0 == store.index_texts(most=1)
    monkeypatch.undo()

    assert 1 == store.index_texts(most=1)


def test_no_text_makes_a_segment_have_more_rows_than_events(store: Store) -> None:
    dice = random.Random(1)
    wild = "".join(chr(dice.randrange(0x20, 0x2FFF)) for _ in range(200_000))

    assert len(slots_of([wild])) <= SEGMENT


def test_a_text_has_the_slots_of_all_its_parts() -> None:
    whole = "git push --force 日本語🦓"

    for start in range(len(whole) - 3):
        for end in range(start + 3, len(whole)):
            assert slots_of([whole[start:end]]) <= slots_of([whole])


def test_the_server_indexes_on_its_own(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(1, [a_call(number, "a deed") for number in range(20)])
    spread(store)
    indexing, done = Indexing(store, look_s=0.001), Signal()
    index = store.index_texts

    def indexed(most: int = 1) -> int:
        count = index(most)
        if not count:
            done.set()
        return count

    monkeypatch.setattr(store, "index_texts", indexed)

    indexing.start()
    done.wait(60)
    indexing.stop()

    with reading(store._engine) as connection:
        assert connection.execute(select(func.count()).select_from(POSTINGS)).scalar_one()
