"""Makes many Events out of a demonstration on PostgreSQL, in minutes: for `tests.bench.pages`.

`python -m tests.bench.grow URL TIMES`: the database holds a demonstration (`agentaudit seed`); then
so many times as much. What is added are copies of its Events and findings under other ids, in
Sessions of their own, part of them earlier, with sessions and figures to match; made by the
database itself. They have no ledger leaves and no content, so theirs is no use for `verify`, and an
Event's own page is to be measured with one of the demonstration.
"""

import sys
from datetime import datetime, timedelta
from time import perf_counter
from typing import Final

from sqlalchemy import Connection, func, select, text

from agentaudit_backend.store.database import open_engine, writing
from agentaudit_backend.store.partitions import make_months
from agentaudit_backend.store.tables import Event, EventFinding, RollupDay, RollupHour, Session
from agentaudit_backend.store.tables import table_of as table
from agentaudit_backend.store.tallies import SORT
from agentaudit_processor.model import Json

_SPREAD: Final = 4
"""The copies lie in the demonstration's own time, and in so many times before, less one."""
_MONTH: Final = "((extract(year FROM {at}) - 1970) * 12 + extract(month FROM {at}) - 1)::bigint"


def grow(url: str, times: int) -> None:
    """Add `times - 1` copies of what is there."""
    engine = open_engine(url)
    with writing(engine) as connection:
        events = table(Event).c
        first, last, most = connection.execute(
            select(func.min(events.at), func.max(events.at), func.max(events.pk))
        ).one()
        length = timedelta(days=(last - first).days + 1)
        make_months(connection, _months(first - length * _SPREAD, last))
    step = (most & ((1 << 40) - 1)) + 1
    for number in range(1, times):
        started = perf_counter()
        with writing(engine) as connection:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            _copy(connection, number, step, length * (number % _SPREAD))
        print(f"copy {number}: {perf_counter() - started:,.0f} s", flush=True)
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM rollup_month"))
        _count_months(connection)
    own = engine.execution_options(isolation_level="AUTOCOMMIT")
    with own.connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))


def _count_months(connection: Connection) -> None:
    sort = ", ".join(SORT)
    month = "date_trunc('month', day, 'UTC')"
    connection.execute(
        text(
            f"INSERT INTO rollup_month (organization_id, month, {sort}, events) "
            f"SELECT organization_id, {month}, {sort}, sum(events) FROM rollup_day "
            f"GROUP BY organization_id, {month}, {sort}"
        )
    )


def _months(first: datetime, last: datetime) -> range:
    return range(_month(first), _month(last) + 1)


def _month(at: datetime) -> int:
    return (at.year - 1970) * 12 + at.month - 1


def _copy(connection: Connection, number: int, step: int, earlier: timedelta) -> None:
    given: dict[str, Json | timedelta] = {
        "number": str(number),
        "from": number * step,
        "step": step,
        "earlier": earlier,
    }
    at = "((e.at - :earlier) AT TIME ZONE 'UTC')"
    key = f"(({_MONTH.format(at=at)} << 40) + (e.pk & ((1::bigint << 40) - 1)) + :from)"
    original = "(e.pk & ((1::bigint << 40) - 1)) < :step"
    changed = {
        "pk": key,
        "event_id": "md5(e.event_id || :number)",
        "session_id": "e.session_id || '-' || :number",
        "at": "e.at - :earlier",
        "ended_at": "e.ended_at - :earlier",
    }
    _insert(connection, Event, changed, f"event e WHERE {original}", given)
    found = f"finding f JOIN event e ON e.pk = f.event_pk WHERE {original}"
    numbered = {"pk": "nextval('finding_pk_seq')", "event_pk": key}
    _insert(connection, EventFinding, numbered, found, given, of="f")
    sessions = {
        "pk": "nextval('session_pk_seq')",
        "session_id": changed["session_id"],
        "started_at": "e.started_at - :earlier",
        "last_at": "e.last_at - :earlier",
    }
    whole = "session e WHERE e.session_id !~ '-[0-9]$' AND e.session_id LIKE 'demo-%'"
    _insert(connection, Session, sessions, whole, given)
    for rollup, span in ((RollupHour, "hour"), (RollupDay, "day")):
        name = table(rollup).name
        once = f"{name}_once"
        connection.execute(text(f"CREATE TABLE IF NOT EXISTS {once} AS SELECT * FROM {name}"))
        keys = ", ".join(column.name for column in table(rollup).primary_key)
        more = f"ON CONFLICT ({keys}) DO UPDATE SET events = {name}.events + excluded.events"
        _insert(connection, rollup, {span: f"e.{span} - :earlier"}, f"{once} e", given, more=more)


def _insert(
    connection: Connection,
    model: type[Event | EventFinding | Session | RollupHour | RollupDay],
    changed: dict[str, str],
    source: str,
    given: dict[str, Json | timedelta],
    *,
    of: str = "e",
    more: str = "",
) -> None:
    names = [column.name for column in table(model).columns]
    quoted = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(changed.get(name, f'{of}."{name}"') for name in names)
    statement = f"INSERT INTO {table(model).name} ({quoted}) SELECT {values} FROM {source} {more}"
    used = {name: value for name, value in given.items() if f":{name}" in statement}
    connection.execute(text(statement), used)


if __name__ == "__main__":
    grow(sys.argv[1], int(sys.argv[2]))
