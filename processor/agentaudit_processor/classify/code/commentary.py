"""A program's text without what it only says: comments, docstrings, texts that it prints.

What may be something else stays: `//` behind another `/`, a text with holes, a `#` that a name
follows. A language that is not known here keeps all its text.
"""

from functools import cache
from itertools import islice
from typing import Any

import re2

from agentaudit_processor.classify.code.idle import without_idle_texts
from agentaudit_processor.classify.tables import table

_STRING = r'"(?:[^"\\\n]|\\.)*"|' + r"'(?:[^'\\\n]|\\.)*'"
_PYTHON = (
    r'(?s)[rbuRBU]{0,2}(?:"""(?:[^\\]|\\.)*?"""|' + r"'''(?:[^\\]|\\.)*?''')"
    rf"|[A-Za-z]{{0,2}}(?:{_STRING})|(?-s:#(?:[ \t#].*|$))"
)
_SLASHES = rf"(?s){_STRING}|`(?:[^`\\]|\\.)*`|/\*.*?\*/|(?-s://.*)"
_HASH_LINE = r"(?m)^[ \t]*#(?:[ \t#].*)?$"
_DASH_LINE = r"(?m)^[ \t]*--(?:[ \t-].*)?$"
_DOCUMENTED = r"(?:^|(?m:^)[ \t]*(?:async[ \t]+def|def|class)\b[^\n]*:[ \t]*(?:#[^\n]*)?\n)\s*$"
_PRINTS = r"(?:^|[^\w.])(?:print|console\.(?:log|info|warn|error|debug))\(\s*$"
_PRINTS_NO_MORE = r"\b(?:print|console\.\w+)\s*=(?:$|[^=])|\bas\s+print\b"
_NOT_PYTHON = ("`", "${", "#{")  # a template of another language, told as Python
_PATTERNS = {
    **dict.fromkeys(table("python py python3"), (_PYTHON,)),
    **dict.fromkeys(
        table("javascript js node nodejs typescript ts java groovy scala swift go rust"),
        (_SLASHES,),
    ),
    **dict.fromkeys(table("ruby rb perl pl r julia elixir tcl awk"), (_HASH_LINE,)),
    "php": (_HASH_LINE, _SLASHES),
    "lua": (_DASH_LINE,),
    "applescript": (_DASH_LINE,),
}
_MAX_TOKENS = 1_000
"""Of texts and comments; what is behind them stays, and is judged as if it ran."""
_BEFORE = 400
"""Characters looked at before a text or comment."""


def without_commentary(text: str, language: str) -> str:
    """`text` of a program in `language` without its comments and what it only prints."""
    if 'f"""' in text or "f'''" in text:  # may hold more texts of the same quotes
        return text
    prints = _compiled(_PRINTS_NO_MORE).search(text) is None
    for pattern in _PATTERNS.get(language, ()):
        text = _changed(pattern, text, prints=prints)
    return without_idle_texts(text, language)


def _changed(pattern: str, text: str, *, prints: bool) -> str:
    kept, at = [], 0
    for match in islice(_compiled(pattern).finditer(text), _MAX_TOKENS):
        start, end = match.span()
        before = text[max(0, start - _BEFORE) : start]
        shorter = _shortened(match.group(0), before, text[end : end + 1], prints=prints)
        if shorter is not None:
            kept += [text[at:start], shorter]
            at = end
    return "".join([*kept, text[at:]]) if at else text


def _shortened(token: str, before: str, after: str, *, prints: bool) -> str | None:
    """What stays of a comment or text; None where it stays as it is."""
    line = before[before.rfind("\n") + 1 :]
    if token[:2] in ("//", "/*"):
        return None if "/" in line else " "
    if token.lstrip()[:1] in ("#", "-"):
        doubtful = any(sign in line + token for sign in _NOT_PYTHON) or _of_holes(line)
        return None if doubtful else ""
    if token[-3:] in ('"""', "'''") and len(token) >= 6:
        alone = after in ("", "\n") and _compiled(_DOCUMENTED).search(before) is not None
        return '""' if alone else None
    printed = prints and after in (")", ",") and token[0] in "\"'" and "{" not in token
    return '""' if printed and _compiled(_PRINTS).search(before) is not None else None


def _of_holes(line: str) -> bool:
    """Tell whether a text with holes begins in `line`: it may hold the sign of a comment."""
    return _compiled(r"\b[rR]?[fFtT][rR]?[\"']").search(line) is not None


@cache
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern)
