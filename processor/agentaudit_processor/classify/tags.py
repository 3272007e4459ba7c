"""Tags: which public lists of attacks and risks a Rule speaks of, written `list.entry:edition`.

attack.t1485, attack.t1552.004    MITRE ATT&CK for Enterprise, in the version below
owasp.asi05:2026                  OWASP Top 10 for Agentic Applications
owasp.llm02:2026, owasp.llm02:2025   OWASP Top 10 for LLM Applications, renumbered in 2026
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from agentaudit_processor.frameworks import load_frameworks, load_techniques

ATTACK_VERSION = "19"
"""The version of MITRE ATT&CK that tags are written in. It retired tactic Defense Evasion."""

_ATTACK = re.compile(r"attack\.t(\d{4}(?:\.\d{3})?)")
_REPLACED: Mapping[str, str] = {
    "1070.001": "1685.005",
    "1070.002": "1685.006",
    "1562": "1685",
    "1562.001": "1685",
    "1562.002": "1685.001",
    "1562.003": "1690",
    "1562.004": "1686",
    "1562.006": "1685",
    "1562.007": "1686.001",
    "1562.008": "1685.002",
    "1562.009": "1688",
    "1562.010": "1689",
    "1562.011": "1685.003",
    "1562.012": "1685.004",
    "1562.013": "1686.002",
    "1574.002": "1574.001",
    "1656": "1684.001",
    "1672": "1684.002",
}
"""Techniques that version 19 and the ones before it revoked, and what stands for them now."""


class TagError(ValueError):
    """A tag is not right; the text names it and says what would be."""


def checked(tags: Sequence[object]) -> tuple[str, ...]:
    """`tags`, sorted, each once.

    Raises:
        TagError: one of them names nothing that is known, or not in the form above.
    """
    for tag in tags:
        _check(tag)
    return tuple(sorted({str(tag) for tag in tags}))


def label_of(tag: str) -> str:
    """How a person reads it: `ATT&CK T1485`, `OWASP ASI05:2026 Unexpected Code Execution (RCE)`."""
    title = _owasp_titles().get(tag)
    name = tag.partition(".")[2].upper()
    if title is not None:
        return f"OWASP {name} {title}"
    if _ATTACK.fullmatch(tag) is None:
        return tag
    return f"ATT&CK {name} {techniques().get(name, '')}".rstrip()


def _check(tag: object) -> None:
    attack = _ATTACK.fullmatch(tag) if isinstance(tag, str) else None
    if attack is not None:
        now = _REPLACED.get(attack[1])
        if now is not None:
            raise TagError(f"tag {tag!r}: ATT&CK {ATTACK_VERSION} has `attack.t{now}` in its place")
        if f"T{attack[1]}" not in techniques():
            raise TagError(f"tag {tag!r}: ATT&CK {ATTACK_VERSION} has no such technique")
    elif tag not in _owasp_titles():
        raise TagError(
            f"tag {tag!r}: expected such as `attack.t1485`, `owasp.asi05:2026`, `owasp.llm02:2026`"
        )


@cache
def techniques() -> Mapping[str, str]:
    """The techniques of ATT&CK for Enterprise by their id, `T1485`, with their names."""
    lines = load_techniques().splitlines()
    return dict(line.split("\t") for line in lines if line and not line.startswith("#"))


@cache
def _owasp_titles() -> Mapping[str, str]:
    """Every tag of the OWASP lists, with the entry's title."""
    lists = {raw["id"]: raw for raw in load_frameworks()["frameworks"]}
    return {
        f"owasp.{entry.lower()}": control["title"]
        for id_ in ("owasp_asi", "owasp_llm")
        for control in lists[id_]["controls"]
        for entry in _entries(control)
    }


def _entries(control: Mapping[str, Any]) -> Iterator[str]:
    entry = str(control["id"])
    yield entry if ":" in entry else f"{entry}:2026"
    if "id_2025" in control:
        yield control["id_2025"]
