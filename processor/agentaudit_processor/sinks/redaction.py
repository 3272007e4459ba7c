"""What an operator lets out: allow-list, blocked keys and values, hashing. Fails closed.

The options and their precedence are those of the Collector's `redaction` processor. Beyond it:
JSON within a text is read, so that a key or an escaped value inside a tool's arguments is found.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import re2
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from agentaudit_processor.dialects.record import json_of, parsed
from agentaudit_processor.model import Json

MASK = "****"
Hash = Literal["", "md5", "sha1", "sha3", "hmac-sha256", "hmac-sha512"]
Summary = Literal["debug", "info", "silent"]
_SHORTEST_KEY = {"hmac-sha256": 32, "hmac-sha512": 64}
_OURS = ("agentaudit.", "security_rule.", "redaction.")
"""Names that only a processor of ours or a redaction writes: an allow-list is about senders."""


class BadRedaction(ValueError):
    """The rules cannot be used; the text says why, and holds no key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionRules:
    """As the operator wrote them; without `allowed_keys` or `allow_all_keys` no key passes."""

    allow_all_keys: bool = False
    allowed_keys: tuple[str, ...] = ()
    ignored_keys: tuple[str, ...] = ()
    ignored_key_patterns: tuple[str, ...] = ()
    blocked_key_patterns: tuple[str, ...] = ()
    blocked_values: tuple[str, ...] = ()
    allowed_values: tuple[str, ...] = ()
    redact_all_types: bool = False
    hash_function: Hash = ""
    hmac_key: str = field(default="", repr=False)
    summary: Summary = "silent"


@dataclass(slots=True)
class Told:
    """The keys of one set of attributes, by what became of them."""

    redacted: list[str] = field(default_factory=list)
    masked: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


