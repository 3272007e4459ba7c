"""Rows are made without the tables, so what they are made by has to agree with those."""

import subprocess
import sys

import pytest
from sqlalchemy import Table

from agentaudit_backend.store.bulk import plain_maker
from agentaudit_backend.store.columns import (
    COLUMNS,
    FINDING_COLUMNS,
    plain_event,
    plain_finding,
)
from agentaudit_backend.store.plain import PlainMaker
from agentaudit_backend.store.tables import Event, EventFinding, table_of

EVENTS, FINDINGS = table_of(Event), table_of(EventFinding)


@pytest.mark.parametrize(
    ("table", "columns", "known_later"),
    [(EVENTS, COLUMNS, {"pk", "profile"}), (FINDINGS, FINDING_COLUMNS, {"pk", "event_pk"})],
    ids=["event", "finding"],
)
def test_a_row_has_every_column_of_its_table_but_those_known_later(
    table: Table, columns: tuple[str, ...], known_later: set[str]
) -> None:
    assert {column.name for column in table.columns} - known_later == set(columns)


@pytest.mark.parametrize(
    ("table", "columns", "maker"),
    [(EVENTS, COLUMNS, plain_event), (FINDINGS, FINDING_COLUMNS, plain_finding)],
    ids=["event", "finding"],
)
def test_a_row_is_made_plain_as_the_types_of_its_table_say(
    table: Table, columns: tuple[str, ...], maker: PlainMaker
) -> None:
    by_types = plain_maker(table, columns)

    assert (by_types.texts, by_types.others) == (maker.texts, maker.others)


def test_a_worker_loads_neither_the_database_nor_the_web() -> None:
    look = "import sys, agentaudit_backend.workers.nursery; print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)

    heavy = {"sqlalchemy", "sqlmodel", "pydantic", "fastapi", "starlette", "alembic", "jinja2"}
    assert heavy.isdisjoint(done.stdout.split())
