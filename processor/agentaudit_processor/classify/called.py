"""What a text goes by: the name it is laid under, where its own key tells too little.

Rules know a password by the name of its field. Lists and pairs keep that name elsewhere:

    {"name": "Authorization", "value": "Bearer …"}    the value goes by the name beside it
    {"db_password": {"value": "…"}}                   … or by the field that holds the pair
    {"cookies": {"sid": "…"}}                         … together with what it is
    ["Authorization", "Bearer …"]                     … or by the item before
    ["docker", "login", "-p", "…"]                    items of a command line belong on one line
    {"name": {"first": "…"}}                          a part of a name by what it is a part of
"""

from collections.abc import Mapping, Sequence
from typing import Any

_NAMES = (
    "name",
    "key",
    "parameterkey",
    "parametername",
    "header",
    "field",
    "variable",
    "attribute",
)
_VALUES = frozenset(
    ("value", "val", "parametervalue", "default", "defaultvalue", "stringvalue", "s")
)
_WIDE_VALUES = _VALUES.union(("content", "data", "text", "values"))
_COOKIES = frozenset(("cookie", "cookies", "set-cookie"))
_LINES = frozenset(("args", "argv", "command", "cmd", "entrypoint", "exec", "cmdline"))
_PROGRAMS = frozenset(("command", "cmd", "program", "executable"))
_SECRET_WORDS = ("auth", "cookie", "token", "key", "secret", "pass", "pwd", "session", "credential")
_PARTS_OF_NAMES = frozenset(("first", "last", "middle", "given", "family", "full"))
_PEOPLE = frozenset(
    ("customer", "patient", "employee", "contact", "guest", "passenger", "student", "applicant")
)
_MAX_NAME_CHARS = 60
_MAX_PAIR_KEYS = 12
_MAX_ITEMS = 200


def names_in(mapping: Mapping[str, Any], outer: str) -> Mapping[str, str]:
    """Names for those fields of `mapping`, itself the value of the field `outer`, that need one."""
    outer_lower = outer.lower()
    cookies = outer_lower in _COOKIES
    if len(mapping) <= _MAX_PAIR_KEYS and not _WIDE_VALUES.isdisjoint(map(str.lower, mapping)):
        lowered = {key.lower(): key for key in mapping}
        values = lowered.keys() & _WIDE_VALUES
        named = (mapping[lowered[one]] for one in _NAMES if one in lowered)
        name = next(named, None)
        if isinstance(name, str) and _is_name(name):
            return {lowered[one]: f"cookie:{name}" if cookies else name for one in values}
        if _is_name(outer) and not cookies:
            return {lowered[one]: outer for one in values & _VALUES}
    if cookies:
        return {key: f"cookie:{key}" for key in mapping if _is_name(key)}
    return _parts_of_names(mapping, outer_lower)


def _parts_of_names(mapping: Mapping[str, Any], outer: str) -> Mapping[str, str]:
    """`{"name": {"first": …}}` goes by `first_name`, `{"guest": {"name": …}}` by `guest_name`."""
    if outer.endswith("name"):
        return {key: f"{key}_name" for key in mapping if key.lower() in _PARTS_OF_NAMES}
    if outer in _PEOPLE:
        return {key: f"{outer}_name" for key in mapping if key.lower() == "name"}
    return {}


def is_command_line(items: Sequence[Any], key: str) -> bool:
    """Tell whether `items` are the words of one command: one line for the rules."""
    if not 2 <= len(items) <= _MAX_ITEMS or not all(isinstance(item, str | int) for item in items):
        return False
    if key.lower() in _LINES:
        return True
    return any(isinstance(item, str) and item[:1] == "-" and len(item) > 1 for item in items)


def goes_on(before: str, key: str) -> bool:
    """Tell whether the list in `key` holds the arguments of the program in the field `before`."""
    return before.lower() in _PROGRAMS and key.lower() in _LINES


def name_of_second(items: Sequence[Any]) -> str | None:
    """The first item of a pair, if it names the second one as a secret; else None."""
    if len(items) != 2 or not all(isinstance(item, str) for item in items):
        return None
    lowered = items[0].lower()
    telling = _is_name(lowered) and any(word in lowered for word in _SECRET_WORDS)
    return items[0] if telling else None


def _is_name(text: str) -> bool:
    if not 0 < len(text) <= _MAX_NAME_CHARS or not text.isascii():
        return False
    return text.replace("-", "").replace("_", "").replace(".", "").replace(":", "").isalnum()
