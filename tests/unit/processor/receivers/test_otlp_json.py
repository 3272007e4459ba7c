"""OTLP/JSON, which is not quite protobuf's JSON."""

import json
from base64 import b64decode
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from agentaudit_processor.receivers.otlp_json import message_of
from tests.support.otlp import a_span, a_trace_request


def span_of(**fields: Any) -> Span:
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [fields]}]}]}
    request = message_of(ExportTraceServiceRequest, json.dumps(body).encode())
    return request.resource_spans[0].scope_spans[0].spans[0]


def value_of(value: Any) -> Any:
    return span_of(attributes=[{"key": "k", "value": value}]).attributes[0].value


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
    | st.binary(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.", max_size=3), inner),
    max_leaves=6,
)


@pytest.mark.otlp(44)
@given(
    attributes=st.dictionaries(st.text("abc.", max_size=5), _values, max_size=4),
    ids=st.tuples(st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8)),
    times=st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)),
    flags=st.integers(0, 2**32 - 1),
)
def test_what_another_encoder_writes_as_otlp_json_is_read_as_it_was(
    attributes: dict[str, Any], ids: tuple[bytes, bytes], times: tuple[int, int], flags: int
) -> None:
    span = a_span(
        attributes,
        trace_id=ids[0],
        span_id=ids[1],
        parent_span_id=ids[1],
        start_time_unix_nano=times[0],
        end_time_unix_nano=times[1],
        flags=flags,
        status=Status(code=Status.STATUS_CODE_ERROR, message="no"),
        events=[Span.Event(name="e", time_unix_nano=times[0], dropped_attributes_count=2)],
        links=[Span.Link(trace_id=ids[0], span_id=ids[1], trace_state="a=b")],
    )
    request = a_trace_request(span)

    written = json_format.MessageToDict(request, use_integers_for_enums=True)

    assert request == message_of(ExportTraceServiceRequest, json.dumps(hexed(written)).encode())


def hexed(written: Any) -> Any:
    """Protobuf's JSON with its ids in hex, as OTLP wants them."""
    if isinstance(written, list):
        return [hexed(item) for item in written]
    if not isinstance(written, dict):
        return written
    return {
        key: b64decode(value).hex() if key in _IDS else hexed(value)
        for key, value in written.items()
    }


_IDS = ("traceId", "spanId", "parentSpanId")


@pytest.mark.otlp(38)
@pytest.mark.parametrize(
    "hexadecimal", ["5b8efff798038103d269b633813fc60c", "5B8EFFF798038103D269B633813FC60C"]
)
def test_ids_are_hex_in_any_case(hexadecimal: str) -> None:
    assert span_of(traceId=hexadecimal).trace_id.hex() == hexadecimal.lower()


@pytest.mark.parametrize("wrong", ["W47/95gDgQPSabYzgT/GDA==", "xyz", "5b8"])
def test_an_id_that_is_no_hex_costs_its_span_only(wrong: str) -> None:
    assert span_of(traceId=wrong, name="kept").trace_id == b""


@pytest.mark.otlp(42)
@pytest.mark.parametrize("written", [1790000000000000000, "1790000000000000000"])
def test_64_bit_integers_come_as_number_or_as_string(written: Any) -> None:
    assert span_of(startTimeUnixNano=written).start_time_unix_nano == 1790000000000000000
    assert value_of({"intValue": written}).int_value == 1790000000000000000


@pytest.mark.otlp(39)
def test_enums_are_integers() -> None:
    assert span_of(kind=3).kind == Span.SPAN_KIND_CLIENT
    with pytest.raises(ValueError, match="invalid literal"):
        span_of(kind="SPAN_KIND_CLIENT")


@pytest.mark.otlp(40)
def test_unknown_fields_are_skipped_at_every_level() -> None:
    body = {
        "later": 1,
        "resourceSpans": [
            {"later": {}, "scopeSpans": [{"later": [], "spans": [{"name": "x", "later": "y"}]}]}
        ],
    }

    request = message_of(ExportTraceServiceRequest, json.dumps(body).encode())

    assert request.resource_spans[0].scope_spans[0].spans[0].name == "x"


@pytest.mark.otlp(41)
def test_snake_case_names_are_unknown_fields() -> None:
    assert span_of(trace_id="5b8efff798038103d269b633813fc60c").trace_id == b""


