"""What an export's file says, cell by cell, and that no cell can act."""

import csv
import io
import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_backend.exports.events import COLUMNS, EVENTS
from agentaudit_backend.exports.forms import FORMS
from agentaudit_backend.exports.stream import ExportStream
from agentaudit_backend.store.store import Store
from agentaudit_backend.store.views import EventDetail
from agentaudit_processor.model import RiskLevel
from tests.support.audit_events import a_control_hit, a_finding, an_event
from tests.support.builders import a_tool_call
from tests.support.stores import a_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with a_store(f"sqlite:///{tmp_path_factory.mktemp('exports')}/agentaudit.db") as opened:
        yield opened


def exported(store: Store, summary: str, **fields: Any) -> EventDetail:
    call = a_tool_call(call_id=summary)
    event = an_event(call, summary=summary, **fields)
    store.write(store.default_organization(), [event])
    found = store.event(store.default_organization(), event.event_id)
    assert found is not None
    return found


def test_a_line_of_json_tells_everything_that_was_kept(store: Store) -> None:
    event = exported(
        store,
        "everything",
        risk=RiskLevel.HIGH,
        findings=(a_finding(tags=("attack.t1485",)),),
        controls=(a_control_hit(),),
        reasons=("Deletes all",),
    )

    told = json.loads(b"".join(FORMS["jsonl"].write(EVENTS, [event])))

    assert "agentaudit.event/1" == told["format"]
    assert event.row.event_id == told["event_id"]
    assert ("high", ["Deletes all"]) == (told["risk_level"], told["reasons"])
    assert "test" == told["packs_version"]
    finding = told["findings"][0]
    assert {"rule_id", "title", "where", "excerpt", "explanation", "advice", "pack"} <= set(finding)
    assert ["attack.t1485"] == finding["tags"]
    assert event.controls[0].control == told["controls"][0]["control"]
    assert event.leaves[0].leaf_hash == told["ledger"][0]["leaf_hash"]
    assert event.arguments == told["arguments"]


@pytest.mark.parametrize(
    "text", ["a;=1+1", "a\n=1+1", 'a;"=1+1', "a; @SUM(A1)", "a\t+1", "a\r\n-1", "a,=1", "a|=1"]
)
def test_no_cell_is_a_formula_where_another_sign_parts_them(store: Store, text: str) -> None:
    event = exported(store, text)

    whole = b"".join(FORMS["csv"].write(EVENTS, [event])).decode("utf-8-sig")

    cells = [cell for mark in ";,\t|" for line in whole.splitlines() for cell in line.split(mark)]
    begun = [cell for cell in cells if cell.lstrip(' "').startswith(("=", "+", "-", "@"))]
    assert [] == begun


def test_a_table_has_its_columns_and_a_row_for_each_event(store: Store) -> None:
    events = [exported(store, "one"), exported(store, 'two, "quoted"\nline')]

    rows = read_csv(b"".join(FORMS["csv"].write(EVENTS, events)))

    assert list(COLUMNS) == rows[0]
    assert ["one", 'two, "quoted"\nline'] == [row[rows[0].index("summary")] for row in rows[1:]]


def test_a_row_tells_how_sure_each_rule_was(store: Store) -> None:
    findings = (
        a_finding(rule_id="pii.email", confidence="high"),
        a_finding(rule_id="pii.email", confidence="high", where="result"),
        a_finding(rule_id="pii.phone", confidence="low"),
        a_finding(rule_id="pii.iban"),
    )

    rows = read_csv(b"".join(FORMS["csv"].write(EVENTS, [exported(store, "x", findings=findings)])))

    assert "pii.email:high pii.phone:low" == rows[1][rows[0].index("confidence")]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|' /C calc'!A0", "=" * 40_000]
)
def test_no_cell_is_a_formula(store: Store, text: str) -> None:
    event = exported(store, text)

    rows = read_csv(b"".join(FORMS["csv"].write(EVENTS, [event])))

    cell = rows[1][rows[0].index("summary")]
    assert cell.startswith("'")
    assert len(cell) <= 32_767


@given(st.text(max_size=50))
def test_any_text_gives_a_file_that_is_read_back(store: Store, text: str) -> None:
    event = exported(store, text)

    table = read_csv(b"".join(FORMS["csv"].write(EVENTS, [event])))
    line = json.loads(b"".join(FORMS["jsonl"].write(EVENTS, [event])))

    assert (2, len(COLUMNS)) == (len(table), len(table[1]))
    assert event.row.summary == line["summary"]


def test_the_hash_is_that_of_the_bytes_given(store: Store) -> None:
    stream = ExportStream(
        FORMS["jsonl"], EVENTS, [exported(store, f"event {n}") for n in range(100)]
    )

    given = b"".join(stream)

    assert (100, sha256(given).hexdigest()) == (stream.count, stream.sha256_hex)
    assert 100 == given.count(b"\n")


def read_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