class Redaction:
    """Rules, compiled; pure and safe to use from any thread."""

    def __init__(self, rules: RedactionRules) -> None:
        """Compile the patterns (RE2).

        Raises:
            BadRedaction: a pattern is none, or the key is too short.
        """
        self.rules = rules
        shortest = _SHORTEST_KEY.get(rules.hash_function, 0)
        if len(rules.hmac_key.encode()) < shortest:
            raise BadRedaction(f"hmac_key: {rules.hash_function} needs {shortest} bytes or more")
        self._allowed_keys = frozenset(rules.allowed_keys)
        self._ignored_keys = frozenset(rules.ignored_keys)
        self._ignored_key_patterns = _compiled("ignored_key_patterns", rules.ignored_key_patterns)
        self._blocked_keys = _compiled("blocked_key_patterns", rules.blocked_key_patterns)
        self._blocked_values = _compiled("blocked_values", rules.blocked_values)
        self._allowed_values = _compiled("allowed_values", rules.allowed_values)
        self._hash = _hash_of(rules)

    def attributes(self, pairs: Any, told: Told) -> None:
        """Redact attributes in place."""
        for place in range(len(pairs) - 1, -1, -1):
            key, value = pairs[place].key, pairs[place].value
            if self._is_ignored(key):
                told.ignored.append(key)
            elif not self._may_pass(key):
                told.redacted.append(key)
                del pairs[place]
            else:
                self._value(key, value, told)

    def body(self, key: str, value: AnyValue, told: Told) -> None:
        """Redact a log record's body in place; the allow-list holds for maps at every level."""
        kind = value.WhichOneof("value")
        if kind == "kvlist_value":
            self._body_map(key, value.kvlist_value.values, told)
        elif kind == "array_value":
            for place, item in enumerate(value.array_value.values):
                self.body(f"{key}.[{place}]" if key else f"[{place}]", item, told)
        else:
            self._value(key or "body", value, told, with_keys=False)

    def text(self, text: str) -> str:
        """`text` with blocked values masked, unless an allowed value is in it."""
        return text if self._is_allowed(text) else self._without_blocked(text)

    def _body_map(self, path: str, pairs: Any, told: Told) -> None:
        for place in range(len(pairs) - 1, -1, -1):
            name, value = pairs[place].key, pairs[place].value
            key = f"{path}.{name}" if path else name
            if self._is_ignored(name):
                told.ignored.append(key)
            elif not self._may_pass(name):
                told.redacted.append(key)
                del pairs[place]
            elif _any(self._blocked_keys, name):
                told.masked.append(key)
                value.string_value = self._hash(_text_of(value))
            else:
                self.body(key, value, told)

    def _value(self, key: str, value: AnyValue, told: Told, *, with_keys: bool = True) -> None:
        text = _text_of(value)
        if self._is_allowed(text):
            told.allowed.append(key)
        elif with_keys and _any(self._blocked_keys, key):
            told.masked.append(key)
            value.string_value = self._hash(text)
        elif self._mask(value):
            told.masked.append(key)

    def _mask(self, value: AnyValue) -> bool:
        """Mask what is blocked anywhere in a value; tell whether something was."""
        match value.WhichOneof("value"):
            case "string_value":
                return self._mask_text(value, value.string_value)
            case "array_value":
                masked = [self._mask(item) for item in value.array_value.values]
                return any(masked)  # all of them, not until the first
            case "kvlist_value":
                masked = [self._mask_pair(pair) for pair in value.kvlist_value.values]
                return any(masked)
            case None:
                return False
            case _:
                return self.rules.redact_all_types and self._mask_text(value, _text_of(value))

    def _mask_pair(self, pair: Any) -> bool:
        if not _any(self._blocked_keys, pair.key):
            return self._mask(pair.value)
        pair.value.string_value = self._hash(_text_of(pair.value))
        return True

    def _mask_text(self, value: AnyValue, text: str) -> bool:
        masked = self._without_blocked(text)
        if masked != text:
            value.string_value = masked
        return masked != text

    def _without_blocked(self, text: str) -> str:
        if text[:1] in ("{", "["):
            read = parsed(text)
            if not isinstance(read, str) and (clean := self._clean(read)) != read:
                text = json.dumps(clean, separators=(",", ":"))
        for pattern in self._blocked_values:
            text = pattern.sub(lambda found: self._hash(found.group()), text)
        return text

    def _clean(self, read: Json) -> Json:
        """JSON with blocked values masked, and the values of blocked keys."""
        if isinstance(read, dict):
            return {
                key: self._hash(_json_text(value))
                if _any(self._blocked_keys, _sound(key))
                else self._clean(value)
                for key, value in read.items()
            }
        if isinstance(read, list):
            return [self._clean(value) for value in read]
        if isinstance(read, str):
            return self._without_blocked(_sound(read))
        if self.rules.redact_all_types and read is not None:
            text = _json_text(read)
            masked = self._without_blocked(text)
            return read if masked == text else masked
        return read

    def _is_ignored(self, key: str) -> bool:
        return key in self._ignored_keys or _any(self._ignored_key_patterns, key)

    def _may_pass(self, key: str) -> bool:
        return self.rules.allow_all_keys or key in self._allowed_keys or key.startswith(_OURS)

    def _is_allowed(self, text: str) -> bool:
        return _any(self._allowed_values, text)


@lru_cache(maxsize=4)
def redaction_by(rules: RedactionRules) -> Redaction:
    """These rules, compiled once a process.

    Raises:
        BadRedaction: see `Redaction`.
    """
    return Redaction(rules)


def _compiled(name: str, patterns: Iterable[str]) -> tuple[Any, ...]:
    options = re2.Options()
    options.log_errors = False
    try:
        return tuple(re2.compile(pattern, options) for pattern in patterns)
    except re2.error as problem:
        raise BadRedaction(f"{name}: {problem}") from None


def _hash_of(rules: RedactionRules) -> Callable[[str], str]:
    name = rules.hash_function
    if not name:
        return lambda _text: MASK
    if name.startswith("hmac-"):
        key, digest = rules.hmac_key.encode(), name.removeprefix("hmac-")
        return lambda text: hmac.digest(key, _bytes(text), digest).hex()
    digest = "sha3_256" if name == "sha3" else name
    return lambda text: hashlib.new(digest, _bytes(text), usedforsecurity=False).hexdigest()


def _any(patterns: tuple[Any, ...], text: str) -> bool:
    return any(pattern.search(text) for pattern in patterns)


def _text_of(value: AnyValue) -> str:
    read = json_of(value)
    return read if isinstance(read, str) else "" if read is None else _json_text(read)


def _json_text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _sound(text: str) -> str:
    # JSON may hold half of a surrogate pair, escaped; RE2 reads UTF-8, where it has no place.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