@pytest.mark.otlp(43, 45)
@pytest.mark.parametrize(
    ("value", "field", "read"),
    [
        ({"stringValue": ""}, "string_value", ""),
        ({"boolValue": False}, "bool_value", False),
        ({"doubleValue": "Infinity"}, "double_value", float("inf")),
        ({"doubleValue": 1}, "double_value", 1.0),
        ({"bytesValue": "AQI="}, "bytes_value", b"\x01\x02"),
        ({"bytesValue": "-_8"}, "bytes_value", b"\xfb\xff"),
    ],
)
def test_values_of_every_kind_are_read(value: Any, field: str, read: Any) -> None:
    found = value_of(value)

    assert found.WhichOneof("value") == field
    assert getattr(found, field) == read


def test_an_empty_value_is_a_value() -> None:
    assert value_of({}).WhichOneof("value") is None


@pytest.mark.otlp(45)
def test_lists_and_maps_nest() -> None:
    found = value_of(
        {
            "kvlistValue": {
                "values": [{"key": "a", "value": {"arrayValue": {"values": [{"intValue": "1"}]}}}]
            }
        }
    )

    assert found.kvlist_value.values[0].value.array_value.values[0].int_value == 1


def test_an_empty_list_is_told_from_no_value() -> None:
    assert value_of({"arrayValue": {}}).WhichOneof("value") == "array_value"


def test_null_is_as_absent() -> None:
    assert span_of(name=None, attributes=None, status=None) == Span()


def test_a_lone_surrogate_becomes_a_question_mark() -> None:
    body = rb'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "a\ud800b"}]}]}]}'

    request = message_of(ExportTraceServiceRequest, body)

    assert request.resource_spans[0].scope_spans[0].spans[0].name == "a?b"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b'{"resourceSpans": {}}',
        b'{"resourceSpans": ["x"]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": 1}]}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"kind": true}]}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"kind": 1.5}]}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": 5}]}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": -1}]}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": 1e400}]}]}]}',
        b"[" * 100_000,
        b'{"resourceSpans":' * 20_000,
        b"\xff\xfe",
    ],
)
def test_what_is_no_otlp_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        message_of(ExportTraceServiceRequest, body)


@pytest.mark.otlp(52)
def test_values_nested_without_end_are_refused() -> None:
    nested = '{"arrayValue":{"values":[' * 3000 + "{}" + "]}}" * 3000
    body = f'{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"k","value":{nested}}}]}}}}]}}'

    with pytest.raises(ValueError, match="not OTLP/JSON"):
        message_of(ExportTraceServiceRequest, body.encode())


@pytest.mark.otlp(52)
@pytest.mark.parametrize("levels", range(44, 54))
def test_values_nest_no_deeper_than_protobuf_reads(levels: int) -> None:
    nested = '{"arrayValue":{"values":[' * levels + "{}" + "]}}" * levels
    resource = f'{{"attributes":[{{"key":"k","value":{nested}}}]}}'
    span = f'{{"traceId":"","attributes":[{{"key":"k","value":{nested}}}]}}'
    for told in (
        f'{{"resource":{resource}}}',
        f'{{"scopeSpans":[{{"spans":[{span}]}}]}}',
    ):
        body = f'{{"resourceSpans":[{told}]}}'.encode()
        try:
            request = message_of(ExportTraceServiceRequest, body)
        except ValueError as refused:
            assert "nest too deep" in str(refused)  # noqa: PT017  both ends of the range are met
            assert levels > 46
        else:
            assert request == ExportTraceServiceRequest.FromString(request.SerializeToString())
            assert levels < 49


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_json_in_another_encoding_than_utf_8_is_refused(encoding: str) -> None:
    body = '{"resourceSpans": []}'.encode(encoding)

    with pytest.raises(ValueError, match=r"codec|Expecting"):
        message_of(ExportTraceServiceRequest, body)


def test_a_byte_order_mark_before_utf_8_is_no_harm() -> None:
    body = '{"resourceSpans": [{"schemaUrl": "é"}]}'.encode("utf-8-sig")

    assert message_of(ExportTraceServiceRequest, body).resource_spans[0].schema_url == "é"
