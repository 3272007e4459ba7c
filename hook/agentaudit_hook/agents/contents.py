"""Hook JSON made safe to carry: readable, finite, of bounded size, its shape kept.

A tool's input or output may hold megabytes. What is too long is cut inside the JSON, so that a
reader still sees which fields there were, and how they began and ended.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from agentaudit_processor.model import Json

MAX_STRING_CHARS = 256 * 1024
MAX_TOTAL_CHARS = 1024 * 1024
MAX_DEPTH = 64
_SHORT = 200
"""What a string keeps once the whole budget is used up."""


class Unreadable(Exception):
    """The input is no JSON object; the text says why."""


def read_object(body: bytes) -> dict[str, Any]:
    """Parse a hook's stdin.

    Raises:
        Unreadable: empty, no UTF-8, no JSON, nested too deeply, or no object.
    """
    if not body.strip():
        raise Unreadable("empty input")
    try:
        # NaN and Infinity are no JSON: kept as the words that they are
        parsed = json.loads(body.decode("utf-8"), parse_constant=str)
    except UnicodeDecodeError as error:
        raise Unreadable(f"invalid UTF-8 at byte {error.start}") from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"invalid JSON: {str(error)[:120]}") from error
    if not isinstance(parsed, dict):
        raise Unreadable(f"expected a JSON object, found {type(parsed).__name__}")
    return parsed


class Fitter:
    """Copies values until a budget of characters is used up; then only their beginnings."""

    def __init__(self, max_chars: int = MAX_TOTAL_CHARS) -> None:
        self._left = max_chars
        self.truncated = False

    def fit(self, value: Any, depth: int = 0) -> Json:
        """A copy that fits: long strings lose their middle, deep nesting becomes text."""
        if isinstance(value, str):
            return self._fit_text(value)
        if isinstance(value, dict):
            return self.fit_fields(value, depth)
        if isinstance(value, list):
            return self._fit_items(value, depth)
        self._left -= 8
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
        return value  # type: ignore[no-any-return]  # None, bool, int, float: all that JSON has left

    def fit_fields(self, value: Mapping[str, Any], depth: int = 0) -> dict[str, Json]:
        """The same for an object's fields."""
        fitted: dict[str, Json] = {}
        for key, item in value.items():
            if self._exhausted(depth):
                self.truncated = True
                fitted["…"] = f"{len(value) - len(fitted)} more fields"
                break
            fitted[self._fit_text(key)] = self.fit(item, depth + 1)
        return fitted

    def _fit_items(self, items: list[Any], depth: int) -> list[Json]:
        fitted: list[Json] = []
        for item in items:
            if self._exhausted(depth):
                self.truncated = True
                fitted.append(f"… {len(items) - len(fitted)} more items")
                break
            fitted.append(self.fit(item, depth + 1))
        return fitted

    def _exhausted(self, depth: int) -> bool:
        return self._left < -MAX_TOTAL_CHARS // 16 or depth >= MAX_DEPTH

    def _fit_text(self, text: str) -> str:
        limit = min(MAX_STRING_CHARS, max(self._left, _SHORT))
        if len(text) > limit:
            self.truncated = True
            half = limit // 2
            text = f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"
        self._left -= len(text) + 4
        return text if text.isascii() else clean(text)


def clean(text: str) -> str:
    """`text` with lone surrogates replaced: JSON may escape them, no encoding can carry them."""
    return text.encode("utf-8", "replace").decode("utf-8") if _has_surrogate(text) else text


def message_of(value: object) -> str:
    """A text for people, of any length, whatever type it came as; "" for nothing."""
    if value is None:
        return ""
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _has_surrogate(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
