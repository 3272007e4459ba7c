"""What a person may type into the query, what it means, and what is said of a slip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_processor.query.language import (
    MAX_TERMS,
    MAX_VALUES,
    QueryError,
    QueryText,
    read_query,
)
from agentaudit_processor.query.terms import Field, Pattern, Term


def a_term(field: Field, *values: str, negated: bool = False, wild: bool = False) -> Term:
    patterns = tuple(Pattern(text=value, wild=wild) for value in values)
    return Term(field=field, patterns=patterns, negated=negated)


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("risk:high", a_term(Field.RISK, "high")),
        ("risk:HIGH,critical", a_term(Field.RISK, "high", "critical")),
        ("risk:>=high", a_term(Field.RISK, "high", "critical")),
        ("risk:<medium", a_term(Field.RISK, "low")),
        ("risk:>low", a_term(Field.RISK, "medium", "high", "critical")),
        ("-tool:Bash", a_term(Field.TOOL, "Bash", negated=True)),
        ("user:alice@*", a_term(Field.USER, "alice@*", wild=True)),
        ('user:"a b"', a_term(Field.USER, "a b")),
        ('user:"alice@*"', a_term(Field.USER, "alice@*")),
        ("action:web_*", a_term(Field.ACTION, "web_fetch", "web_search")),
        ("finding:pii.*", a_term(Field.RULE, "pii.*", wild=True)),
        ("pii:none", a_term(Field.PII, "none")),
        ("host:*", a_term(Field.HOST, "*", wild=True)),
        ('cmd:"say \\"yes\\""', a_term(Field.CMD, 'say "yes"')),
        ("path:C:\\temp", a_term(Field.PATH, "C:\\temp")),
    ],
)  # fmt: skip
def test_a_term_says_what_it_means(text: str, term: Term) -> None:
    assert (term,) == read_query(text).terms


def test_words_and_phrases_are_looked_for_in_the_summary() -> None:
    read = read_query('drop "from users" -"where id" https://example.com:8443/x rm -rf')

    assert ("drop", "from users", "https://example.com:8443/x", "rm", "-rf") == read.words
    assert ("where id",) == read.words_excluded
    assert () == read.terms


def test_nothing_typed_asks_for_nothing() -> None:
    assert QueryText() == read_query(" \t ")


@pytest.mark.parametrize(
    ("text", "position", "told"),
    [
        ("riks:high", 0, "did you mean “risk”?"),
        ("x -riks:high", 3, "did you mean “risk”?"),
        ("localhost:8000", 0, "ut a text with a colon in quotes"),
        ("risk:hihg", 5, "is none of low, medium, high, critical"),
        ("risk:>=x", 5, "is none of low"),
        ("risk:<low", 5, "is none of low"),
        ("user:", 5, "needs a value"),
        ("user:a,,b", 7, "needs a value"),
        ('drop "from', 5, "not closed"),
        ("pii:e*l", 4, "at either end only"),
        ("tool:a " * (MAX_TERMS + 1), 7 * MAX_TERMS, "more than 30 terms"),
        ("tool:" + "a," * MAX_VALUES + "a", 0, "more than 50 values"),
    ],
)
def test_a_slip_is_told_with_its_place(text: str, position: int, told: str) -> None:
    with pytest.raises(QueryError) as raised:
        read_query(text)

    assert position == raised.value.position
    assert told in str(raised.value)


@given(st.text(alphabet=st.sampled_from('ab:,"\\-* risk>=\n\x00\ud800ß'), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read = read_query(text)
    except QueryError as refused:
        position = refused.position
    else:
        position = 0
        again = read_query(" ".join(read.pieces))
        assert (read.terms, read.words) == (again.terms, again.words)

    assert 0 <= position <= len(text)
