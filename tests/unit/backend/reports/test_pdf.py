"""The PDF: its words, its structure, its limits."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from agentaudit_backend.reports.data import Report
from agentaudit_backend.reports.evidence import evidence_of
from agentaudit_backend.reports.pdf import Busy, Printer, Unprintable, html
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from tests.unit.backend.reports.conftest import NOW, report_on


@pytest.fixture(scope="session")
def pdf(report: Report) -> PdfReader:
    return PdfReader(io.BytesIO(Printer().pdf(report)))


@pytest.fixture(scope="session")
def words(pdf: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in pdf.pages).split())


def test_it_tells_total_risk_breakdown_and_period(words: str, report: Report):
    assert "Total events" in words
    assert f"{report.stats.total:,}" in words
    assert "Risk breakdown" in words
    for level in ("low", "medium", "high", "critical"):
        assert level in words
    assert "2026-10-23 21:30:00 to 2026-11-22 21:30:00 UTC" in words
    assert "Example & Sons" in words


def test_it_tells_which_articles_were_met(words: str, report: Report):
    assert report.stats.controls
    for control in report.stats.controls:
        assert control.control in words
    assert "SOC 2 Trust Services Criteria" in words


def test_it_tells_what_the_figures_say_to_controls_on_periods(words: str):
    assert "Controls on the whole period" in words
    assert "Art. 19" in words
    assert "not measured: integrity verified" in words


def test_it_tells_the_riskiest_events_with_details(words: str, report: Report):
    packed = "".join(words.split())
    for event in report.top_events[:5]:
        assert event.row.event_id in words
        assert "".join(event.reasons[0].split()) in packed.replace("\u200b", "")


def test_it_says_what_it_does_not_prove(words: str):
    assert "A record can support a control; it cannot decide compliance." in words
    assert "What this report does not prove" in words


def test_every_page_has_the_report_id_and_its_number(pdf: PdfReader, report: Report):
    for number, page in enumerate(pdf.pages, 1):
        text = page.extract_text()
        assert report.report_id in text
        assert f"Page {number} of {len(pdf.pages)}" in text


def test_it_is_tagged_with_language_title_and_bookmarks(pdf: PdfReader, report: Report):
    root = pdf.trailer["/Root"]

    assert root["/MarkInfo"]["/Marked"]
    assert root["/StructTreeRoot"]
    assert "en" == root["/Lang"]
    assert pdf.metadata
    assert f"Agent audit report {report.report_id}" == pdf.metadata.title
    assert "Example & Sons" == pdf.metadata.author
    flat = str([item.title for item in pdf.outline if not isinstance(item, list)] + [pdf.outline])
    for section in ("Summary", "Framework coverage", "Top risky events", "Method and limits"):
        assert section in flat


def test_every_picture_has_a_text_in_its_place(pdf: PdfReader):
    found = list(pictures(pdf.trailer["/Root"]["/StructTreeRoot"]))

    assert len(found) > 20
    assert all("/Alt" in picture for picture in found)
    assert any("events over time by risk" in picture["/Alt"] for picture in found)


def pictures(element: DictionaryObject) -> Iterator[DictionaryObject]:
    if element.get("/S") == "/Figure":
        yield element
    kids = element.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        if isinstance(kid := kid.get_object(), DictionaryObject):
            yield from pictures(kid)


def test_the_figures_are_attached_and_match_the_printed_hash(
    pdf: PdfReader, report: Report, words: str
):
    (attached,) = pdf.attachments[f"{report.report_id}.json"]

    assert evidence_of(report).sha256 == hashlib.sha256(attached).hexdigest()
    assert evidence_of(report).sha256[:16] in words


def test_any_script_and_any_length_can_be_printed(seeded: Store):
    hostile = "<b>&\u202e" + "עברית العربية Ελλάδα " + "x" * 100_000
    report = report_on(
        seeded, EventFilter(since=NOW - timedelta(days=3)), organisation=hostile, scope=hostile
    )

    read = PdfReader(io.BytesIO(Printer().pdf(report)))

    text = "".join(page.extract_text() for page in read.pages)
    assert "⟦U+202E⟧" in text
    assert "<b>&" in text
    assert len(read.pages) < 24


def test_the_paper_tells_readers_which_letters_it_shows_even_without_a_font_for_them(
    seeded: Store,
):
    words = "日本語 中文 한국어 ไทย 😀"
    report = report_on(seeded, EventFilter(since=NOW - timedelta(hours=2)), scope=words)

    read = PdfReader(io.BytesIO(Printer().pdf(report)))

    fonts = read.pages[0]["/Resources"]["/Font"].values()
    told = "".join(font.get_object()["/ToUnicode"].get_data().decode() for font in fonts)
    for letter in words.replace(" ", ""):
        assert letter.encode("utf-16-be").hex() in told


def test_an_empty_period_is_a_report_too(seeded: Store):
    report = report_on(seeded, EventFilter(since=NOW + timedelta(days=1), until=NOW + timedelta(2)))

    text = "".join(p.extract_text() for p in PdfReader(io.BytesIO(Printer().pdf(report))).pages)

    assert "No event of medium risk or higher" in text


@pytest.mark.parametrize(
    "odd", ["\x00\x0b\x1b[31m\x7f\x85", "\ufffe\uffff\ufdd0", "]]>&nbsp;<br>\"'<!--"]
)
def test_the_html_is_xml_whatever_stands_in_it(seeded: Store, odd: str):
    report = report_on(
        seeded,
        EventFilter(since=NOW - timedelta(hours=9)),
        organisation=odd,
        scope=odd,
        made_by=odd,
    )

    root = ET.fromstring(html(report))

    assert root.tag == "html"
    assert len(list(root.iter("section"))) > 10


def test_html_that_is_no_xml_is_printed_all_the_same(
    report: Report, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("agentaudit_backend.reports.pdf.html", lambda *_: "<p>one<br>two &nbsp;")

    read = PdfReader(io.BytesIO(Printer().pdf(report)))

    assert ["one", "two"] == read.pages[0].extract_text().split()[:2]


def test_nothing_but_data_addresses_is_in_the_html(report: Report):
    page = html(report)

    assert [] == [part[:60] for part in page.split("url(")[1:] if not part.startswith('"data:')]
    assert "<img" not in page
    assert "src=" not in page


def test_nothing_outside_is_fetched_even_if_the_html_asks(
    report: Report, monkeypatch: pytest.MonkeyPatch
):
    asked = '<img alt="gone" src="file:///etc/hostname"><img alt="off" src="http://127.0.0.1:9/x">'
    monkeypatch.setattr("agentaudit_backend.reports.pdf.html", lambda *_: f"<p>hello {asked}</p>")

    read = PdfReader(io.BytesIO(Printer().pdf(report)))

    assert "hello" in read.pages[0].extract_text()
    assert [] == list(read.pages[0].images)


def test_reports_wait_for_each_other_and_all_are_made(report: Report):
    printer = Printer()

    begun = [printer.begin(lambda: report) for _ in range(2)]

    assert all(each.outcome.result().pdf.startswith(b"%PDF-") for each in begun)


def test_who_comes_when_very_many_wait_is_sent_away(
    report: Report, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("agentaudit_backend.reports.pdf.MOST_WAITING", 1)
    printer = Printer()
    first = printer.begin(lambda: report)

    with pytest.raises(Busy):
        printer.begin(lambda: report)

    assert first.wait()
    assert printer.pdf(report)


def test_how_far_it_is_is_told_in_pages(report: Report):
    printing = Printer().begin(lambda: report)

    pdf = printing.outcome.result().pdf

    assert len(PdfReader(io.BytesIO(pdf)).pages) == printing.pages


def test_a_layout_that_takes_too_long_by_the_clock_is_given_up(report: Report):
    with pytest.raises(Unprintable, match="not done after"):
        Printer(time_limit_seconds=0.05).pdf(report)


def test_a_layout_that_takes_too_much_processor_time_is_ended(report: Report):
    with pytest.raises(Unprintable, match="exit status -"):
        Printer(cpu_limit_seconds=1).pdf(report)


def test_a_press_that_fails_is_told_with_its_words(report: Report, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("agentaudit_backend.reports.pdf.html", lambda *_: None)

    with pytest.raises(Unprintable, match="exit status 1"):
        Printer().pdf(replace(report))
