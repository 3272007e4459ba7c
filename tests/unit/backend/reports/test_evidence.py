"""Every number on paper can be had from what is attached to it."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pypdf import PdfReader

from agentaudit_backend.reports.data import Report
from agentaudit_backend.reports.evidence import evidence_of
from agentaudit_backend.reports.pdf import Printer, html
from agentaudit_backend.reports.tables import Table, as_csv
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from tests.unit.backend.reports.conftest import NOW, report_on

FIGURES = [f"F{number}" for number in range(1, 19)]
NUMBER = re.compile(r"(?<![\w.:-])\d{1,3}(?:,\d{3})+(?![\w:-])|(?<![\w.:,-])\d+(?![\w:,-]|\.\d)")
NUMBERED = re.compile(r"(?:new )?(?:[\d,]+|·)")
PRINTED_ONLY = re.compile(r"<(?:style|title|svg)\b.*?</(?:style|title|svg)>|<!--.*?-->", re.DOTALL)


def numbers_of(text: str) -> set[int]:
    return {int(found.replace(",", "")) for found in NUMBER.findall(text)}


def printed(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", PRINTED_ONLY.sub(" ", page)).split())


def tables(report: Report) -> dict[str, Table]:
    return {table.figure: table for table in evidence_of(report).tables}


def test_each_figure_has_its_table_and_stands_on_the_paper(report: Report):
    found = tables(report)
    page = html(report)

    assert FIGURES == list(found)
    for figure in FIGURES:
        assert re.search(rf"\b{figure}\b", page)


def test_every_row_of_a_table_has_its_columns(report: Report):
    for table in evidence_of(report).tables:
        assert {len(table.columns)} >= {len(row) for row in table.rows}, table.figure


@pytest.mark.parametrize("made", ["report", "lively"])
def test_every_number_of_the_paper_is_in_the_evidence(
    request: pytest.FixtureRequest, seeded: Store, made: str
):
    """Less what the very same words say of no Event at all."""
    report = request.getfixturevalue(made)
    empty = EventFilter(since=NOW + timedelta(days=1), until=NOW + timedelta(days=31))
    words = numbers_of(printed(html(report_on(seeded, empty))))
    of_places = set(range(1, 61))  # rows are numbered

    told = numbers_of(printed(html(report))) - words - of_places

    assert len(told) > 20
    evidence = set(numbers_in(json.loads(evidence_of(report).document)))
    assert set() == told - evidence - made_of_two(report)


PRINTED = ("F2", "F5", "F6", "F7", "F8", "F9", "F11", "F12", "F13", "F15")
"""Figures that are tables on paper too, with the same rows."""


@pytest.mark.parametrize("figure", PRINTED)
def test_rows_on_paper_are_those_of_the_attached_table(lively: Report, figure: str):
    printed_rows = rows_below(html(lively), figure)

    attached = [
        tuple(each for each in row if isinstance(each, int)) for row in tables(lively)[figure].rows
    ]

    assert printed_rows == attached[: len(printed_rows)]
    assert len(printed_rows) == min(len(attached), 10 if figure == "F11" else len(attached))
    assert sum(sum(row) for row in printed_rows) > 0


def rows_below(page: str, figure: str) -> list[tuple[int, ...]]:
    """The numbers in each row of the first table with a head after a figure's heading."""
    below = page.partition(f'<span class="no">{figure}</span>')[2]
    told = next(each for each in below.split("<table")[1:] if "<thead>" in each)
    body = ET.fromstring(f"<table{told.partition('</table>')[0]}</table>").find("tbody")
    assert body is not None
    return [tuple(number_of("".join(cell.itertext())) for cell in numbered(row)) for row in body]


def numbered(row: ET.Element) -> list[ET.Element]:
    """Cells that hold a number; grids say nothing by a dot."""
    return [cell for cell in row.findall("td") if NUMBERED.fullmatch("".join(cell.itertext()))]


def number_of(text: str) -> int:
    return 0 if text == "·" else int(text.removeprefix("new ").replace(",", ""))


def test_controls_on_paper_are_those_of_the_attached_table(lively: Report):
    page = ET.fromstring(html(lively))
    chapters = [each for each in page.iter("table") if each.get("class") == "controls"]
    heads = ("Control", "Status", "Evidence", "Attention")

    told = [
        ("".join(row[0][0].itertext()), *(number_of("".join(row[n].itertext())) for n in (2, 3)))
        for table in chapters
        if heads == tuple("".join(head.itertext()) for head in table[0][0])[:4]
        for row in table[1]
    ]

    attached = [
        (control, evidence, attention)
        for _, control, status, evidence, attention in tables(lively)["F17"].rows
        if status != "no record"
    ]
    assert attached
    assert sorted(attached) == sorted(told)


def test_an_incident_on_paper_has_the_times_of_the_attached_table(lively: Report):
    page = html(lively)

    (row,) = tables(lively)["F16"].rows

    times = [str(each) for each in row[1:5]] + re.findall(r"[\d-]+T[\d:.]+Z?", str(row[5]))
    assert len(times) > 4
    for time in times:
        assert time[:19].replace("T", " ") in page


def numbers_in(value: object) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    elif isinstance(value, str):
        yield from numbers_of(value)
    elif isinstance(value, list):
        yield len(value)
        for each in value:
            yield from numbers_in(each)
    elif isinstance(value, dict):
        yield from numbers_in(list(value.values()))


def made_of_two(report: Report) -> set[int]:
    """Numbers made of two of the evidence: percentages, and how many days a bar is."""
    found = {round(100 * count / report.stats.total) for count in report.stats.by_risk.values()}
    levels = [each for each in report.oversight.levels if each.calls]
    found |= {round(100 * each.alone / each.calls) for each in levels}
    return found | {report.population.width_seconds // 86_400}


def test_tables_are_attached_as_they_are_in_the_evidence(report: Report):
    pdf = PdfReader(io.BytesIO(Printer().pdf(report)))

    document = json.loads(pdf.attachments[f"{report.report_id}.json"][0])
    for table in document["tables"]:
        (attached,) = pdf.attachments[f"{report.report_id}-{table['figure']}.csv"]
        head, *rows = csv.reader(io.StringIO(attached.decode()))
        assert table["columns"] == head
        assert len(table["rows"]) == len(rows)


def test_figures_sum_up_to_the_events_of_the_report(report: Report):
    found = tables(report)

    assert report.stats.total == sum_of(found["F1"], 1, 2, 3, 4)
    assert report.stats.blocked == sum_of(found["F1"], 5)
    assert report.stats.tool_calls == sum_of(found["F10"], 2)
    assert report.register.total == sum_of(found["F15"], 1)
    assert report.flows.looked <= sum_of(found["F11"], 3, 4)


def sum_of(table: Table, *columns: int) -> int:
    return sum(int(row[column] or 0) for row in table.rows for column in columns)


def test_months_of_stored_events_are_all_that_is_kept(seeded: Store, report: Report):
    kept = seeded.count_up_to(seeded.default_organization(), EventFilter(kinds=()), 10**9)

    assert kept == sum_of(tables(report)["F18"], 1)


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", " -2", "a;=1"])
def test_no_text_of_a_table_is_a_formula(text: str):
    table = Table(figure="F1", title="", columns=("a", "b"), rows=((text, 3),))

    _, row = csv.reader(io.StringIO(as_csv(table)))

    assert not re.search(r"(?:^|;)\s*[=+@-]", row[0])
    assert "3" == row[1]
