"""A Report about a small, seeded store."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentaudit_backend.reports.data import Report
from agentaudit_backend.reports.making import make_report
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reviews import Review
from agentaudit_backend.store.store import Store
from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.model import EventKind, ReviewState, RiskLevel
from agentaudit_processor.pipeline import Judge
from tests.support.furnished import furnish
from tests.support.seed import fill
from tests.support.stores import a_store

NOW = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("seeded")
    with a_store(f"sqlite:///{folder / 'agentaudit.db'}") as store:
        fill(store, store.default_organization(), Judge.load(), 1200, now=NOW)
        yield store


def report_on(
    store: Store, where: EventFilter, *, pseudonyms: bool = False, **changes: str
) -> Report:
    organization = store.default_organization()
    words = {
        "report_id": "AA-20261122-ABCDEF",
        "organisation": "Example & Sons",
        "scope": "every event",
        "made_by": "the holder of key aa_live_abc…",
    } | changes
    return make_report(
        store,
        organization,
        where,
        made_at=NOW,
        policy=store.policy(organization),
        packs=load_packs(),
        pseudonyms=pseudonyms,
        **words,
    )


@pytest.fixture(scope="session")
def report(seeded: Store) -> Report:
    return report_on(seeded, EventFilter(since=NOW - timedelta(days=30)))


@pytest.fixture(scope="session")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    """Of a store with answers to approvals, changes, alerts, and reviews of each kind."""
    folder: Path = tmp_path_factory.mktemp("lively")
    with a_store(f"sqlite:///{folder / 'agentaudit.db'}") as store:
        organization, judge = store.default_organization(), Judge.load()
        furnish(store, judge, now=NOW - timedelta(hours=3))
        fill(store, organization, judge, 300, now=NOW)
        grave = EventFilter(
            kinds=(EventKind.TOOL_CALL,), risks=(RiskLevel.HIGH, RiskLevel.CRITICAL)
        )
        found = store.list_events(organization, grave).items
        said = [state for state in ReviewState if state is not ReviewState.NEW]
        reviews = [
            Review(
                event_id=row.event_id,
                state=state,
                note="seen",
                author="lead",
                at=NOW - timedelta(hours=hours),
            )
            for hours, (row, state) in enumerate(zip(found, said, strict=False), start=1)
        ]
        store.reviews.add(organization, reviews, [])
        # What is recorded now, by whichever clock, is in its period.
        yield report_on(store, EventFilter(until=NOW + timedelta(days=9999)))
