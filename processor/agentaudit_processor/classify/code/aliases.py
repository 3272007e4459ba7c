"""Functions of a program under their own names: `import subprocess as sp`, `f = os.system` …

Source: the language references of Python and ECMAScript, on imports and destructuring.
"""

from collections.abc import Iterator
from typing import Any

from agentaudit_processor.classify.code.calls import KNOWN
from agentaudit_processor.classify.code.literals import found, replaced

_WORD = r"[A-Za-z_$][\w$]*"
_MODULE = r"[\"'`](?:node:)?([\w./-]+)[\"'`]"
_LOADED = rf"(?:__import__|require|importlib\.import_module|\bimport)\(\s*{_MODULE}\s*\)"
_IMPORTED_AS = rf"\bimport\s+([\w.]+)\s+as\s+({_WORD})"
_FROM = r"\bfrom\s+([\w.]+)\s+import\s+\(?([\w, \t]+)"
_TAKEN_APART = rf"\{{([^{{}}]{{1,400}})\}}\s*=\s*(?:await\s+)?{_LOADED}"
_IMPORTED_PARTS = rf"\bimport\s*\{{([^{{}}]{{1,400}})\}}\s*from\s*{_MODULE}"
_NAMED_MODULE = rf"({_WORD})\s*=\s*\(?(?:await\s+)?{_LOADED}\)?\s*(?:[;,\n]|$)"
_IMPORTED_MODULE = rf"\bimport\s+(?:\*\s*as\s+)?({_WORD})\s+from\s*{_MODULE}"
_THEN = rf"{_LOADED}\.then\(\s*(?:async\s*)?\(?\s*(?:({_WORD})|\{{([^{{}}]{{1,400}})\}})\s*\)?\s*=>"
_RENAMED = rf"(?:^|[;\s])({_WORD})\s*=\s*({_WORD}(?:\.\w+)*)\s*(?:[;\n]|$)"
_BY_TEXT = rf"\bgetattr\(\s*({_WORD}(?:\.\w+)*)\s*,\s*[\"'](\w+)[\"']\s*\)"
_BY_KEY = rf"({_WORD}(?:\.\w+)*)\[\s*[\"'`](\w+)[\"'`]\s*\]\s*\("
_UNQUALIFIED = ("child_process", "pathlib")
"""Modules whose functions the tables know without it."""


def under_own_names(text: str) -> str:
    """`text` with modules and functions called as their libraries call them."""
    if "import" not in text and "require" not in text and "=" not in text and "getattr" not in text:
        return text
    aliases = dict(_aliases(text))
    text = replaced(_LOADED, text, lambda match: _module(match.group(1)))
    text = replaced(_BY_TEXT, text, lambda match: f"{match.group(1)}.{match.group(2)}")
    text = replaced(_BY_KEY, text, lambda match: f"{match.group(1)}.{match.group(2)}(")
    text = _renamed(text, aliases)
    return _renamed(text, dict(_functions_given(text)))


def _aliases(text: str) -> Iterator[tuple[str, str]]:
    """Each name that an import gives, and what it stands for."""
    for match in found(_IMPORTED_AS, text):
        yield match.group(2), match.group(1)
    for match in found(_FROM, text):
        yield from _parts(match.group(2), match.group(1), " as ")
    for match in found(_TAKEN_APART, text):
        yield from _parts(match.group(1), match.group(2), ":")
    for match in found(_IMPORTED_PARTS, text):
        yield from _parts(match.group(1), match.group(2), " as ")
    for pattern in (_NAMED_MODULE, _IMPORTED_MODULE):
        for match in found(pattern, text):
            yield match.group(1), _module(match.group(2))
    for match in found(_THEN, text):
        if match.group(2):
            yield match.group(2), _module(match.group(1))
        elif match.group(3):
            yield from _parts(match.group(3), match.group(1), ":")


def _parts(listed: str, module: str, sign: str) -> Iterator[tuple[str, str]]:
    """`rmSync: r, cpSync` of a module."""
    for part in listed.split(","):
        name, _, alias = (word.strip() for word in part.partition(sign))
        if not name.isidentifier():
            continue
        whole = name if module in _UNQUALIFIED else f"{_module(module)}.{name}"
        if alias or whole in KNOWN:
            yield alias or name, whole


def _functions_given(text: str) -> Iterator[tuple[str, str]]:
    for match in found(_RENAMED, text):
        if match.group(2) in KNOWN:
            yield match.group(1), match.group(2)


def _module(name: str) -> str:
    return name.replace("/", ".").replace("fs-extra", "fs")


def _renamed(text: str, aliases: dict[str, str]) -> str:
    aliases = {alias: name for alias, name in aliases.items() if alias != name}
    if not aliases:
        return text
    names = "|".join(alias.replace("$", r"\$") for alias in sorted(aliases, key=len, reverse=True))

    def rename(match: Any) -> str:
        return f"{match.group(1)}{aliases[match.group(2)]}{match.group(3)}"

    return replaced(rf"(^|[^\w.$\"'])({names})(\.|\s*\()", text, rename)
