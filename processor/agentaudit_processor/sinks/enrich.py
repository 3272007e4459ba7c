"""What was found, written onto the span or log record it was found in; and its content masked.

Only tool calls and facts are touched, and of them only what is told here. Secrets in all other
texts of a request are masked in `secrets`.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentaudit_processor import __version__
from agentaudit_processor import attributes as names
from agentaudit_processor.dialects import semconv
from agentaudit_processor.dialects.normalise import CONTENT_KEYS
from agentaudit_processor.model import Activity, AuditEvent, Fact, Finding, Json
from agentaudit_processor.otlp import Value, put_attributes
from agentaudit_processor.sinks.claims import delete_where

MASKED = "[masked]"

_OWNED = frozenset(
    (
        names.PROCESSOR_VERSION,
        names.RULESET_VERSION,
        names.RISK_LEVEL,
        names.RISK_REASONS,
        names.RISK_RULE_IDS,
        names.RISK_TAGS,
        names.RISK_NOT_COVERED,
        names.ACTION_CATEGORY,
        names.PII_DETECTED,
        names.PII_TYPES,
        names.PII_COUNT,
        names.SECRET_TYPES,
        names.FRAMEWORK_CONTROLS,
        names.POLICY_OUTCOME,
        names.POLICY_VERSION,
        names.SOURCE_DIALECT,
        names.EVENT_ID,
        names.REDACTION_COUNT,
        names.REDACTION_KEYS,
        names.SECURITY_RULE_NAME,
        names.SECURITY_RULE_CATEGORY,
        names.SECURITY_RULE_RULESET,
    )
)
_NEVER_CONTENT = frozenset(
    (
        names.OPERATION_NAME,
        names.TOOL_NAME,
        names.TOOL_CALL_ID,
        names.CONVERSATION_ID,
        names.SESSION_ID,
        names.AGENT_NAME,
        names.PROVIDER_NAME,
    )
)
_SHORTEST_WITHIN = 8
"""Shorter texts are masked where they stand alone, not within others: `main` is in many words."""
_MOST_WORK = 10_000_000
"""Texts to look for within others, times the item's size in 64 bytes: half a second. Beyond it,
whatever may hold one goes as a whole."""

MOST_KEYS = 100
"""Of attributes that were masked, told by name; their count tells of all. A list of all 100,000 of
a span would be one more text to scan, and longer than what it speaks of."""

_HEAD = ("tool_name", "name", "mcp_server", "cwd", "permission_mode", "prompt_id", "error_type")
_SEMCONV = (semconv.ARGUMENTS, semconv.RESULT)


@dataclass(frozen=True, slots=True)
class Enriched:
    """One item of a request, what was read in it, and the Event that came of it."""

    item: Any
    """The `Span` or `LogRecord` itself, within its request."""
    raw: Activity
    event: AuditEvent
    key: bytes = b""
    """The organisation's, for the digests of what is masked."""


def enrich(enriched: Enriched) -> None:
    """Mask the content of an item, and write what was found onto it."""
    item, event = enriched.item, enriched.event
    masked_keys = _mask(item, enriched.raw, event.activity)
    _remove_owned(item)
    put_attributes(item, found_of(event, masked_keys))


def found_of(event: AuditEvent, masked_keys: list[str]) -> dict[str, Value]:
    """The attributes of an Event; standard names for the weightiest finding and the masking."""
    verdict, findings = event.verdict, event.findings
    told: dict[str, Value] = {
        names.PROCESSOR_VERSION: __version__,
        names.RULESET_VERSION: verdict.packs_version,
        names.RISK_LEVEL: verdict.risk_level.label,
        names.RISK_REASONS: list(verdict.reasons),
        names.ACTION_CATEGORY: event.effects.action_class,
        names.PII_DETECTED: bool(event.pii_types),
        names.POLICY_OUTCOME: verdict.decision.value,
        names.POLICY_VERSION: verdict.policy_version,
        names.SOURCE_DIALECT: event.activity.dialect,
        names.EVENT_ID: event.event_id,
    }
    lists: dict[str, list[str]] = {
        names.RISK_RULE_IDS: sorted({finding.rule_id for finding in findings}),
        names.RISK_TAGS: sorted({tag for finding in findings for tag in finding.tags}),
        names.RISK_NOT_COVERED: list(verdict.not_covered),
        names.PII_TYPES: list(event.pii_types),
        names.SECRET_TYPES: list(event.secret_types),
        names.FRAMEWORK_CONTROLS: [control.key for control in event.controls],
        names.REDACTION_KEYS: masked_keys[:MOST_KEYS],
    }
    told.update({key: values for key, values in lists.items() if values})
    if event.pii_types:
        told[names.PII_COUNT] = sum(finding.count for finding in findings if finding.personal)
    if masked_keys:
        told[names.REDACTION_COUNT] = len(masked_keys)
    if findings:
        told.update(security_rule(max(findings, key=lambda finding: finding.severity)))
    return told


def security_rule(finding: Finding) -> dict[str, Value]:
    """A finding's rule under the standard names."""
    return {
        names.SECURITY_RULE_NAME: finding.rule_id,
        names.SECURITY_RULE_CATEGORY: finding.secret or finding.pii or finding.signal or "other",
        names.SECURITY_RULE_RULESET: finding.pack,
    }


# --- masking ------------------------------------------------------------------------------------


