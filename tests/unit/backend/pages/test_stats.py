"""The statistics: figures that lead to their Events, and the PDF behind the button."""

import io
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from pypdf import PdfReader

from agentaudit_backend.pages.figures import before
from agentaudit_backend.reports.pdf import Printer
from agentaudit_backend.reports.summary import change
from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.model import EventKind, Outcome, RiskLevel
from tests.support.builders import a_fact, a_request, a_tool_call
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns
from tests.unit.backend.pages.test_timeline import rows_of


def test_every_figure_leads_to_as_many_events(web: Web):
    page = web.get("/dashboard/stats").text
    linked = re.findall(r'<a href="(/dashboard\?[^"]+|/dashboard)">(\d+)</a>', page)

    assert len(linked) >= 8
    for href, count in linked:
        assert int(count) == len(rows_of(web.get(unescape(href)).text)), href


def test_people_and_agents_lead_to_as_many_of_them(web: Web):
    page = web.get("/dashboard/stats").text
    linked = re.findall(r'<a href="(/dashboard/(?:users|agents))">(\d+)</a>', page)

    lists = [rows_of(web.get(href).text) for href, _ in linked]

    assert ["/dashboard/users", "/dashboard/agents"] == [href for href, _ in linked]
    assert [int(count) for _, count in linked] == [len(rows) for rows in lists]


def test_a_control_leads_to_the_events_that_met_it(web: Web):
    page = web.get("/dashboard/stats").text
    rows = re.findall(
        r'class="control break"><a href="([^"]+)">.*?data-label="evidence">(\d+)</td>'
        r'.*?data-label="attention">(?:<[^>]+>)?(\d+)',
        page,
        re.DOTALL,
    )

    assert rows
    for href, evidence, attention in rows:
        events = len(rows_of(web.get(unescape(href)).text))
        assert max(int(evidence), int(attention)) <= events <= int(evidence) + int(attention)


def test_what_was_not_seen_leads_to_losses_and_failures(web: Web):
    before = web.get("/dashboard/stats").text
    web.record(
        a_fact(fact_id="g", kind=EventKind.GAP, name="RecordsDropped", at_ns=ns(NOW) - 10**9),
        a_tool_call(call_id="f", outcome=Outcome.FAILURE, started_ns=ns(NOW) - 10**9),
    )

    page = web.get("/dashboard/stats").text
    losses = re.search(r'Losses that hooks told of</dt><dd><a href="([^"]+)">1</a>', page)
    failed = re.search(r'<a href="([^"]+)">Calls that failed', page)

    assert "Losses that hooks told of</dt><dd>none" in before
    assert losses
    assert failed
    assert [1, 1] == [len(rows_of(web.get(unescape(each[1])).text)) for each in (losses, failed)]


def test_what_came_late_or_never_ended_leads_to_as_many_events(web: Web):
    at = ns(NOW) - 10**9
    calls = [a_request(call_id=f"u{n}", started_ns=at, ended_ns=None) for n in range(3)]
    late = [a_tool_call(call_id=f"l{n}", started_ns=at, replayed=True) for n in range(2)]
    web.record(*calls, *late)

    page = web.get("/dashboard/stats").text

    for name, count in (("Calls whose end was never heard", 3), ("Events that arrived late", 2)):
        told = re.search(rf'<dt>{name}[^<]*</dt><dd><a href="([^"]+)">(\d+)</a>', page)
        assert told
        assert count == int(told[2]) == len(rows_of(web.get(unescape(told[1])).text))


def test_an_empty_time_shows_zeros_and_a_way_on(web: Web):
    page = web.get("/dashboard/stats?from=2020-01-01&to=2020-01-02").text

    assert "No event in this time" in page
    assert "<dt>Total events</dt><dd>0</dd>" in page


def test_framework_coverage_names_controls_with_their_meaning(web: Web):
    page = web.get("/dashboard/stats").text

    assert "SOC 2 Trust Services Criteria" in page
    assert "A record can support a control, it cannot decide compliance." in page
    assert "EU AI Act, Artificial Intelligence Act" in page


