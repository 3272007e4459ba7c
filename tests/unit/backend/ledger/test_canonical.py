"""Canonical JSON: RFC 8785 where it applies, one readable line for whatever agents send."""

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_backend.ledger.canonical import canonical_form, slot_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAME = st.text(st.characters(codec="ascii", categories=["Ll", "Lu"]), min_size=1, max_size=8)
PLAIN = st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAME, inner, max_size=4)
)
ANY_TEXT = st.text(st.characters(), max_size=20)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
)


@given(st.dictionaries(NAME, VALUES, max_size=8))
def test_an_envelope_is_written_as_rfc_8785_says(envelope: dict[str, object]) -> None:
    assert rfc8785.dumps(envelope) == canonical_form(envelope) % ()  # type: ignore[arg-type]


@given(st.dictionaries(NAME, VALUES, min_size=1, max_size=8), st.data())
def test_a_form_whose_blanks_are_filled_is_the_whole_envelope(
    envelope: dict[str, object], data: st.DataObject
) -> None:
    blanks = data.draw(st.sets(st.sampled_from(sorted(envelope))))
    known = {name: value for name, value in envelope.items() if name not in blanks}

    form = canonical_form(known, blanks)  # type: ignore[arg-type]

    values = tuple(slot_text(envelope[name]).encode() for name in sorted(blanks))  # type: ignore[arg-type]
    assert rfc8785.dumps(envelope) == form % values  # type: ignore[arg-type]


def test_a_percent_sign_in_a_form_stays_one() -> None:
    form = canonical_form({"a": "100 %b %% of 5%"}, ["seq"])

    assert b'{"a":"100 %b %% of 5%","seq":7}' == form % (b"7",)


@given(ANYTHING)
def test_any_value_becomes_one_storable_line(value: object) -> None:
    text = slot_text(value)  # type: ignore[arg-type]

    assert "\n" not in text
    assert "\x00" not in text
    assert text == text.encode().decode()
    json.loads(text)


@given(VALUES)
def test_a_plain_value_is_read_back_as_it_was(value: object) -> None:
    assert value == json.loads(slot_text(value))  # type: ignore[arg-type]


def test_a_lone_surrogate_and_a_nan_are_made_readable() -> None:
    assert '["\ufffd","nan","-inf"]' == slot_text(["\ud800", float("nan"), float("-inf")])


def test_a_nul_character_is_kept() -> None:
    assert "a\x00b" == json.loads(slot_text("a\x00b"))


@pytest.mark.parametrize("number", [0.0, float("nan")])
def test_a_value_nested_too_deeply_costs_the_value_only(number: float) -> None:
    nested: object = number
    for _ in range(100_000):
        nested = [nested]

    assert "nested too deeply" in slot_text(nested)  # type: ignore[arg-type]
