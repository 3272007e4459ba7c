"""All text on one sheet, and back."""

import json
from typing import Any

import pytest

from agentaudit_processor.classify.sheet import INPUT, OUTPUT, Sheet, Span
from agentaudit_processor.classify.walk import TOO_MANY
from tests.support.builders import a_tool_call


def test_every_text_is_laid_with_the_name_of_its_field():
    sheet = Sheet(a_tool_call(arguments={"phone": "0151"}, result=["a", {"b": 12345678}]))

    assert sheet.text.startswith(b"phone=0151\x00\nresult=a\x00\nb=12345678\x00\n")
    assert [(leaf.path, leaf.side) for leaf in sheet.leaves[:3]] == [
        ("arguments.phone", INPUT),
        ("result[0]", OUTPUT),
        ("result[1].b", OUTPUT),
    ]


def test_nothing_to_write_gives_the_same_activity_back():
    call = a_tool_call()

    assert Sheet(call).rewrite([]) is call


def test_a_span_is_replaced_where_it_was():
    call = a_tool_call(arguments={"a": "one two", "n": 123456789}, result=json.dumps({"k": "one"}))
    sheet = Sheet(call)
    at = [sheet.text.index(b"two"), sheet.text.index(b"1234"), sheet.text.rindex(b"one")]

    changed = sheet.rewrite([Span(start=s, end=s + 3, by="•") for s in at])

    assert changed.arguments == {"a": "one •", "n": "•456789"}
    assert changed.result == '{"k":"•"}'


def test_json_with_a_key_twice_is_scanned_as_it_stands():
    sheet = Sheet(a_tool_call(arguments={}, result='{"a": "first", "a": "second"}'))

    assert b"first" in sheet.text
    assert b"second" in sheet.text


def test_a_lone_surrogate_survives():
    call = a_tool_call(arguments={"a": "x\ud800y"}, result=None)
    sheet = Sheet(call)
    start = sheet.text.index(b"x")

    changed = sheet.rewrite([Span(start=start, end=start + 1, by="•")])

    assert changed.arguments == {"a": "•\ud800y"}


@pytest.mark.parametrize(
    "many",
    [
        {f"k{n}": "v" for n in range(20_000)},
        {f"a{n}@b.org": "v" for n in range(20_000)},
        ["v"] * 100_000,
        [[]] * 100_000,
        list(range(10**8, 10**8 + 50_000)),
        {"text": json.dumps(["v"] * 100_000)},
    ],
    ids=["fields", "telling keys", "texts", "lists", "numbers", "JSON in a string"],
)
def test_no_number_of_fields_is_laid_beyond_a_bound(many: Any):
    sheet = Sheet(a_tool_call(arguments={"many": many}))

    changed = sheet.rewrite([])

    assert len(sheet.leaves) < 11_000
    assert TOO_MANY in json.dumps(changed.arguments)
    assert sheet.not_covered == ("arguments: all but its first fields and items",)
    again = Sheet(changed)
    assert again.not_covered == ()
    assert again.rewrite([]) is changed


def test_a_large_table_is_kept_whole():
    rows = [{f"column{n}": "text" for n in range(10)} for _ in range(800)]

    assert Sheet(a_tool_call(result=rows)).not_covered == ()
