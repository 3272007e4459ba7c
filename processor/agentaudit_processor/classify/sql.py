"""What an SQL text does: which statements destroy, change or grant.

sqlglot is imported when a trigger has seen a word that could do harm: it costs a third of a second,
and most calls hold no SQL. What it cannot parse is judged by its first words.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import re2

from agentaudit_processor.classify.tables import table

MAX_PARSE_CHARS = 4096
MAX_STATEMENTS = 200
MAX_PARSED = 8

VERBS = table(
    """
    drop_database drop_table drop_other truncate delete_all delete_some update_all update_some
    alter_drop alter grant revoke insert copy copy_program select create_user server_file log_off
    """
)
_HARMFUL = (
    r"(?i)\b(?:drop|truncate|delete|update|alter|grant|revoke|insert|copy|create\s+(?:user|role)|purge"
    r"|noaudit|execute|exec|prepare|reset\s+master)\b"
)
_PROGRAM = (
    r"(?i)\b(?:xp_cmdshell|sys_exec|sys_eval|sp_oacreate|dbms_scheduler\.create_job"
    r"|create\s+(?:extension|language|procedural\s+language)\b[^;]*\bpl(?:python|perl|tcl)\w*u"
    r"|create\s+[^;]*\bfunction\b[^;]*\b(?:language\s+c\b|soname)|executable\s*\()"
)
_SERVER_FILE = (
    r"(?i)\binto\s+(?:out|dump)file\b|\blo_(?:export|import)\s*\(|\bpg_read_(?:binary_)?file\s*\("
    r"|\bload_file\s*\(|\bpg_ls_dir\s*\(|\butl_file\."
)
_LOG_OFF = (
    r"(?i)\bset\s+(?:(?:global|session|persist)\s+|@@(?:global\.)?)?(?:general_log|slow_query_log|log_bin"
    r"|sql_log_bin|audit_log\w*|server_audit\w*)\s*=\s*(?:0|off|'off'|false)"
    r"|\balter\s+system\s+set\s+(?:log_\w+|logging_collector|pgaudit\.\w+)\s*(?:=|to)\s*'?(?:off|none|-1)"
    r"|\bpurge\s+(?:binary|master)\s+logs\b|\breset\s+master\b|\bnoaudit\b"
    r"|\bserver\s+audit\b[^;]*\bstate\s*=\s*off"
)
_BY_PATTERN = {"copy_program": _PROGRAM, "server_file": _SERVER_FILE, "log_off": _LOG_OFF}
"""What a function or a setting does, wherever in a statement it stands."""
_QUOTED = (
    r"(?i)\b(?:exec(?:ute)?(?:\s+immediate)?|sp_executesql|prepare\s+\w+\s+from|dblink_exec)\s*\(?"
    r"\s*N?'((?:[^']|'')*)'"
)
_BLOCK = r"(?is)^\s*(?:do|begin|declare|if)\b.*?\b(?:begin|then|else|loop)\s+(\S.*)$"
_MAX_INSIDE = 3
_SHORT_TEXT = 8
"""Signs of a quoted value of a setting: `'none'`."""
_SQL = (
    r"(?is)^[\s(;]*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*"
    r"(?:select|insert|update|delete|drop|truncate|alter|create|grant|revoke|with|copy|merge|call"
    r"|exec|begin|use|set|explain|show)\s"
)


def looks_like_sql(text: str) -> bool:
    """Tell whether `text` begins as a statement does."""
    return _pattern(_SQL).search(text[:512].encode("utf-8", "replace")) is not None


def statements(text: str) -> Iterator[tuple[str, str]]:
    """The statements of `text` that matter: (verb of `VERBS`, the statement's own text)."""
    raw = text.encode("utf-8", "replace")
    if not any(_pattern(one).search(raw) for one in (_HARMFUL, *_BY_PATTERN.values())):
        if looks_like_sql(text):
            yield ("select", text)
        return
    for at, statement in enumerate(_split(text[: MAX_PARSE_CHARS * 4])[:MAX_STATEMENTS]):
        yield from _read(statement, parse=at < MAX_PARSED)


def _read(statement: str, *, parse: bool, depth: int = 0) -> Iterator[tuple[str, str]]:
    """What a statement does, and what the ones in it do: `DO $$ … $$`, `EXEC('…')`."""
    told = statement.strip()
    by_pattern = [verb for verb, one in _BY_PATTERN.items() if _without_texts(one, told)]
    verb = _verb(statement, parse=parse)
    yield from ((one, told) for one in (*by_pattern, *([verb] if verb else [])))
    if depth < _MAX_INSIDE:
        for inner in _inside(told):
            yield from _read(inner, parse=parse, depth=depth + 1)


def _without_texts(pattern: str, statement: str) -> bool:
    """Tell whether `pattern` is met outside of longer quoted texts and comments."""
    if _pattern(pattern).search(statement.encode("utf-8", "replace")) is None:
        return False

    def emptied(piece: Any) -> str:
        text = str(piece.group(0))
        return text if len(text) <= _SHORT_TEXT else " '' "

    bare = str(_pattern(_PIECES).sub(emptied, statement)).encode("utf-8", "replace")
    return _pattern(pattern).search(bare) is not None


def _inside(statement: str) -> Iterator[str]:
    block = _pattern(_BLOCK).search(statement[:MAX_PARSE_CHARS])
    if block is not None:
        yield block.group(1)
        return
    for quoted in _pattern(_QUOTED).finditer(statement[:MAX_PARSE_CHARS]):
        yield quoted.group(1).replace("''", "'")


def _split(text: str) -> list[str]:
    """Split at semicolons outside quotes and comments."""
    pieces, start = [], 0
    for match in _pattern(_PIECES).finditer(text):
        if match.group(0) == ";":
            pieces.append(text[start : match.start()])
            start = match.end()
    return [*pieces, text[start:]]


_PIECES = r"""(?s)'(?:[^']|'')*'|"[^"]*"|--[^\n]*|/\*.*?\*/|;"""
_COMMENTS = r"(?s)--[^\n]*|/\*.*?\*/|^\\[^\n]*"


def _verb(statement: str, *, parse: bool) -> str | None:
    words = str(_pattern(_COMMENTS).sub(" ", statement)).upper().split()
    if not words:
        return None
    verb = _by_words(words)
    if _pattern(_PLAIN).search(statement.encode("utf-8", "replace")) is not None:
        return verb
    if parse and (verb in ("delete_some", "update_some") or words[0] == "WITH"):
        return _by_tree(statement, words) or verb
    return verb


_VALUE = r"(?:'[^'\\]*'|-?\d+(?:\.\d+)?|\$\d+|\?|%s|:[a-z_]\w*)"
_CONDITION = rf"[a-z_][\w.]*\s*(?:=|<>|!=|<=?|>=?)\s*{_VALUE}"
_CHANGE = rf"[a-z_]\w*\s*=\s*{_VALUE}"
_PLAIN = (
    rf"(?i)^\s*(?:delete\s+from\s+[a-z_][\w.]*|update\s+[a-z_][\w.]*\s+set\s+{_CHANGE}"
    rf"(?:\s*,\s*{_CHANGE})*)\s+where\s+{_CONDITION}(?:\s+and\s+{_CONDITION})*\s*$"
)
"""Some rows by a column's value: nothing that a parser could tell better, and it is 150 ms away."""


def _by_words(words: list[str]) -> str | None:  # noqa: PLR0911  one return a verb
    first, second = words[0], words[1] if len(words) > 1 else ""
    if first == "EXPLAIN" and "ANALYZE" not in words:
        return "select"
    if first == "DROP":
        if not words[2:]:  # what is dropped is not named: words that somebody looks for
            return None
        return _DROPS.get(second.strip(";"), "drop_other")
    if first == "TRUNCATE":
        return "truncate"
    if first in ("DELETE", "UPDATE"):
        return f"{first.lower()}_{'some' if 'WHERE' in words else 'all'}"
    if first == "ALTER" and second in ("USER", "ROLE", "LOGIN"):
        return "create_user" if _POWERS.intersection(words) else "alter"
    if first == "ALTER":
        return "alter_drop" if "DROP" in words else "alter"
    if first == "COPY":
        return "copy_program" if "PROGRAM" in words else "copy"
    if first == "CREATE" and second in ("USER", "ROLE"):
        return "create_user"
    return _FIRST.get(first)


_POWERS = table("SUPERUSER CREATEROLE BYPASSRLS CREATEDB REPLICATION PASSWORD IDENTIFIED SYSADMIN")
_DROPS = {
    "DATABASE": "drop_database", "SCHEMA": "drop_database", "TABLE": "drop_table",
    "TABLES": "drop_table", "OWNED": "drop_table", "TABLESPACE": "drop_table",
    "COLLECTION": "drop_table", "KEYSPACE": "drop_database",
}  # fmt: skip
_FIRST = {
    "GRANT": "grant", "REVOKE": "revoke", "INSERT": "insert", "REPLACE": "insert",
    "MERGE": "insert", "SELECT": "select", "SHOW": "select", "WITH": "select",
}  # fmt: skip


def _by_tree(statement: str, words: list[str]) -> str | None:
    """The verb of the parsed statement: a WHERE may belong to an inner query, or be always true."""
    if len(statement) > MAX_PARSE_CHARS:
        return None
    import sqlglot  # noqa: PLC0415  see the module's docstring
    from sqlglot import expressions as shapes  # noqa: PLC0415

    try:
        tree = sqlglot.parse_one(statement)
    except (sqlglot.errors.SqlglotError, RecursionError, ValueError):
        return None
    for shape, name in ((shapes.Delete, "delete"), (shapes.Update, "update")):
        found = tree.find(shape)
        if found is not None:
            where = found.args.get("where")
            every = where is None or _is_always_true(where.this, shapes)
            return f"{name}_{'all' if every else 'some'}"
    return "select" if words[0] == "WITH" else None


def _is_always_true(condition: Any, shapes: Any) -> bool:
    if isinstance(condition, shapes.Boolean):
        return bool(condition.this)
    if isinstance(condition, shapes.Literal):
        return bool(condition.this != "0")
    return isinstance(condition, shapes.EQ) and condition.left == condition.right


@cache
def _pattern(pattern: str) -> Any:
    return re2.compile(pattern)
