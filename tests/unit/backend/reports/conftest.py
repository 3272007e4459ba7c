"""A Report about a small, seeded store."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentaudit_backend.reports.data import Report
from agentaudit_backend.reports.making import make_report
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.pipeline import Judge
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
