"""Cells below a head that names them, in what tools write and print."""

import pytest

from agentaudit_processor.classify.columns import MAX_CELLS, Columns
from agentaudit_processor.classify.patterns import Pattern
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from tests.support.builders import a_tool_call

HEAD = Pattern("(?i:bsn)[^a-z]")


def cells(text: str) -> list[str]:
    """The cells below `bsn`."""
    raw = text.encode()
    return [raw[start:end].decode() for start, end in Columns(raw).below(HEAD)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,bsn,plan\n1,123,a\n2,456,b\n", ["123", "456"]),
        ("id;bsn\n1;123\n2;456", ["123", "456"]),
        ('"id","bsn"\n"1, or 2","123"\n', ["123"]),
        (" id | bsn | plan\n----+-----+-----\n 1 | 123 | a\n(1 row)\n", ["123"]),
        ("| id | bsn |\n|---|---|\n| 1 | 123 |\n\nbsn follows", ["123"]),
        ("id\tbsn\r\n1\t123\r\n", ["123"]),
        ("sum (EUR),bsn\n1,123\n", ["123"]),
        ("content=bsn,id\n123,1\n\x00\nnext=1,2\n", ["123"]),
    ],
)
def test_a_column_is_read_to_its_end(text: str, expected: list[str]):
    assert expected == cells(text)


@pytest.mark.parametrize(
    "text",
    [
        "the bsn of bob\n1,123,a\n",
        "1,bsn,4\n1,123,a\n",
        "id,bsn,plan\x00\n1,123,a\n",
        "id,bsn,plan\nno cells here\n1,123,a\n",
        "def f(id, bsn):\n  return a, 123\n",
        "",
    ],
)
def test_what_is_no_table_has_no_cells(text: str):
    assert [] == cells(text)


def test_every_column_that_a_rule_names_is_read():
    call = a_tool_call(result={"stdout": "first_name,id,last_name\nAnna,1,Schmidt\nEva,2,Klein\n"})

    event = Judge.load().examine(call).event(Policy())

    assert "A•••,1,S•••\nE•••,2,K•••" in str(event.activity.result["stdout"])


def test_what_lies_below_the_limit_of_cells_counts_as_not_scanned():
    rows = "".join(f"{at},123456782\n" for at in range(MAX_CELLS * 2))
    call = a_tool_call(result={"stdout": "id,bsn\n" + rows})

    exam = Judge.load().examine(call)

    assert MAX_CELLS == sum(f.count for f in exam.findings if f.pii == "national_id_nl")
    assert [note for note in exam.not_covered if "too many look-alikes" in note]
    assert "123456782" not in str(exam.event(Policy()).activity)