def _mask(item: Any, raw: Activity, masked: Activity) -> list[str]:
    """Mask an item's content as the Event's is; give the keys of the attributes that changed."""
    if raw == masked:
        return []
    changed = _mask_content(item, raw, masked)
    head = dict(_differences(_head(raw), _head(masked)))
    size = item.ByteSize()
    texts = _Masks.of(dict(_differences(_content(raw), _content(masked))) | head, size)
    heads = _Masks.of(head, size)
    changed += [
        pair.key
        for pair in item.attributes
        if _mask_value(pair.value, heads if pair.key in _NEVER_CONTENT else texts)
    ]
    if isinstance(item, Span):
        item.name = heads.masked(item.name)
        item.status.message = texts.masked(item.status.message)
        parts: list[Span.Event | Span.Link] = [*item.events, *item.links]
        for part in parts:
            for pair in part.attributes:
                _mask_value(pair.value, texts)
    elif isinstance(item, LogRecord) and item.HasField("body"):
        _mask_value(item.body, texts)
    return sorted(set(changed))


def _mask_content(item: Any, raw: Activity, masked: Activity) -> list[str]:
    """Rewrite whole what holds arguments, result and the like; give the keys that changed."""
    changed = []
    before, after = _by_attribute(raw), _by_attribute(masked)
    for pair in item.attributes:
        if pair.key in before and before[pair.key] != after.get(pair.key):
            pair.value.string_value = _json_text(after.get(pair.key))
            changed.append(pair.key)
    return changed


def _by_attribute(activity: Activity) -> dict[str, Json]:
    """Content by the names of the attributes that a dialect reads it from."""
    if isinstance(activity, Fact):
        return {names.FACT_DATA: dict(activity.data)}
    arguments, result = CONTENT_KEYS.get(activity.dialect, _SEMCONV)
    content: dict[str, Json] = {names.EXTRA: dict(activity.extra)}
    content.update({key: dict(activity.arguments) for key in arguments})
    content.update(dict.fromkeys(result, activity.result))
    return content


def _head(activity: Activity) -> Json:
    """Who acted, where and by which tool."""
    told: list[Json] = [getattr(activity, field, None) for field in _HEAD]
    return [*told, asdict(activity.actor)]


def _content(activity: Activity) -> Json:
    if isinstance(activity, Fact):
        return dict(activity.data)
    return [
        dict(activity.arguments),
        activity.result,
        dict(activity.extra),
        activity.error_message,
    ]


def _differences(raw: Json, masked: Json) -> Iterator[tuple[str, str]]:
    """Each text of `raw` that is another in `masked`, with what stands there instead."""
    if isinstance(raw, str):
        if raw and raw != masked:
            yield raw, masked if isinstance(masked, str) else MASKED
    elif isinstance(raw, list):
        others = masked if isinstance(masked, list) and len(masked) == len(raw) else None
        for place, value in enumerate(raw):
            yield from _differences(value, others[place] if others else None)
    elif isinstance(raw, dict):
        known = masked if isinstance(masked, dict) else {}
        for key, value in raw.items():
            yield from _differences(value, known.get(key))


@dataclass(frozen=True, slots=True)
class _Masks:
    """Texts, and what is to stand in their places."""

    whole: dict[str, str]
    within: list[tuple[str, str]]
    """Those to look for in others, also as JSON writes them; the longest first, for a short one
    may be part of a long one."""
    are_too_many: bool

    @classmethod
    def of(cls, texts: dict[str, str], size: int) -> "_Masks":
        """`size` is that of the item in which they are looked for, in bytes."""
        long = [raw for raw in texts if len(raw) >= _SHORTEST_WITHIN]
        if len(long) * (size // 64 + 1) > _MOST_WORK:
            return cls(texts, [], are_too_many=True)
        within: dict[str, str] = {}
        for raw in sorted(long, key=len, reverse=True):
            within[raw] = texts[raw]
            within.setdefault(_quoted(raw), _quoted(texts[raw]))
        return cls(texts, list(within.items()), are_too_many=False)

    def masked(self, text: str) -> str:
        if text in self.whole:
            return self.whole[text]
        if self.are_too_many and len(text) >= _SHORTEST_WITHIN:
            return MASKED
        for raw, masked in self.within:
            text = text.replace(raw, masked)
        return text


def _mask_value(value: AnyValue, texts: _Masks) -> bool:
    """Mask every text in a value; tell whether one changed."""
    match value.WhichOneof("value"):
        case "string_value":
            masked = texts.masked(value.string_value)
            if masked == value.string_value:
                return False
            value.string_value = masked
            return True
        case "array_value":
            inner = list(value.array_value.values)
        case "kvlist_value":
            inner = [pair.value for pair in value.kvlist_value.values]
        case _:
            return False
    changed = [_mask_value(item, texts) for item in inner]  # all of them, not until the first
    return any(changed)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


# --- attributes ---------------------------------------------------------------------------------


def _remove_owned(item: Any) -> None:
    # Whatever a sender wrote under our names is not ours: it must not pass for a finding.
    delete_where(item.attributes, lambda pair: pair.key in _OWNED)


def _json_text(value: Json) -> str:
    # ASCII: a lone surrogate, which JSON may hold escaped, has no place in protobuf's strings.
    return json.dumps(value, separators=(",", ":"))
