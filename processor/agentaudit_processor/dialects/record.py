"""What a dialect reads: the attributes of one span or log record as plain values, and their source.

The walk over a record's attributes is done once, here; dialects only look values up. It is the hot
path of the receiver: about half a microsecond an attribute.
"""

import json
import math
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import InitVar, dataclass, field

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from agentaudit_processor import attributes as names
from agentaudit_processor.dialects.outer_calls import OuterCalls
from agentaudit_processor.model import Actor, Json

Attributes = Mapping[str, Json]
Children = Mapping[tuple[bytes, str], Attributes]
"""Attributes of spans of one batch, by their parent's span id and their own name."""

MAX_DEPTH = 100
"""How deep JSON in an attribute may nest, as protobuf's own limit; deeper JSON stays text."""

_PLAIN = frozenset((str, int, float, bool))
_LONGEST_MS = 366 * 24 * 3600 * 1000


class Unreadable(Exception):
    """The record says that it is ours, and lacks what it must hold; the text says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a batch of records came from: its resource's attributes, its scope's name."""

    resource: Attributes
    scope: str
    children: Children = field(default_factory=dict)
    """Of a call that is told in several spans, those below the one that names it."""
    outer: OuterCalls = field(default_factory=OuterCalls)
    texts: Mapping[str, str] = field(init=False)
    """Of `resource`."""
    known: InitVar[Mapping[str, str] | None] = None
    """`texts`, where they were read already."""

    def __post_init__(self, known: Mapping[str, str] | None) -> None:
        object.__setattr__(self, "texts", texts_of(self.resource) if known is None else known)

    @classmethod
    def of(
        cls,
        resource: Resource,
        scope: InstrumentationScope,
        children: Children | None = None,
        outer: OuterCalls | None = None,
    ) -> "Source":
        """Read once for all records of a resource; its other scopes come by `beside`."""
        return cls(
            resource=attributes_of(resource.attributes),
            scope=scope.name,
            children=children or {},
            outer=outer or OuterCalls(),
        )

    def beside(self, scope: InstrumentationScope, children: Children | None = None) -> "Source":
        """Another scope of the same resource, which is not read again: there may be thousands."""
        return Source(
            resource=self.resource,
            scope=scope.name,
            children=children or {},
            outer=self.outer,
            known=self.texts,
        )


def attributes_of(pairs: Iterable[KeyValue]) -> dict[str, Json]:
    """Attributes by name; of a name given twice, the last counts."""
    return {pair.key: pair.value.string_value or json_of(pair.value) for pair in pairs}


def json_of(value: AnyValue) -> Json:
    """An attribute value of any kind; bytes become base64 text, as in OTLP/JSON."""
    kind = value.WhichOneof("value")
    return _READERS[kind](value) if kind in _READERS else None


def parsed(value: Json) -> Json:
    """The value of JSON text; text that is no JSON, and what is no text, come back as they are."""
    if not isinstance(value, str):
        return value
    try:
        parsed_value: Json = _DECODER.decode(value)
    except (ValueError, RecursionError):
        return value
    return parsed_value if _depth_is_sane(value, parsed_value) else value


def text(found: Attributes, *keys: str) -> str | None:
    """The first non-empty text under one of the `keys`; a number counts as its digits."""
    for key in keys:
        value = found.get(key)
        if value is None:  # the usual case
            continue
        if isinstance(value, str):
            if value:
                return value
        elif not isinstance(value, dict | list):
            return str(value)
    return None


def texts_of(found: Attributes) -> dict[str, str]:
    """What `text` gives of each, at once: for who asks for very many."""
    return {
        key: value if value.__class__ is str else str(value)
        for key, value in found.items()
        if value.__class__ in _PLAIN and value != ""
    }


def integer(found: Attributes, key: str) -> int | None:
    """A whole number, also when written as text."""
    value = found.get(key)
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and len(value) < 20 and value.removeprefix("-").isdecimal():
        return int(value)
    return None


def flag(found: Attributes, key: str) -> bool | None:
    """A yes or no, also when written as text; None where neither is said."""
    value = found.get(key)
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def nanoseconds(found: Attributes, key: str) -> int | None:
    """A duration that is written in milliseconds, as a number or as text; None if it is neither."""
    value = found.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        milliseconds = float(value)
    except ValueError:
        return None
    sane = math.isfinite(milliseconds) and 0 <= milliseconds < _LONGEST_MS
    return round(milliseconds * 1_000_000) if sane else None


def object_of(value: Json) -> dict[str, Json]:
    """Arguments as an object: JSON text or an object; anything else goes under `input`."""
    value = parsed(value)
    if isinstance(value, dict):
        return value
    return {} if value is None else {"input": value}


def id_of(raw: bytes, size: int) -> str | None:
    """Hex; None for an id that OTLP calls invalid: of another size, or all zero."""
    return raw.hex() if len(raw) == size and any(raw) else None


def truth(found: Attributes, key: str) -> bool:
    """Whether a flag is set, also when written as text."""
    value = found.get(key)
    return value is True or (isinstance(value, str) and value.lower() == "true")


def actor_of(found: Attributes, source: Source, agent_name: str | None) -> Actor:
    """Who acted; the record's own attributes come before its resource's."""
    return actor_told(texts_of(found), source, agent_name)


def actor_told(texts: Mapping[str, str], source: Source, agent_name: str | None) -> Actor:
    """The same for attributes of which the texts are at hand."""
    own, resource = texts.get, source.texts.get
    return Actor(
        agent_name=agent_name or "unknown",
        agent_version=resource(names.SERVICE_VERSION),
        subagent_id=own(names.SUBAGENT_ID),
        subagent_type=own(names.SUBAGENT_TYPE),
        user_email=own(names.USER_EMAIL) or resource(names.USER_EMAIL),
        user_id=own(names.USER_ID) or resource(names.USER_ID),
        user_name=own(names.USER_NAME) or resource(names.USER_NAME),
        host_name=resource(names.HOST_NAME) or own(names.HOST_NAME),
    )


def _depth_is_sane(written: str, value: Json) -> bool:
    """Brackets in the text only raise the suspicion: most stand inside strings (ANSI colours)."""
    if written.count("[") + written.count("{") <= MAX_DEPTH:
        return True
    level: list[Json] = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [child for item in level for child in _children(item)]
    return not level


def _children(item: Json) -> Iterable[Json]:
    if isinstance(item, dict):
        return item.values()
    return item if isinstance(item, list) else ()


def _float(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) else digits


def _finite(value: float) -> float | str:
    # Neither JSON nor the ledger's canonical form knows infinities.
    return value if math.isfinite(value) else str(value)


_DECODER = json.JSONDecoder(parse_constant=str, parse_float=_float)
_READERS: dict[str, Callable[[AnyValue], Json]] = {
    "string_value": lambda value: value.string_value,
    "bool_value": lambda value: value.bool_value,
    "int_value": lambda value: value.int_value,
    "double_value": lambda value: _finite(value.double_value),
    "array_value": lambda value: [json_of(item) for item in value.array_value.values],
    "kvlist_value": lambda value: attributes_of(value.kvlist_value.values),
    "bytes_value": lambda value: b64encode(value.bytes_value).decode(),
}
