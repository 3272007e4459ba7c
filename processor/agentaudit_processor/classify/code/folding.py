"""What a program puts together out of literals, as one literal: `'rm' + ' -rf'`, `Path.home()` …

Only what the text itself spells out is folded; what an input decides stays as it is.
"""

import base64
import binascii
from collections.abc import Sequence
from functools import partial
from typing import Any

from agentaudit_processor.classify.code.literals import (
    ARGUMENT,
    LITERAL,
    found,
    names_in,
    replaced,
    unquoted,
    value,
)

_HOME_NAME = r"[\"'`](?:HOME|USERPROFILE|user\.home)[\"'`]"
_HOME_CALL = (
    rf"(?:os\.)?environ\[\s*{_HOME_NAME}\s*\]|(?:os\.)?environ\.get\(\s*{_HOME_NAME}\s*\)"
    rf"|(?:os\.)?(?i:getenv)\(\s*{_HOME_NAME}\s*\)|process\.env(?:\.HOME\b|\[\s*{_HOME_NAME}\s*\])"
    rf"|(?:\bos\.)?\bhomedir\(\)|\bDir\.home\b|\bENV(?:\[\s*{_HOME_NAME}\s*\]|\.fetch\(\s*{_HOME_NAME}"
    rf"\s*\))|\$(?:_SERVER|_ENV)\[\s*{_HOME_NAME}\s*\]|\$ENV\{{[\"']?HOME[\"']?\}}"
    rf"|System\.(?:getProperty|getenv)\(\s*{_HOME_NAME}\s*\)|os\.UserHomeDir\(\)|\bhomedir\(\)"
    rf"|(?:std::)?env::var\(\s*{_HOME_NAME}\s*\)(?:\.unwrap\(\))?|Deno\.env\.get\(\s*{_HOME_NAME}\s*\)"
)
_HOME_PATH = r"(?:pathlib\.)?\bPath\.home\(\)"
_HOME_HOLE = rf"[#$]?\{{\s*(?:{_HOME_CALL}|{_HOME_PATH})\s*\}}|\$ENV\{{HOME\}}/"
_EXPANDED = (
    rf"(?:os\.path\.(?:expanduser|expandvars|abspath|realpath)|File\.expand_path|\bexpanduser|\bstr"
    rf"|\bString|path\.normalize)\(\s*({LITERAL})\s*\)"
)
_PATH_ARGUMENT = rf"(\w\(\s*|[,=]\s*)(?:pathlib\.)?Path\(\s*({LITERAL})\s*\)(\s*[,)])"
_PATH_DIVIDED = (
    rf"(?:pathlib\.)?\bPath\(\s*({LITERAL}(?:\s*,\s*{LITERAL})*)\s*\)((?:\s*/\s*{LITERAL})*)"
)
_PATH_SAME = r"\.(?:expanduser|resolve|absolute)\(\)"
_PATH_CALL = (
    rf"(?:os\.path\.join|\bpath\.(?:posix\.)?(?:join|resolve)|filepath\.Join|File\.join)\("
    rf"\s*((?:{ARGUMENT})(?:\s*,\s*(?:{ARGUMENT}))*)\s*\)"
)
_NAME = r"[A-Za-z_$][\w$]*"
_SUM = rf"(?:{LITERAL}|{_NAME})(?:\s*\+\s*(?:{LITERAL}|{_NAME}))+"
_DOTTED = rf"(?:{LITERAL}|\$\w+)(?:\s*\.\.?\s*(?:{LITERAL}|\$\w+))+"
_LUA_DOTTED = rf"(?:{LITERAL}|{_NAME})(?:\s*\.\.\s*(?:{LITERAL}|{_NAME}))+"
_SIDE_BY_SIDE = rf"{LITERAL}(?:[ \t]*{LITERAL})+"
_LISTED = rf"\s*((?:{ARGUMENT})(?:\s*,\s*(?:{ARGUMENT}))*)\s*,?\s*"
_JOINS = rf"({LITERAL})\.join\(\s*[\[(]{_LISTED}[\])]\s*\)"
_JOINED_BY = rf"\[{_LISTED}\]\.join\(\s*({LITERAL})?\s*\)"
_FORMATTED = rf"({LITERAL})\.format\({_LISTED}\)"
_PERCENT = rf"({LITERAL})\s*%\s*(?:[\[(]{_LISTED}[\])]|({ARGUMENT}))"
_DECODED = (
    rf"(?:base64\.)?\b(?:b64decode|atob|base64_decode|decode_base64|urlsafe_b64decode|Base64\.decode64)\("
    rf"\s*({LITERAL})\s*\)|Buffer\.from\(\s*({LITERAL})\s*,\s*[\"']base64[\"']\s*\)"
)
_FROM_HEX = (
    rf"(?:bytes\.fromhex|unhexlify|hex2bin)\(\s*({LITERAL})\s*\)"
    rf"|Buffer\.from\(\s*({LITERAL})\s*,\s*[\"']hex[\"']\s*\)"
)
_AS_TEXT = rf"({LITERAL})\.(?:decode|toString|strip|trim|lower|toLowerCase)\((?:{LITERAL})?\)"
_BY_NAME = (
    rf"\bgetattr\(\s*([A-Za-z_][\w.]*(?:\(\s*{LITERAL}\s*\))?)\s*,\s*({LITERAL})\s*(?:,[^()]*)?\)"
)
_EMPTY = r"(?:''|\"\")"
_BACKWARDS = (
    rf"({LITERAL})(?:\[::-1\]|\.reverse\b(?:\(\))?"
    rf"|\.split\(\s*{_EMPTY}\s*\)\.reverse\(\)\.join\(\s*{_EMPTY}\s*\))"
)


