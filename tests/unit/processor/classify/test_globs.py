"""Globs over hostile texts."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentaudit_processor.classify.globs import (
    GlobError,
    check,
    matches,
    matches_command,
    matching,
)

TEXTS = st.text(alphabet="ab]*?[!-^\\.é\n", max_size=10)


@given(TEXTS, st.text(alphabet="ab*?.é\\^|()+\n", max_size=8))
@settings(max_examples=300, deadline=None)
def test_a_glob_means_what_fnmatch_says(text: str, glob: str):
    assert fnmatchcase(text, glob) == matches(glob, text)


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        ("mcp__*__query", "mcp__db__query", True),
        ("Bash", "bash", False),
        ("a[bc]d", "abd", True),
        ("a[!bc]d", "abd", False),
        ("a[!bc]d", "axd", True),
        ("a[0-9]", "a7", True),
        ("a[]]", "a]", True),
        ("a[^b]", "a^", True),
        ("a[", "a[", True),
        ("*.env", "/p/\ud800.env", True),
        ("", "x", False),
    ],
)
def test_sets_and_odd_signs(glob: str, text: str, expected: bool):
    assert expected is matches(glob, text)


@pytest.mark.parametrize(
    ("glob", "command", "expected"),
    [
        ("psql *", "psql -h db -c 'DROP TABLE x'", True),
        ("psql *", "psql -h db; rm -rf /", False),
        ("psql *", "psql -h db && rm -rf /", False),
        ("psql *", "psql -h db | sh", False),
        ("psql *", "psql -h db\nrm -rf /", False),
        ("psql *", "psql -h $(rm -rf /)", False),
        ("psql *", "psql -h `rm -rf /`", False),
        ("psql *", "psql <(rm -rf /)", False),
        ("psql * | tee *", "psql -c x | tee log", True),
        ("psql * | tee *", "psql -c x | tee log | sh", False),
    ],
)
def test_a_star_in_a_command_reaches_into_no_second_one(glob: str, command: str, expected: bool):
    assert expected is matches_command(glob, command)


@given(st.text(max_size=20), st.text(max_size=20))
@settings(deadline=None)
def test_no_glob_and_no_text_raises(glob: str, text: str):
    matches(glob, text)
    matches_command(glob, text)


def test_what_is_no_glob_is_said():
    with pytest.raises(GlobError, match="no glob"):
        check("[z-a]")
    with pytest.raises(GlobError, match="1000"):
        check("x" * 2_000)


def test_a_glob_of_many_stars_is_read_in_time_with_the_text():
    assert not matches("*a" * 30, "b" * 64_000)  # a search that goes back takes hours


@given(
    TEXTS,
    st.lists(st.text("abrm^\\-!]$.", max_size=5), max_size=6),
    st.sampled_from(["", "a\nb", "é"]),
)
@settings(max_examples=300, deadline=None)
def test_one_look_at_many_names_finds_what_a_look_at_each_does(
    glob: str, names: list[str], odd: str
):
    every = [*names, odd]

    assert [name for name in every if matches(glob, name)] == matching(glob, every)
