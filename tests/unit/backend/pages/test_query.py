"""The URL is the state: what parameters mean, and that links keep them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_backend.pages.parameters import ALIASES, LIMITS, parse
from agentaudit_backend.pages.query import FACETS, RANGES, BadQuery, Query
from agentaudit_backend.store.filters import USUAL_KINDS, EventFilter
from agentaudit_processor.model import Action, Decision, EventKind, RiskLevel

NOW = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)


def read(query_string: str) -> Query:
    return parse(parse_qsl(query_string, keep_blank_values=True))


def test_no_parameter_means_the_last_24_hours_of_every_usual_kind():
    expected = EventFilter(since=NOW - timedelta(days=1), kinds=USUAL_KINDS)

    assert expected == read("").filter(NOW)


def test_several_values_of_a_facet_are_joined_by_or():
    where = read("risk=high&risk=critical&action=shell_command&decision=block").filter(NOW)

    assert (RiskLevel.HIGH, RiskLevel.CRITICAL) == where.risks
    assert (Action.SHELL_COMMAND,) == where.actions
    assert (Decision.BLOCK,) == where.decisions


def test_the_names_of_the_api_are_understood():
    aliased = read(
        "risk_level=high&agent_id=claude-code&session_id=s1&pii_detected=true"
        "&after=2026-11-20T00:00:00Z&before=2026-11-21T00:00:00Z"
    )

    assert aliased == read(
        "risk=high&agent=claude-code&session=s1&pii=yes"
        "&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z"
    )


def test_unknown_parameters_and_empty_fields_are_ignored():
    assert Query() == read("colour=red&risk=&q=++&from=&to=")


@pytest.mark.parametrize(
    ("query_string", "field"),
    [
        ("risk=huge", "risk"),
        ("risk_level=huge", "risk"),
        ("action=fly", "action"),
        ("decision=maybe", "decision"),
        ("kind=thing", "kind"),
        ("pii=perhaps", "pii"),
        ("range=1y", "range"),
        ("limit=7", "limit"),
        ("limit=\u0661\u0660\u0660", "limit"),
        ("from=yesterday", "from"),
        ("after=2026-13-01", "from"),
        ("to=0001-01-01T00:00:00%2B23:59", "to"),
        ("from=1969-12-31T23:59:59Z", "from"),
        ("to=2262-01-01", "to"),
        ("from=2026-11-22&to=2026-11-22", "to"),
        ("user=" + "x" * 301, "user"),
        ("&".join(f"session=s{n}" for n in range(51)), "session"),
    ],
)
def test_a_bad_value_is_told_with_its_field(query_string: str, field: str):
    with pytest.raises(BadQuery) as told:
        read(query_string)

    assert field == told.value.field


def test_a_time_of_the_form_is_utc_and_given_ends_win_over_a_range():
    query = read("range=7d&from=2026-11-20T10:00&to=2026-11-21T10:00:30")

    assert query.window(NOW) == (
        datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
        datetime(2026, 11, 21, 10, 0, 30, tzinfo=UTC),
    )


def test_a_time_in_another_zone_is_turned_to_utc():
    since, _ = read("from=2026-11-20T10:00:00%2B02:00").window(NOW)

    assert datetime(2026, 11, 20, 8, 0, tzinfo=UTC) == since


def test_both_answers_to_pii_are_no_condition():
    assert read("pii=yes&pii=none").filter(NOW).pii is None


def test_every_kind_comes_only_when_asked_for():
    assert EventKind.LOG_ACCESS not in USUAL_KINDS
    assert set(EventKind) == set(read("kind=all").filter(NOW).kinds)


def test_a_typed_kind_takes_the_place_of_the_usual_ones():
    assert () == read("q=kind:log_access").filter(NOW).kinds


def test_a_typed_piece_can_be_taken_out_again():
    query = read('q=rm+risk:high+"a+b"')

    assert 'rm "a b"' == query.without_piece(1).text
    assert query.without_piece(0).without_piece(0).without_piece(0).text is None


def test_toggling_a_value_twice_gives_the_same_link():
    query = read("risk=high&q=rm&range=7d")

    assert query.toggled("user", "a@b").toggled("user", "a@b") == query


def test_changing_a_condition_leaves_the_cursor_behind():
    query = read("risk=high&cursor=abc")

    assert query.at("abc") == query
    assert query.toggled("risk", "low").cursor is None
    assert query.ranged("7d").cursor is None


def test_the_guide_names_every_parameter_and_range():
    guide = Path(__file__).parents[4].joinpath("docs/guides/dashboard.md").read_text()

    for word in (*FACETS, *RANGES, *map(str, LIMITS), *ALIASES, "from", "to", "q", "limit"):
        assert f"`{word}`" in guide


facet_values = st.fixed_dictionaries(
    {},
    optional={
        "risk": st.lists(st.sampled_from([level.label for level in RiskLevel]), unique=True),
        "action": st.lists(st.sampled_from([action.value for action in Action]), unique=True),
        "user": st.lists(st.text(min_size=1, max_size=20).filter(str.strip), max_size=3),
        "session": st.lists(st.text(min_size=1, max_size=20).filter(str.strip), max_size=3),
    },
)


@given(
    facet_values,
    st.sampled_from(sorted(RANGES)),
    st.sampled_from([None, "rm -rf", "ä&=#+ %", "risk:>=high -tool:a,b"]),
)
def test_a_link_reopens_the_same_view(
    facets: dict[str, list[str]], range_name: str, text: str | None
):
    pairs = [(name, value) for name, values in facets.items() for value in values]
    query = parse([*pairs, ("range", range_name), *([("q", text)] if text else [])])

    assert query == read(query.url("/dashboard").partition("?")[2])