def folded(text: str) -> str:
    """`text` with what its literals come to; the same where there is nothing to put together."""
    text = _homes_named(text)
    text = _decoded(text)
    text = _paths_made(text)
    if "chr(" in text:
        text = replaced(_SIGN, text, _as_sign)
    names = names_in(text)
    if "+" in text:
        text = replaced(_SUM, text, partial(_concatenated, names=names))
    if '"' in text or "'" in text:
        text = _told_by_signs(text, names)
    if "getattr(" in text:
        text = replaced(_BY_NAME, text, _as_attribute)
    if "oin" in text or "resolve(" in text:
        text = replaced(_PATH_CALL, text, partial(_as_path, names=names))
    return text


def _as_attribute(match: Any) -> str:
    """`os.system` of `getattr(os, "system")`."""
    name = unquoted(match.group(2))
    return f"{match.group(1)}.{name}" if name.isidentifier() else str(match.group(0))


_SIGN = r"\bchr\(\s*([0-9]{2,3})\s*\)"


def _as_sign(match: Any) -> str:
    """`"r"` of `chr(114)`."""
    sign = chr(int(match.group(1)))
    return f'"{sign}"' if sign.isprintable() and sign not in '"\\' else str(match.group(0))


def _homes_named(text: str) -> str:
    if "HOME" in text or "home" in text or "Home" in text or "USERPROFILE" in text:
        text = replaced(_HOME_HOLE, text, lambda match: "~/" if match.group(0)[-1] == "/" else "~")
        text = replaced(_HOME_CALL, text, lambda _: '"~"')
        text = replaced(_HOME_PATH, text, lambda _: 'Path("~")')
    if "expand" in text:
        text = replaced(_EXPANDED, text, lambda match: str(match.group(1)))
    return text


def _paths_made(text: str) -> str:
    """`Path('a') / 'b'` as `Path("a/b")`, and as a literal where a function is given it."""
    if "Path(" in text:
        text = replaced(_PATH_SAME, text, lambda _: "")
        text = replaced(_PATH_DIVIDED, text, _path_divided)
        text = replaced(_PATH_ARGUMENT, text, lambda match: "".join(match.groups()))
    if "path(" in text or "str(" in text or "path." in text:
        text = replaced(_EXPANDED, text, lambda match: str(match.group(1)))
    return text