def test_the_button_gives_the_pdf_of_this_filter_and_records_it(web: Web):
    page = web.get("/dashboard/stats?action=shell_command").text
    state = unescape(re.search(r'name="state" value="([^"]*)"', page)[1])  # type: ignore[index]

    answer = web.post("/dashboard/stats/report.pdf", {"csrf": web.csrf(), "state": state})

    text = " ".join(p.extract_text() for p in PdfReader(io.BytesIO(answer.content)).pages)
    exports = web.store.list_events(web.organization, EventFilter(kinds=(EventKind.EXPORT,)))
    assert "application/pdf" == answer.headers["content-type"]
    assert re.fullmatch(
        r'attachment; filename="agentaudit-report-AA-20261122-[0-9A-F]{6}\.pdf"',
        answer.headers["content-disposition"],
    )
    assert "action shell_command" in text
    assert "rm -rf /home/alice/project" in text
    assert 1 == len(exports.items)


def test_the_same_figures_come_as_json_and_are_recorded(web: Web):
    form = {"csrf": web.csrf(), "state": "action=shell_command"}

    answer = web.post("/dashboard/stats/report.json", form)

    document = answer.json()
    exports = web.store.list_events(web.organization, EventFilter(kinds=(EventKind.EXPORT,)))
    assert "application/json" == answer.headers["content-type"]
    assert "attachment" in answer.headers["content-disposition"]
    assert "action shell_command" == document["scope"]
    assert document["stats"]["total"] == sum(sum(row[1:]) for row in table(document, "F7")["rows"])
    assert 1 == len(exports.items)


def table(document: dict[str, Any], figure: str) -> dict[str, Any]:
    return next(each for each in document["tables"] if each["figure"] == figure)


def test_a_report_that_cannot_be_made_says_so_and_records_none(web: Web):
    object.__setattr__(web.site, "printer", Printer(time_limit_seconds=0.01))

    answer = web.post("/dashboard/stats/report.pdf", {"csrf": web.csrf(), "state": ""})

    assert 503 == answer.status_code
    assert "The report is not ready" in answer.text
    looks = EventFilter(kinds=(EventKind.EXPORT,))
    assert () == web.store.list_events(web.organization, looks).items


def test_a_state_that_means_nothing_is_422(web: Web):
    answer = web.post("/dashboard/stats/report.pdf", {"csrf": web.csrf(), "state": "risk=huge"})

    assert 422 == answer.status_code


@pytest.mark.parametrize(
    ("value", "past", "words"),
    [
        (5, 0, "new"),
        (0, 0, ""),
        (7, 7, "as before"),
        (15, 10, "+50 %"),
        (99, 10, "+890 %"),
        (5000, 13, "13 before"),
        (5, 20, "\u221275 %"),
    ],
)
def test_a_change_is_told_in_words(value: int, past: int, words: str):
    assert words == change(value, past)


def test_figures_are_compared_with_the_period_of_the_same_length_before(web: Web):
    start = NOW - timedelta(days=2)
    web.record(
        a_tool_call(call_id="earlier", started_ns=ns(start), ended_ns=ns(start), session_id="a"),
        a_tool_call(call_id="now", started_ns=ns(NOW) - 10**9, session_id="b"),
    )

    day = web.get("/dashboard/stats?range=24h").text
    ever = web.get("/dashboard/stats?range=all").text

    assert "Changes beside the period before" in day
    assert "new" in day
    assert re.search(r'Sessions</dt><dd><a [^>]*>2</a><span class="change">\+100', day)
    assert "Changes beside" not in ever


def test_the_period_before_ends_where_the_one_shown_begins():
    where = EventFilter(since=NOW - timedelta(days=7), risks=(RiskLevel.HIGH,))

    past = before(where, NOW)

    assert past == EventFilter(
        since=NOW - timedelta(days=14), until=NOW - timedelta(days=7), risks=(RiskLevel.HIGH,)
    )
    assert before(EventFilter(), NOW) is None
