"""What a Pattern finds is what the library finds by its own search."""

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.classify.patterns import Pattern, RuleError

PATTERNS = ("a(b)?(c)", "(?i)[a-c]+", "^a|b$", r"\bab\b", "(?m)^(a)", "", "\\x00|\\xff")


@given(
    pattern=st.sampled_from(PATTERNS),
    text=st.lists(st.sampled_from([b"a", b"b", b"C", b"\n", b"\x00", b"\xff"])).map(b"".join),
    at=st.integers(min_value=0, max_value=4),
)
def test_places_are_those_of_the_library(pattern: str, text: bytes, at: int):
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    at = min(at, len(text))

    theirs = re2.compile(pattern.encode(), options).search(text, at)
    ours = Pattern(pattern).find(text, at)

    if theirs is None:
        assert ours is None
    else:
        assert list(ours) == [theirs.span(group) for group in range(theirs.re.groups + 1)]


@given(
    pattern=st.sampled_from(PATTERNS),
    text=st.lists(st.sampled_from([b"a", b"b", b"C", b"\n"])).map(b"".join),
)
def test_a_pattern_occurs_where_it_is_found(pattern: str, text: bytes):
    made = Pattern(pattern)

    assert made.occurs(text) == (made.find(text) is not None)


def test_a_pattern_that_re2_does_not_take_is_told():
    with pytest.raises(RuleError, match="no argument for repetition"):
        Pattern("*a")


def test_every_pattern_of_a_rule_that_ships_is_taken():
    rules = load_packs().rules

    asked = [one for rule in rules for one in (rule.pattern, rule.trigger, rule.unless) if one]

    assert all(isinstance(Pattern(one), Pattern) for one in asked)
