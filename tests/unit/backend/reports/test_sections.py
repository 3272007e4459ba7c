"""The sections of a report: each figure is what a list or the ledger says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from agentaudit_backend.reports.changes import differences
from agentaudit_backend.reports.data import Report
from agentaudit_backend.reports.evidence import evidence_of
from agentaudit_backend.reports.pdf import html
from agentaudit_backend.reports.pseudonyms import under_pseudonyms
from agentaudit_backend.reports.sample import SIZE
from agentaudit_backend.reports.summary import funnel
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reviews import Review
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import EventKind, ReviewState, RiskLevel
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Exemption, LoggingLevel, Policy, Retention
from tests.support.seed import fill
from tests.support.stores import a_store
from tests.unit.backend.reports.conftest import NOW, report_on

GRAVE = (RiskLevel.HIGH, RiskLevel.CRITICAL)
SINCE = NOW - timedelta(days=30)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Store]:
    with a_store(f"sqlite:///{tmp_path / 'agentaudit.db'}") as store:
        fill(store, store.default_organization(), Judge.load(), 200, now=NOW)
        yield store


def counted(store: Store, **conditions: object) -> int:
    where = EventFilter(since=SINCE, until=NOW, **conditions)  # type: ignore[arg-type]
    return store.tally(store.default_organization(), where).total


def test_kinds_sum_up_to_the_events_of_the_report(report: Report):
    assert report.stats.total == sum(each.count for each in report.population.by_kind)


def test_every_source_has_as_many_events_as_its_list(seeded: Store, report: Report):
    assert report.population.sources
    for source in report.population.sources:
        assert counted(seeded, agents=(source.agent,)) == source.total
        assert len(report.population.starts) == len(source.counts)


def test_the_period_before_is_counted_under_the_same_words(seeded: Store):
    words, time = ("git",), timedelta(hours=36)
    before = EventFilter(since=NOW - 2 * time, until=NOW - time, words=words)

    report = report_on(seeded, EventFilter(since=NOW - time, words=words))

    expected = seeded.tally(seeded.default_organization(), before)
    assert expected.total
    assert expected == report.before


def test_cells_of_the_grids_are_counts_of_lists(seeded: Store, report: Report):
    grid = report.crossings.tool_by_agent
    for tool, counts in zip(grid.rows, grid.counts, strict=True):
        for agent, count in zip(grid.columns, counts, strict=True):
            found = counted(seeded, tools=(tool,), agents=(agent,), kinds=(EventKind.TOOL_CALL,))
            assert found == count


def test_levels_of_oversight_are_all_tool_calls(report: Report):
    levels = report.oversight.levels

    assert ["critical", "high", "medium", "low"] == [each.level for each in levels]
    assert report.stats.tool_calls == sum(each.calls for each in levels)
    assert all(each.alone <= each.calls for each in levels)


def test_the_register_holds_every_grave_call_and_what_people_said(small: Store):
    organization = small.default_organization()
    where = EventFilter(since=SINCE, kinds=(EventKind.TOOL_CALL,), risks=GRAVE)
    first = small.list_events(organization, where, sort="-risk").items[0].event_id
    review = Review(
        event_id=first, state=ReviewState.FOLLOW_UP, note="call Ann", author="lead", at=NOW
    )
    small.reviews.add(organization, [review], [])

    report = report_on(small, EventFilter(since=SINCE))

    register = report.register
    assert counted(small, kinds=(EventKind.TOOL_CALL,), risks=GRAVE) == register.total
    assert (1, register.total - 1) == (register.follow_up, register.waiting)
    assert "call Ann" in html(report)
    assert [register.total, 1, 1, 0] == [each.count for each in funnel(report)[2:]]
    assert sum(each.count for each in register.ages) == register.total


def test_a_filter_that_leaves_no_call_leaves_the_register_and_the_sample_empty(seeded: Store):
    report = report_on(seeded, EventFilter(since=SINCE, kinds=(EventKind.SESSION,)))

    assert 0 == report.register.total
    assert () == report.sample.drawn


def test_a_filter_by_risk_holds_for_the_register_too(seeded: Store):
    report = report_on(seeded, EventFilter(since=SINCE, risks=(RiskLevel.HIGH, RiskLevel.LOW)))

    assert {RiskLevel.HIGH} == {each.row.risk for each in report.register.rows}


def test_the_ledger_of_the_period_has_its_entries_and_the_root_of_all(
    seeded: Store, report: Report
):
    ledger = seeded.ledger_span(seeded.default_organization(), None, NOW + timedelta(days=9999))

    assert ledger.size == ledger.count
    assert 0 == ledger.first
    assert report.population.ledger.root == ledger.root


def test_the_sample_is_drawn_again_by_what_the_paper_says(seeded: Store):
    organization = seeded.default_organization()
    far = NOW + timedelta(days=9999)  # entries were recorded while the test runs
    report = report_on(seeded, EventFilter(since=NOW - timedelta(days=9), until=far))
    calls = EventFilter(since=NOW - timedelta(days=9), until=far, kinds=(EventKind.TOOL_CALL,))
    allowed = {event.row.event_id for event in seeded.walk(organization, calls)}
    ledger = report.population.ledger
    assert ledger.count

    drawn: dict[str, int] = {}
    turn = 0
    while len(drawn) < SIZE:
        turn += 1
        number = int.from_bytes(sha256(f"AA-20261122-ABCDEF:{turn}".encode()).digest()[:8], "big")
        seq = number % ledger.count + (ledger.first or 0)
        (entry,) = seeded.ledger_entries(organization, [seq]).values()
        detail = seeded.event(organization, entry.event_id)
        is_first = detail is not None and min(leaf.seq for leaf in detail.leaves) == seq
        if entry.event_id in allowed and is_first:
            drawn.setdefault(entry.event_id, seq)

    assert list(drawn.items()) == [
        (each.row.event_id, each.entry.seq) for each in report.sample.drawn
    ]
    assert turn == report.sample.tries


def test_controls_are_told_with_events_that_met_them_and_those_with_no_record(
    seeded: Store, report: Report
):
    organization = seeded.default_organization()
    met = [each for chapter in report.chapters for each in chapter.met]
    assert met
    for each in met:
        assert each.samples
        hits = seeded.control_hits(organization, each.samples)
        for event_id in each.samples:
            assert each.count.control in {hit.control for hit in hits[event_id]}
    for chapter in report.chapters:
        assert not {each.count.control for each in chapter.met} & set(chapter.silent)


def test_every_framework_that_is_on_has_a_chapter(report: Report):
    assert set(report.policy.frameworks) == {each.framework for each in report.chapters}


def test_changes_of_the_policy_are_told_with_field_author_and_reason(small: Store):
    organization = small.default_organization()
    wanted = replace(
        small.policy(organization),
        logging_level=LoggingLevel.PARANOID,
        blocking_enabled=True,
        exemptions=(
            Exemption(
                id="old-shop", rule_id="pii.*", owner="Ann", reason="shop <b>", expires_ns=10**18
            ),
        ),
    )
    small.save_policy(organization, wanted, author="lead", note="after the incident")

    report = report_on(small, EventFilter(since=SINCE, until=NOW + timedelta(days=9999)))

    (newest, _) = report.changes.policy
    told = {each.field: (each.before, each.after) for each in newest.changed}
    assert ("full", "paranoid") == told["logging_level"]
    assert ("off", "on") == told["blocking_rules.enabled"]
    page = html(report)
    assert "after the incident" in page
    assert "2001-09-09" in page
    assert "shop &lt;b&gt;" in page


def test_packs_are_told_by_their_digest_and_mappings_by_their_paths():
    before = Policy(packs=(), retention=Retention(event_days=400))
    after = Policy(packs=("pack: a\n" * 500,), retention=Retention(event_days=None))

    told = {each.field: each.after for each in differences(before, after)}

    assert "none" == told["retention.event_days"]
    assert told["packs"].startswith("sha256:")
    assert len(told["packs"]) < 30


def test_keys_and_who_looked_are_told(small: Store):
    organization = small.default_organization()
    small.create_key(organization, role="auditor", name="Outside <auditor>")

    report = report_on(small, EventFilter(since=SINCE))

    roles = {each.value: each.count for each in report.readers.by_role}
    assert {"admin": 1, "auditor": 1, "ingest": 0} == roles
    assert "Outside &lt;auditor&gt;" in html(report)


def test_demonstration_data_is_called_so_on_the_cover(report: Report):
    assert "DEMO." not in html(report)
    assert "DEMO." in html(replace(report, is_demo=True))


def test_under_pseudonyms_no_text_of_the_report_names_anybody(seeded: Store):
    where = EventFilter(since=SINCE)
    named = report_on(seeded, where)
    hidden = report_on(seeded, where, pseudonyms=True)
    organization = seeded.default_organization()
    people = seeded.facets(organization, where, most=None)["user"]
    hosts = seeded.facets(organization, where, most=None)["host"]

    told = evidence_of(hidden).document.decode() + html(hidden)

    assert people
    assert hosts
    for each in (*people, *hosts):
        assert each.value in evidence_of(named).document.decode() or not each.value.isascii()
        for part in {each.value, each.value.partition("@")[0].strip()}:
            assert not re.search(rf"(?<!\w){re.escape(part)}(?!\w)", told), part
    assert "stand under pseudonyms" in html(hidden)


def test_a_name_has_one_pseudonym_in_every_report_and_figures_stay(seeded: Store):
    week = report_on(seeded, EventFilter(since=NOW - timedelta(days=7)), pseudonyms=True)
    month = report_on(seeded, EventFilter(since=SINCE), pseudonyms=True)
    named = report_on(seeded, EventFilter(since=SINCE))

    users = {each.value for each in week.stats.top_users}
    assert users & {each.value for each in month.stats.top_users}
    assert [each.count for each in named.stats.top_users] == [
        each.count for each in month.stats.top_users
    ]
    assert named.stats.by_risk == month.stats.by_risk


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/home/ann/.env of Ann@Example.com", "/home/{u}/.env of {u}"),
        ("anne, ann.", "anne, {u}."),
        ("ssh lap-7 as bo", "ssh {h} as bo"),
        ("a(b and [x", "{v} and [x"),
    ],
)
def test_names_are_hidden_as_words_whatever_signs_are_in_them(text: str, told: str):
    names = {"ann@example.com": "user", "lap-7": "host", "bo @ lap-7": "user", "a(b": "user"}
    shown = {name: under_pseudonyms(Told(text=name), names, b"key").text for name in names}

    found = under_pseudonyms(Told(text=text), names, b"key").text

    wanted = told.format(u=shown["ann@example.com"], h=shown["lap-7"], v=shown["a(b"])
    assert wanted == found


@dataclass(frozen=True, kw_only=True)
class Told:
    text: str
