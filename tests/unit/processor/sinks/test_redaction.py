"""Redaction of what leaves: allow-list, blocked keys and values, hashes, summary, nested JSON."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from agentaudit_processor.dialects.record import attributes_of
from agentaudit_processor.sinks.redacting import redact
from agentaudit_processor.sinks.redaction import BadRedaction, Redaction, RedactionRules
from tests.support.otlp import a_span, a_trace_request, pairs, value_of

SECRET = "AKIA" + "Q" * 16
BLOCKED = ("AKIA[0-9A-Z]{16}",)


def rules(**given_: Any) -> RedactionRules:
    defaults: dict[str, Any] = {"allow_all_keys": True, "blocked_values": BLOCKED}
    return RedactionRules(**defaults | {"summary": "silent"} | given_)


def redacted(attributes: dict[str, Any], **given_: Any) -> dict[str, Any]:
    request = a_trace_request(Span(attributes=pairs(attributes)))
    redact(Redaction(rules(**given_)), request)
    return attributes_of(request.resource_spans[0].scope_spans[0].spans[0].attributes)


def test_without_an_allow_list_no_key_passes() -> None:
    assert {} == redacted({"note": "hello", "number": 1}, allow_all_keys=False)


def test_only_allowed_keys_pass_and_what_we_found() -> None:
    told = {"note": "hello", "other": "x", "agentaudit.risk.level": "high"}

    passed = redacted(told, allow_all_keys=False, allowed_keys=("note",))

    assert passed == {"note": "hello", "agentaudit.risk.level": "high"}


def test_a_blocked_value_is_masked_where_it_stands() -> None:
    assert redacted({"note": f"key {SECRET}!"}) == {"note": "key ****!"}


def test_the_value_of_a_blocked_key_is_masked_whole() -> None:
    told = {"my.token": "two\nlines", "note": "x"}

    assert redacted(told, blocked_key_patterns=("token",)) == {"my.token": "****", "note": "x"}


def test_an_ignored_key_wins_over_everything() -> None:
    told = {"safe.token": SECRET}
    given_ = {"blocked_key_patterns": ("token",), "ignored_key_patterns": (r"^safe\.",)}

    assert redacted(told, allow_all_keys=False, **given_) == told
    assert redacted(told, allow_all_keys=False, ignored_keys=("safe.token",)) == told


def test_an_allowed_value_wins_over_a_blocked_one() -> None:
    told = {"note": f"example {SECRET}"}

    assert redacted(told, allowed_values=("^example",)) == told


def test_numbers_are_looked_at_only_where_that_is_asked() -> None:
    told = {"card": 4111111111111111}

    assert redacted(told, blocked_values=("4[0-9]{15}",)) == told
    assert redacted(told, blocked_values=("4[0-9]{15}",), redact_all_types=True) == {"card": "****"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("md5", hashlib.md5(SECRET.encode()).hexdigest()),
        ("sha1", hashlib.sha1(SECRET.encode()).hexdigest()),
        ("sha3", hashlib.sha3_256(SECRET.encode()).hexdigest()),
        ("hmac-sha256", hmac.digest(b"k" * 64, SECRET.encode(), "sha256").hex()),
        ("hmac-sha512", hmac.digest(b"k" * 64, SECRET.encode(), "sha512").hex()),
    ],
)
def test_a_value_may_be_hashed_instead(name: Any, expected: str) -> None:
    found = redacted({"note": SECRET}, hash_function=name, hmac_key="k" * 64)

    assert found == {"note": expected}


def test_json_within_a_text_is_read_with_its_keys_and_escapes() -> None:
    hidden = json.dumps({"env": {"api_token": "plain"}, "argv": ["echo", SECRET]})
    hidden = hidden.replace("AKIA", "\\u0041KIA")

    found = redacted({"gen_ai.tool.call.arguments": hidden}, blocked_key_patterns=("token",))

    assert json.loads(str(found["gen_ai.tool.call.arguments"])) == {
        "env": {"api_token": "****"},
        "argv": ["echo", "****"],
    }


def test_lists_and_maps_are_looked_into() -> None:
    told = {"list": ["a", SECRET], "map": {"password": "p", "deep": {"note": SECRET}}}

    found = redacted(told, blocked_key_patterns=("password",))

    assert found == {"list": ["a", "****"], "map": {"password": "****", "deep": {"note": "****"}}}


def test_every_place_of_a_span_is_looked_at() -> None:
    hot = pairs({"note": SECRET})
    span = a_span(
        name=f"execute_tool {SECRET}",
        status=Status(message=SECRET),
        events=[Span.Event(name=SECRET, attributes=hot)],
        links=[Span.Link(trace_id=b"l" * 16, span_id=b"l" * 8, attributes=hot)],
    )
    span.attributes.extend(hot)
    request = a_trace_request(span, resource={"note": SECRET})
    request.resource_spans[0].scope_spans[0].scope.attributes.extend(hot)

    redact(Redaction(rules()), request)

    assert SECRET not in str(request)
    assert 8 == str(request).count("****")


def test_the_allow_list_holds_for_the_maps_of_a_body_at_every_level() -> None:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    record.body.CopyFrom(value_of({"kept": {"kept": SECRET, "gone": 1}, "gone": "x"}))

    allow = rules(allow_all_keys=False, allowed_keys=("kept",), summary="debug")
    redact(Redaction(allow), request)

    assert {"kept": {"kept": "****"}} == attributes_of(record.body.kvlist_value.values)
    assert attributes_of(record.attributes) == {
        "redaction.body.redacted.keys": "gone,kept.gone",
        "redaction.body.redacted.count": 2,
        "redaction.body.masked.keys": "kept.kept",
        "redaction.body.masked.count": 1,
    }


def test_data_points_and_exemplars_are_looked_at() -> None:
    request = ExportMetricsServiceRequest()
    point = request.resource_metrics.add().scope_metrics.add().metrics.add().sum.data_points.add()
    point.attributes.extend(pairs({"note": SECRET}))
    point.exemplars.add().filtered_attributes.extend(pairs({"note": SECRET}))

    redact(Redaction(rules()), request)

    assert SECRET not in str(request)


def test_a_summary_counts_and_names_and_adds_to_what_is_there() -> None:
    told = {"b": SECRET, "a": SECRET, "gone": "x", "redaction.masked.count": 1}
    given_ = {"allow_all_keys": False, "allowed_keys": ("a", "b"), "ignored_keys": ("x",)}

    named = redacted(told, summary="debug", **given_)
    counted = redacted(told, summary="info", **given_)

    assert named["redaction.masked.keys"] == "a,b"
    assert named["redaction.redacted.keys"] == "gone"
    assert (3, 1) == (named["redaction.masked.count"], named["redaction.redacted.count"])
    assert "redaction.masked.keys" not in counted
    assert 3 == counted["redaction.masked.count"]


@pytest.mark.parametrize(
    "given_",
    [
        {"blocked_values": ("(",)},
        {"hash_function": "hmac-sha256", "hmac_key": "k" * 31},
        {"hash_function": "hmac-sha512", "hmac_key": "k" * 63},
    ],
    ids=["no pattern", "short key", "short key of the longer hash"],
)
def test_rules_that_cannot_be_used_are_refused_without_telling_the_key(
    given_: dict[str, Any],
) -> None:
    with pytest.raises(BadRedaction) as refused:
        Redaction(rules(**given_))

    assert "kkk" not in str(refused.value)
    assert "kkk" not in repr(rules(**given_))


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, some.text())
def test_whatever_stands_around_it_a_blocked_value_does_not_leave(inside: Any, text: str) -> None:
    told = {"json": json.dumps([inside, {"k": text + SECRET}]), "text": text + SECRET + text}

    found = redacted(told)

    assert SECRET not in str(found)
