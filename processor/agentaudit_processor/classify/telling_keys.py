"""Field names beside which even a short number or a `true` says something of a person.

`{"salary": 74500}`, `{"age": 47}`, `{"union_member": true}`. All other short values are let be: a
tool's answer holds thousands, and none of them alone is a card, a telephone number or an id.
"""

from functools import cache, lru_cache

from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.classify.patterns import Pattern

_SHORT_VALUES = (b"2", b"47", b"737", b"4821", b"74500", b"52.52", b"-0.127", b"true")
_MAX_KEY_CHARS = 40


@lru_cache(maxsize=4096)
def is_telling(key: str) -> bool:
    """Tell whether a rule for personal data goes by the field `key`, and has a form so short."""
    if not 2 <= len(key) <= _MAX_KEY_CHARS or not key.isascii():
        return False
    return _heads().occurs(f"\n{key}=".encode())


@cache
def _heads() -> Pattern:
    """The heads of the columns of all such rules, as one pattern."""
    named = [rule.named for rule in load_packs().rules if rule.pii and rule.named]
    told = [one.column for one in named if _admits_short(one.form)]
    return Pattern("|".join(dict.fromkeys((*told, _AGE))))


_AGE = r"\nage="


def _admits_short(form: str) -> bool:
    pattern = Pattern(form)
    return any(pattern.occurs(value) for value in _SHORT_VALUES)
