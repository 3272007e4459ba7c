"""Escapes that hide letters are taken off; those that keep text from being executed stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_processor.classify.escapes import without_escapes


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("g\\u0068p_x", "ghp_x"),
        ("g\\\\u0068p_x", "ghp_x"),
        ("g\\x68p_x", "ghp_x"),
        ("token%3Dx", "token=x"),
        ("u=postgres%3A%2F%2Fapp%3Apw%40db", "u=postgres://app:pw@db"),
        ("postgres://app:p%40ss%2Fw@db", "postgres://app:p%40ss%2Fw@db"),
        ("a%3Bb%26c%7Cd%24e%60f%22g%27h%20i%0Aj", "a%3Bb%26c%7Cd%24e%60f%22g%27h%20i%0Aj"),
        (
            "\\u003b\\u0022\\u000a\\u00e9 100% %zz \\u00",
            "\\u003b\\u0022\\u000a\\u00e9 100% %zz \\u00",
        ),
    ],
)
def test_an_escape_of_a_harmless_sign_is_taken_off(text: str, plain: str):
    assert plain == without_escapes(text)


@given(st.text(alphabet="\\u%x0123456789abcdefAF;|&$`\"' \n", max_size=80))
def test_nothing_that_a_shell_acts_on_appears(text: str):
    plain = without_escapes(text)

    assert all(plain.count(sign) == text.count(sign) for sign in ";|&$`\"' \n")


@given(st.text(max_size=60))
def test_text_without_escapes_is_the_same_text(text: str):
    if "%" not in text and "\\" not in text:
        assert without_escapes(text) is text
