"""Every text of a JSON value in a fixed order: read for a scan, written back with what came of it.

JSON inside a string is opened, so that escapes hide nothing. What is too much or too deep to visit
is not kept either: a note stands in its place, because text that nobody scanned may hold anything.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any
from unicodedata import category

from agentaudit_processor.classify.called import (
    goes_on,
    is_command_line,
    name_of_second,
    names_in,
)
from agentaudit_processor.classify.telling_keys import is_telling

MAX_COST = 100_000
"""Of one walk: about 3 us a text, a tenth of that a short number. Some 9,000 fields of text."""
MAX_DEPTH = 32
TOO_MANY = "[too many fields or items: the rest was not scanned]"
TOO_DEEP = f"[nested deeper than {MAX_DEPTH} levels: not scanned]"
TOO_LONG = "[number not scanned]"
NOT_SCANNED = "[not scanned]"
SAME_LINE = "\x00"
"""In the place of a key: the text goes on the line of the one before, behind a blank."""
_LEAF_COST = 10
_MIN_NUMBER_CHARS = 7  # shorter ones are no card, no phone, no id, but beside a telling key
_MAX_FIELD_NAME = 40
_MAX_LABEL_WORDS = 5
_JOINTS = str.maketrans(dict.fromkeys("_-.'/()", " "))


class Walk:
    """Visits every text of a value in a fixed order, and gives the value back with what came of it.

    It goes no further than MAX_DEPTH levels and MAX_COST: a note stands in the place of the rest.
    """

    def __init__(self, visit: Callable[[str, str, str], str]) -> None:
        self._visit = visit
        self._left = MAX_COST

    def walk(self, value: Any, path: str, key: str, depth: int = 0) -> Any:
        """`value` below `path`, which is the value of the field `key`."""
        if isinstance(value, str):
            opened = _opened(value) if depth < MAX_DEPTH else None
            if opened is None:
                self._left -= _LEAF_COST
                return self._visit(value, path, key)
            rewritten = self.walk(opened, path, key, depth + 1)
            return value if rewritten == opened else _closed(rewritten)
        self._left -= 1
        if value is None or value is False:
            return value
        if value is True or isinstance(value, int | float):
            return self._short(value, path, key)
        if depth >= MAX_DEPTH:
            return TOO_DEEP
        self._left -= _LEAF_COST
        return (
            self._mapping(value, path, key, depth)
            if isinstance(value, (dict, Mapping))
            else self._items(value, path, key, depth)
        )

    def _mapping(
        self, value: Mapping[str, Any], path: str, outer: str, depth: int
    ) -> dict[str, Any]:
        walked = {}
        names = names_in(value, outer if depth else "")
        before = ""
        for key, item in value.items():
            if self._left <= 0:
                walked[TOO_MANY] = NOT_SCANNED
                break
            # an ordinary field name is context; any other may be data itself: an address, a token
            plain = len(key) < _MAX_FIELD_NAME and _is_field_name(key)
            name = key if plain else self._visit(key, f"{path}.*", "")
            self._left -= 1 if plain else _LEAF_COST
            below = f"{path}.{key}" if plain else f"{path}.*"
            own = names.get(key, key if plain else _label_of(key))
            if (
                isinstance(item, list)
                and isinstance(value.get(before), str)
                and goes_on(before, key)
            ):
                own = SAME_LINE
            walked[name] = self.walk(item, below, own, depth + 1)
            before = key
        return walked

    def _items(self, value: Sequence[Any], path: str, key: str, depth: int) -> list[Any]:
        walked = []
        one_line = key == SAME_LINE or is_command_line(value, key)
        second = name_of_second(value) or key
        for at, item in enumerate(value):
            if self._left <= 0:
                walked.append(TOO_MANY)
                break
            walked.append(self.walk(item, f"{path}[{at}]", second if at else key, depth + 1))
            if one_line:  # JSON among the words is opened, and ends the line
                text = isinstance(item, str) and not item[:16].lstrip().startswith(("{", "["))
                second = SAME_LINE if text else key
        return walked

    def _short(self, value: float, path: str, key: str) -> str | float:
        """A number, or True."""
        try:
            text = "true" if value is True else repr(value)
        except ValueError:  # beyond sys.get_int_max_str_digits
            return TOO_LONG
        if len(text) < _MIN_NUMBER_CHARS and not is_telling(key):
            return value
        self._left -= _LEAF_COST
        visited = self._visit(text, path, key)
        return value if visited == text else visited


@lru_cache(maxsize=4096)
def _is_field_name(key: str) -> bool:
    if not key.isascii() or not key.replace("-", "_").isidentifier():
        return False
    return len(key) < 16 or key.replace("_", "").isalpha()


@lru_cache(maxsize=4096)
def _label_of(key: str) -> str:
    """What a field goes by that is called as people say it: `Date_of_birth`, `prénom`; or empty."""
    if len(key) > _MAX_FIELD_NAME:
        return ""
    words = key.strip(" .:#?*").translate(_JOINTS).split()
    letters = "".join(words)
    if not 1 <= len(words) <= _MAX_LABEL_WORDS or not letters or not all(map(_is_letter, letters)):
        return ""
    return "_".join(words)


def _is_letter(sign: str) -> bool:
    return sign.isalpha() or category(sign)[0] == "M"  # vowel signs of Hindi and others


def _opened(text: str) -> Any:
    """The object or array that `text` is the JSON of, or None."""
    if text[:16].lstrip()[:1] not in ("{", "["):
        return None
    try:
        opened = _decoder().decode(text)
    except (ValueError, RecursionError):
        return None
    return opened


@cache
def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(object_pairs_hook=_object_without_doubles)


def _closed(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate stays the escape that it was
        return json.dumps(value, separators=(",", ":"))
    return text


def _object_without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # of two equal keys the first would be lost to the scan: such text is scanned as it stands
    known = dict(pairs)
    if len(known) < len(pairs):
        raise ValueError("a key occurs twice")
    return known