def _decoded(text: str) -> str:
    if "64" in text or "atob" in text:
        text = replaced(_DECODED, text, _from_base64)
    if "hex" in text:
        text = replaced(_FROM_HEX, text, _from_hex)
    if "[::-1]" in text or "reverse" in text:
        text = replaced(_BACKWARDS, text, lambda match: _literal(unquoted(match.group(1))[::-1]))
    if "code(" in text or "String(" in text:
        text = replaced(_AS_TEXT, text, lambda match: str(match.group(1)))
    return text


def _told_by_signs(text: str, names: dict[str, str]) -> str:
    if '".' in text or "'." in text or '" .' in text or "' ." in text or "$" in text:
        text = replaced(_DOTTED, text, partial(_concatenated, names=names))
    if ".." in text:
        text = replaced(_LUA_DOTTED, text, partial(_concatenated, names=names))
    if "''" in text or '""' in text or "' '" in text or '" "' in text or "\"'" in text:
        text = replaced(_SIDE_BY_SIDE, text, partial(_concatenated, names={}))
    if "join(" in text:
        text = replaced(
            _JOINS, text, lambda match: _joined(match, match.group(1), match.group(2), names)
        )
        text = replaced(
            _JOINED_BY, text, lambda match: _joined(match, match.group(2), match.group(1), names)
        )
    if ".format(" in text:
        text = replaced(_FORMATTED, text, partial(_formatted, names=names, marks=("{}",)))
    if "%" in text:
        text = replaced(_PERCENT, text, partial(_formatted, names=names, marks=("%s", "%d", "%r")))
    return text


def _values(listed: str, names: dict[str, str]) -> list[str] | None:
    """What the operands in `listed` stand for; None unless all are known."""
    known = [value(match.group(0), names) for match in found(f"{LITERAL}|{_NAME}", listed)]
    return None if None in known else [one for one in known if one is not None]


def _concatenated(match: Any, names: dict[str, str]) -> str:
    parts = _values(match.group(0), names)
    return str(match.group(0)) if parts is None else _literal("".join(parts))


def _joined(match: Any, between: str | None, listed: str, names: dict[str, str]) -> str:
    parts = _values(listed, names)
    sign = unquoted(between) if between else ","
    return str(match.group(0)) if parts is None else _literal(sign.join(parts))


def _as_path(match: Any, names: dict[str, str]) -> str:
    parts = _values(match.group(1), names)
    return str(match.group(0)) if parts is None else _literal(_path(parts))


def _path_divided(match: Any) -> str:
    return f"Path({_literal(_path(_values(match.group(1) + match.group(2), {}) or []))})"


def _path(parts: Sequence[str]) -> str:
    whole = ""
    for part in parts:  # an absolute part starts anew
        whole = part if part.startswith("/") or not whole else f"{whole.rstrip('/')}/{part}"
    return whole


def _formatted(match: Any, names: dict[str, str], marks: Sequence[str]) -> str:
    groups = match.groups()
    parts = _values(next(group for group in groups[1:] if group is not None), names)
    if parts is None:
        return str(match.group(0))
    text = unquoted(groups[0])
    for at, part in enumerate(parts):
        mark = next((one for one in (*marks, f"{{{at}}}") if one in text), None)
        text = text.replace(mark, part, 1) if mark is not None else text
    return _literal(text)


def _from_base64(match: Any) -> str:
    try:
        text = base64.b64decode(unquoted(match.group(1) or match.group(2)) + "==")
    except (binascii.Error, ValueError):
        return str(match.group(0))
    return _literal(text.decode("utf-8", "replace"))


def _from_hex(match: Any) -> str:
    try:
        text = bytes.fromhex(unquoted(match.group(1) or match.group(2)))
    except ValueError:
        return str(match.group(0))
    return _literal(text.decode("utf-8", "replace"))


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
