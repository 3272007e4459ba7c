"""OTLP/JSON text → protobuf message.

It differs from protobuf's own JSON form: ids are hex, enums are integers, only lowerCamelCase names
count, unknown names are skipped at every level. Source: OTLP 1.11, "JSON Protobuf Encoding".
"""

import json
from base64 import b64decode
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

AnyMessage = TypeVar("AnyMessage", bound=Message)
Put = Callable[[Message, Any, int], None]
"""Takes a message, a value, and how deep the message stands."""

MAX_DEPTH = 100
"""Messages within messages, as protobuf's own reader has it: who is sent ours could not read more.
"""
_HEX = frozenset(("traceId", "spanId", "parentSpanId"))
_INTEGERS = frozenset(
    (
        FieldDescriptor.TYPE_INT32,
        FieldDescriptor.TYPE_INT64,
        FieldDescriptor.TYPE_UINT32,
        FieldDescriptor.TYPE_UINT64,
        FieldDescriptor.TYPE_SINT32,
        FieldDescriptor.TYPE_SINT64,
        FieldDescriptor.TYPE_FIXED32,
        FieldDescriptor.TYPE_FIXED64,
        FieldDescriptor.TYPE_SFIXED32,
        FieldDescriptor.TYPE_SFIXED64,
        FieldDescriptor.TYPE_ENUM,
    )
)
_FLOATS = frozenset((FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT))


def message_of(kind: type[AnyMessage], body: bytes) -> AnyMessage:
    """Read a request.

    Raises:
        ValueError: the text is no JSON in UTF-8, nests too deep, or a value is not of its field's
            type.
    """
    message = kind()
    try:
        # Told the encoding: it would take UTF-16 too, in which `parts` finds no quote where it is.
        _fill(message, json.loads(body.decode("utf-8-sig")), 0)
    except (TypeError, OverflowError, RecursionError, AttributeError) as error:
        raise ValueError(f"not OTLP/JSON: {type(error).__name__}") from None
    return message


def _fill(message: Message, found: dict[str, Any], depth: int) -> None:
    if not isinstance(found, dict):
        raise ValueError("not OTLP/JSON: expected an object")
    if depth >= MAX_DEPTH:
        raise ValueError("not OTLP/JSON: values nest too deep")
    fields = _fields(message.DESCRIPTOR)
    for name, value in found.items():
        put = fields.get(name)
        if put is not None and value is not None:
            put(message, value, depth)


@cache
def _fields(descriptor: Descriptor) -> dict[str, Put]:
    """JSON name → what puts a value of that field into a message."""
    return {field.json_name: _putter(field) for field in descriptor.fields}


def _putter(field: FieldDescriptor) -> Put:
    name = field.name
    if field.message_type is None:
        read = _reader(field)
        if field.is_repeated:
            return lambda message, value, _: getattr(message, name).extend(
                map(read, _listed(value))
            )
        return lambda message, value, _: setattr(message, name, read(value))
    if field.is_repeated:

        def put_all(message: Message, value: Any, depth: int) -> None:
            items = getattr(message, name)
            for item in _listed(value):
                _fill(items.add(), item, depth + 1)

        return put_all

    def put(message: Message, value: Any, depth: int) -> None:
        child = getattr(message, name)
        child.SetInParent()
        _fill(child, value, depth + 1)

    return put


def _reader(field: FieldDescriptor) -> Callable[[Any], Any]:
    if field.json_name in _HEX:
        return _id
    if field.type in _INTEGERS:
        return _integer
    if field.type in _FLOATS:
        return _float
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _bytes
    return _string if field.type == FieldDescriptor.TYPE_STRING else _boolean


def _id(value: Any) -> bytes:
    """Text that is no hex gives no id: its span alone is refused, not the whole request."""
    try:
        return bytes.fromhex(value)
    except ValueError:
        return b""


def _integer(value: Any) -> int:
    if isinstance(value, str):
        return int(value)
    if isinstance(value, bool) or value != int(value):
        raise ValueError("not OTLP/JSON: expected a whole number")
    return int(value)


def _float(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError("not OTLP/JSON: expected a number")
    return float(value)


def _bytes(value: Any) -> bytes:
    return b64decode(
        value + "=" * (-len(value) % 4), altchars=b"-_" if _is_urlsafe(value) else None
    )


def _is_urlsafe(value: str) -> bool:
    return "-" in value or "_" in value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not OTLP/JSON: expected a string")
    # A lone surrogate has no UTF-8 form, which protobuf's strings are.
    return value.encode("utf-8", "replace").decode() if _has_surrogate(value) else value


def _has_surrogate(value: str) -> bool:
    return not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("not OTLP/JSON: expected true or false")
    return value


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("not OTLP/JSON: expected a list")
    return value
