"""No secret goes onward: every text of a request is scanned, of whatever span, record or metric.

Names, messages, keys and values of attributes; of resources, scopes, events, links, data points.
Left as they came: ids, numbers, `trace_state`, schema URLs, fields that OTLP does not know, and
personal data in what is no content of a call: whose telemetry it is, is for its sender to say.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from agentaudit_processor.classify.laid_secrets import without_secrets
from agentaudit_processor.classify.walk import NOT_SCANNED
from agentaudit_processor.model import Json
from agentaudit_processor.otlp import Request
from agentaudit_processor.sinks.enrich import MASKED

_SHORTEST = 4
_LONGEST_PLAIN_KEY = 20
"""Keys of attributes up to here hold no secret of any vendor's form."""
_SHORT = 64
_MOST_KNOWN = 20_000
_NOTES = frozenset((MASKED, NOT_SCANNED))
"""What stands where a text was taken out: of a span of 100,000 attributes nearly everywhere."""
_KNOWN: set[tuple[str, str]] = set()
"""Names and short texts that were found to hold nothing."""
_OF_THIS_PROCESS = secrets.token_bytes(32)
"""Key of the digests where no organisation's is at hand."""


class Slot(NamedTuple):
    """A place of a request that holds a text."""

    name: str
    """What the text goes by; empty where its key would make an id look like a secret."""
    text: str
    put: Callable[[str], None]


def mask_secrets(request: Request, key: bytes) -> None:
    """Mask the secrets in `request`, in place.

    Args:
        key: the organisation's, for the digests in the masks; empty for none.
    """
    for held, groups in _groups(request):
        _mask_shared(held, key)
        for scope, items in groups:
            _mask_shared(scope, key)
            for item in items:
                _mask(_slots(item), key)


def _groups(request: Request) -> Iterator[tuple[Any, list[tuple[Any, Iterable[Any]]]]]:
    """Each resource, with its scopes and their items."""
    if isinstance(request, ExportTraceServiceRequest):
        for spans in request.resource_spans:
            yield spans.resource, [(one.scope, one.spans) for one in spans.scope_spans]
    elif isinstance(request, ExportLogsServiceRequest):
        for logs in request.resource_logs:
            yield logs.resource, [(one.scope, one.log_records) for one in logs.scope_logs]
    else:
        for metrics in request.resource_metrics:
            yield metrics.resource, [(one.scope, one.metrics) for one in metrics.scope_metrics]


def _mask_shared(holder: Any, key: bytes) -> None:
    """Mask a resource or a scope; the same ones come with every request."""
    kind: Any = type(holder)
    masked = _masked_bytes(kind, holder.SerializeToString(), key)
    if masked is not None:
        holder.ParseFromString(masked)


@lru_cache(maxsize=512)
def _masked_bytes(kind: Any, raw: bytes, key: bytes) -> bytes | None:
    holder = kind.FromString(raw)
    masked: bytes | None = holder.SerializeToString() if _mask(_slots(holder), key) else None
    return masked


def _mask(slots: Iterable[Slot], key: bytes) -> bool:
    """Mask the texts of one item; tell whether one changed."""
    asked = [slot for slot in slots if slot[:2] not in _KNOWN]
    texts: dict[str, list[str]] = {}
    for slot in asked:
        texts.setdefault(slot.name, []).append(slot.text)
    values: dict[str, Json] = {name: list(told) for name, told in texts.items()}
    masked = without_secrets(values, key or _OF_THIS_PROCESS)
    if masked is values:
        _remember(asked)
        return False
    left = {name: iter(_texts_in(masked.get(name))) for name in texts}
    changed = False
    for slot in asked:
        text = next(left[slot.name], NOT_SCANNED)
        if text != slot.text:
            slot.put(text)
            changed = True
    return changed


def _texts_in(value: Json) -> Sequence[str]:
    """The texts of one name; a note in the place of each that the scan did not come to."""
    told = value if isinstance(value, list) else []
    return [one if isinstance(one, str) else NOT_SCANNED for one in told]


def _remember(slots: Iterable[Slot]) -> None:
    """Keep in mind which short texts hold no secret: most come with every span of a session."""
    if len(_KNOWN) > _MOST_KNOWN:
        _KNOWN.clear()
    _KNOWN.update(slot[:2] for slot in slots if len(slot.text) <= _SHORT)


# --- where texts are ------------------------------------------------------------------------------

_TEXTS = ("name", "version", "event_name", "severity_text", "description", "unit")
"""Fields of any message that are a text of its sender's."""


def _slots(item: Any) -> Iterator[Slot]:
    """Every text of a resource, scope, span, log record or metric."""
    fields = item.DESCRIPTOR.fields_by_name
    for field in _TEXTS:
        if field in fields and len(text := getattr(item, field)) >= _SHORTEST:
            yield Slot("", text, _setter(item, field))
    if "status" in fields and item.status.message:
        yield Slot("message", item.status.message, _setter(item.status, "message"))
    if "body" in fields:
        yield from _of_value("body", item.body)
    for field in ("attributes", "filtered_attributes", "metadata"):
        if field in fields:
            yield from _of_pairs(getattr(item, field))
    for field in ("events", "links", "exemplars"):
        if field in fields:
            for part in getattr(item, field):
                yield from _slots(part)
    if "gauge" in fields and (kind := item.WhichOneof("data")):
        for point in getattr(item, kind).data_points:
            yield from _slots(point)


def _of_pairs(pairs: Any) -> Iterator[Slot]:
    for pair in pairs:
        if len(pair.key) > _LONGEST_PLAIN_KEY:
            yield Slot("", pair.key, _setter(pair, "key"))
        yield from _of_value(_name_of(pair.key), pair.value)


def _of_value(name: str, value: AnyValue) -> Iterator[Slot]:
    match value.WhichOneof("value"):
        case "string_value":
            if len(value.string_value) >= _SHORTEST and value.string_value not in _NOTES:
                yield Slot(name, value.string_value, _setter(value, "string_value"))
        case "bytes_value":
            text = value.bytes_value.decode("utf-8", "surrogateescape")
            yield Slot(name, text, _bytes_setter(value))
        case "array_value":
            for item in value.array_value.values:
                yield from _of_value(name, item)
        case "kvlist_value":
            yield from _of_pairs(value.kvlist_value.values)


@lru_cache(maxsize=4096)
def _name_of(key: str) -> str:
    """The last part of an attribute's key; none for an id, of which only the form tells."""
    name = key.rpartition(".")[2]
    return "" if name.lower().endswith("id") else name


def _setter(holder: Any, field: str) -> Callable[[str], None]:
    def put(text: str) -> None:
        # half of a surrogate pair, which JSON may hold escaped, has no place in protobuf's strings
        setattr(holder, field, text.encode("utf-8", "replace").decode())

    return put


def _bytes_setter(value: AnyValue) -> Callable[[str], None]:
    def put(text: str) -> None:
        value.bytes_value = text.encode("utf-8", "surrogateescape")

    return put
