"""Column types: exact times, storable text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from agentaudit_backend.store.types import UtcDateTime
from agentaudit_backend.store.values import (
    from_microseconds,
    from_nanoseconds,
    is_storable,
    storable,
    to_microseconds,
)

TIMES = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001  the zone is given below
    max_value=datetime(9999, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(TIMES)
def test_a_time_survives_to_the_microsecond(at: datetime) -> None:
    assert at == from_microseconds(to_microseconds(at))


@given(TIMES)
def test_sqlite_keeps_the_order_of_times(at: datetime) -> None:
    bound = UtcDateTime().process_bind_param(at, sqlite.dialect())

    assert bound < UtcDateTime().process_bind_param(
        at + timedelta(microseconds=1), sqlite.dialect()
    )


def test_a_time_of_another_zone_comes_back_in_utc() -> None:
    at = datetime(2026, 9, 21, 16, 0, tzinfo=timezone(timedelta(hours=2)))

    for dialect in (sqlite.dialect(), postgresql.dialect()):
        kept = UtcDateTime().process_bind_param(at, dialect)
        back = UtcDateTime().process_result_value(kept, dialect)
        assert back is not None
        assert "2026-09-21T14:00:00+00:00" == back.isoformat()


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 9, 21), sqlite.dialect())  # noqa: DTZ001


@pytest.mark.parametrize("nanoseconds", [-(2**63), -1, 0, 2**63, 2**64 - 1])
def test_a_broken_clock_gives_a_time_that_both_databases_take(nanoseconds: int) -> None:
    assert 1970 <= from_nanoseconds(nanoseconds).year <= 9999


@given(st.text())
def test_storable_text_is_utf_8_without_nul_and_of_the_same_length(text: str) -> None:
    kept = storable(text)

    assert "\x00" not in kept
    assert len(text) == len(kept)
    assert kept == kept.encode().decode() == storable(kept)
    if is_storable(text):
        assert text == kept
