"""Contents stay bounded, finite and encodable, and keep their shape."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_hook.agents.contents import (
    MAX_DEPTH,
    MAX_STRING_CHARS,
    MAX_TOTAL_CHARS,
    Fitter,
    Unreadable,
    read_object,
)

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_JSON)
def test_what_fits_is_not_changed(value: object) -> None:
    fitter = Fitter()

    assert value == fitter.fit(value)
    assert not fitter.truncated


def test_a_long_text_keeps_its_head_and_tail() -> None:
    fitter = Fitter()

    kept = fitter.fit("a" * MAX_STRING_CHARS + "b" * MAX_STRING_CHARS)

    assert isinstance(kept, str)
    assert fitter.truncated
    assert (kept[0], kept[-1]) == ("a", "b")
    assert f"{MAX_STRING_CHARS} characters left out" in kept


@pytest.mark.parametrize(
    "value",
    [
        ["x" * MAX_STRING_CHARS] * 50,
        {f"key-{n}": "y" * 1000 for n in range(20_000)},
        list(range(1_000_000)),
        {"k" * 3_000_000: 1},
    ],
    ids=["long texts", "many fields", "many numbers", "long key"],
)
def test_nothing_is_larger_than_the_budget_by_much(value: object) -> None:
    fitter = Fitter()

    written = json.dumps(fitter.fit(value))

    assert fitter.truncated
    assert len(written) < 1.5 * MAX_TOTAL_CHARS


def test_deep_nesting_ends() -> None:
    value: object = "core"
    for _ in range(MAX_DEPTH * 3):
        value = [value]
    fitter = Fitter()

    written = json.dumps(fitter.fit(value))

    assert fitter.truncated
    assert MAX_DEPTH == written.count("[") - 1


def test_what_no_encoding_can_carry_is_replaced() -> None:
    read = read_object(rb'{"a": "\ud800", "b": NaN, "c": 1e999, "\udfff": 1}')

    fitted = Fitter().fit_fields(read)

    assert {"a": "?", "b": "NaN", "c": "inf", "?": 1} == fitted
    json.dumps(fitted, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize("body", [b"", b"  ", b"[]", b"7", b"{", b"\xff{}", b'{"a":1}x'])
def test_what_is_no_object_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_object(body)
