"""A report in which people and hosts stand under pseudonyms, in every text that names them.

Keyed by the organisation: the same name is the same pseudonym in each of its reports, and nobody
without the key can try names.
"""

import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, Final, TypeVar

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.queries import Queries

_LEAST_LETTERS: Final = 3
"""Of a part of a name that is looked for on its own: `al` is in too many words."""
_DIGITS: Final = 8
_SHOWN_KEY = re.compile(r" \(key aa_live_\w{1,12}…\)$")
Report = TypeVar("Report")


def names_of(
    store: Queries, organization_id: int, where: EventFilter, more: Iterable[str]
) -> dict[str, str]:
    """Users and hosts of the filter, and `more` people, each with the word before its pseudonym."""
    found = store.facets(organization_id, where, most=None)
    named = {each.value: "host" for each in found["host"]}
    named |= {each.value: "user" for each in found["user"]}
    named |= dict.fromkeys(filter(None, more), "user")
    return named


def under_pseudonyms(report: Report, names: Mapping[str, str], key: bytes) -> Report:
    """`report` with each of `names` replaced in all of its texts.

    A name that holds others (`ann @ lap-7`, `ann@example.com`) lends its parts its pseudonym, so
    that a home folder does not tell what its owner's row hides.
    """
    wanted: dict[str, str] = {}
    for name, kind in sorted(names.items()):
        pseudonym = f"{kind}-{_digest(name, key)}"
        for part in (name, *_parts(name)):
            wanted.setdefault(part.casefold(), pseudonym)
    said = "\n".join(_texts(report)).casefold()
    # Few of very many names are in one report; only those are looked for at every word.
    longest_first = sorted((each for each in wanted if each in said), key=lambda n: (-len(n), n))
    if not longest_first:
        return report
    pattern = re.compile(
        rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE
    )

    def hidden(text: str) -> str:
        return pattern.sub(lambda found: wanted.get(found[0].casefold(), "…"), text)

    changed: Report = _walk(report, hidden)
    return changed


def _texts(report: object) -> list[str]:
    texts: list[str] = []

    def note(text: str) -> str:
        texts.append(text)
        return text

    _walk(report, note)
    return texts


def _parts(name: str) -> Iterable[str]:
    plain = _SHOWN_KEY.sub("", name)
    pieces = [plain, *plain.split(" @ "), plain.partition("@")[0]]
    return (each for each in pieces if len(each) >= _LEAST_LETTERS and each != name)


def _digest(name: str, key: bytes) -> str:
    told = b"report-name\x00" + name.casefold().encode("utf-8", "replace")
    return hmac.digest(key, told, "sha256").hex()[:_DIGITS]


def _walk(value: Any, hidden: Callable[[str], str]) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return hidden(value)
    if isinstance(value, tuple | list):
        return type(value)(_walk(each, hidden) for each in value)
    if isinstance(value, Mapping):
        return {_walk(name, hidden): _walk(each, hidden) for name, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        changed = {each.name: _walk(getattr(value, each.name), hidden) for each in fields(value)}
        return replace(value, **changed)
    return value
