"""Values of SQL by the names of their columns, however far behind them they stand."""

import pytest

from agentaudit_processor.classify.inserts import column_list_at, rows_of
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from tests.support.builders import a_tool_call

JUDGE = Judge.load()


def rows(text: str, name: str = "salary") -> list[list[str]] | None:
    """The rows behind the list of columns that `name` stands in."""
    raw = text.encode()
    columns = column_list_at(raw, raw.index(name.encode()))
    if columns is None:
        return None
    return [[raw[start:end].decode() for start, end in row] for row in rows_of(raw, columns)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INSERT INTO emp (id, salary) VALUES (1, 74500);", [["1", "74500"]]),
        ("insert into emp(name,salary) values('a, b','7'),\n ('it''s', NULL)", None),
        ("INSERT IGNORE INTO `e` (`x`, `salary`) VALUES (now(), f(1, 2))", [["now()", "f(1, 2)"]]),
        ("COPY public.emp (id, salary) FROM stdin;\n1\t74500\n2\t\\N\n\\.\n3\t4\n", None),
        ("INSERT INTO emp (id, salary) SELECT 1, 2", []),
        ("INSERT INTO emp (id, salary) VALUES (1, 'open", []),
    ],
)
def test_each_value_is_found_at_the_place_of_its_column(text: str, expected: list[list[str]]):
    quoted = [["a, b", "7"], ["it''s", "NULL"]]
    copied = [["1", "74500"], ["2", "\\N"]]

    found = rows(text)

    assert found in ([expected] if expected is not None else [quoted, copied])


@pytest.mark.parametrize(
    "text", ["call(id, salary)", "CREATE TABLE emp (id int, salary int)", "salary", "x) salary ("]
)
def test_other_brackets_are_no_list_of_columns(text: str):
    assert rows(text) is None


def test_personal_data_of_a_statement_is_found_and_masked():
    statement = (
        "INSERT INTO users (first_name, last_name, salary) "
        "VALUES ('Wendelin', 'Ochsenknecht', 74500), ('Anna', 'Schmidt', 68000)"
    )
    call = a_tool_call(arguments={"command": f'psql -c "{statement}"'}, result=None)

    event = JUDGE.examine(call).event(Policy())

    told = str(event.activity.arguments)
    assert ("person_name", "salary") == event.pii_types
    assert [] == [one for one in ("Wendelin", "Ochsen", "Schmidt", "74500", "68000") if one in told]


def test_a_dump_of_a_thousand_rows_is_cut_where_it_was_not_read():
    lines = "".join(f"{at}\tWendelin Ochsenknecht\n" for at in range(1000))
    call = a_tool_call(result={"stdout": f"COPY users (id, full_name) FROM stdin;\n{lines}\\.\n"})

    exam = JUDGE.examine(call)

    assert "Ochsenknecht" not in str(exam.event(Policy()).activity)
    assert [note for note in exam.not_covered if "too many look-alikes" in note]
