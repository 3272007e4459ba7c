"""Programs given on the command line: `python -c`, `awk '…'`, `psql -c`, what an editor is told."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import re2

from agentaudit_processor.classify.shell.found import Inner
from agentaudit_processor.classify.tables import table

LANGUAGES: Mapping[str, str] = {
    "python": "python", "pypy": "python", "ipython": "python", "node": "javascript",
    "nodejs": "javascript", "deno": "javascript", "bun": "javascript", "tsx": "javascript",
    "ts-node": "javascript", "ruby": "ruby", "irb": "ruby", "perl": "perl", "php": "php",
    "lua": "lua", "luajit": "lua", "osascript": "applescript", "awk": "awk", "gawk": "awk",
    "mawk": "awk", "nawk": "awk", "tclsh": "tcl", "expect": "tcl", "Rscript": "r", "julia": "julia",
    "elixir": "elixir", "groovy": "groovy", "swift": "swift", "jshell": "java", "scala": "scala",
    "pwsh": "windows", "powershell": "windows", "powershell.exe": "windows", "pwsh.exe": "windows",
    "cmd": "windows", "cmd.exe": "windows",
}  # fmt: skip
_INLINE = table("-c -e -r -E --eval -p --print eval -Command -command -ne -pe -le -lne -ane -B -R")
_SQL_CLIENTS: Mapping[str, tuple[str, ...]] = {
    "psql": ("-c", "--command"), "pgcli": (), "mysql": ("-e", "--execute"),
    "mariadb": ("-e", "--execute"), "mycli": ("-e", "--execute"), "sqlite3": (), "sqlite": (),
    "litecli": ("-e",), "duckdb": ("-c",), "sqlcmd": ("-Q", "-q"), "bcp": (),
    "cockroach": ("-e", "--execute"), "clickhouse-client": ("-q", "--query"),
    "clickhouse": ("-q", "--query"), "snowsql": ("-q",), "snow": ("-q", "--query"), "bq": (),
    "usql": ("-c",), "wrangler": ("--command",), "turso": (), "cqlsh": ("-e", "--execute"),
    "trino": ("--execute",), "presto": ("--execute",), "hive": ("-e",), "beeline": ("-e",),
    "impala-shell": ("-q",), "spark-sql": ("-e",), "vsql": ("-c",), "isql": (), "sqlplus": (),
    "influx": (), "ksql": ("-e", "--execute"), "pscale": (), "spanner-cli": ("-e",),
    "mysqlsh": ("-e", "--execute"), "dolt": ("-q",), "databricks": (), "athenacli": ("-e",),
    "supabase": (), "neonctl": (), "ysqlsh": ("-c",), "gsql": ("-c",), "monetdb": ("-s",),
}  # fmt: skip
_SQL_WORDS = table("sqlite3 sqlite bq duckdb turso pscale supabase influx litecli")
"""Clients that take a statement as a word of its own."""


def language_of(program: str) -> str | None:
    """The language of an interpreter, `python3.12` included."""
    return LANGUAGES.get(program) or LANGUAGES.get(program.rstrip("0123456789."))


def code_in(language: str, argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """The program's text that an interpreter is given in an option, or as its input."""
    if language == "awk":
        script = next((word for word in argv[1:] if not word.startswith("-")), "")
        yield from (Inner(kind="shell", text=text) for text in _run_by_awk(script, stdin))
        return
    if language == "windows":
        yield from _given_to_windows(argv, stdin)
        return
    for at, word in enumerate(argv[1:-1], start=1):
        cluster = language in ("perl", "ruby") and word[:1] == "-" and word[-1:] in ("e", "E")
        if word in _INLINE or cluster:
            yield Inner(kind="code", text=argv[at + 1], language=language)
            return
    for word in argv[1:]:
        option, sign, value = word.partition("=")
        if sign and option in ("--eval", "--print"):
            yield Inner(kind="code", text=value, language=language)
            return
    if stdin is not None and not [word for word in argv[1:] if word != "-"]:
        yield Inner(kind="code", text=stdin, language=language)


def _given_to_windows(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    from agentaudit_processor.classify.powershell.launch import started  # noqa: PLC0415  it reads us

    inner = started(argv[0], argv[1:], stdin)
    if inner is not None and inner[1]:
        yield Inner(kind="code", text=inner[1], language=inner[0])


def sql_in(program: str, argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """The statements that a database client is given."""
    options = _SQL_CLIENTS[program]
    for at, word in enumerate(argv):
        option, sign, value = word.partition("=")
        if word in options and at + 1 < len(argv):
            yield Inner(kind="sql", text=argv[at + 1])
            yield from _escapes(argv[at + 1])
        elif sign and option in options and option.startswith("--"):
            yield Inner(kind="sql", text=value)
        elif word[:2] in options and len(word) > 2 and not word.startswith("--"):
            yield Inner(kind="sql", text=word[2:])
    if program in _SQL_WORDS:
        yield from (Inner(kind="sql", text=word) for word in argv[2:] if " " in word)
        yield from (inner for word in argv[2:] for inner in _escapes(word))
    if stdin is not None:
        yield Inner(kind="sql", text=stdin)
        yield from _escapes(stdin)


def is_sql_client(program: str) -> bool:
    """Tell whether `program` sends statements to a database."""
    return program in _SQL_CLIENTS


def told_to_editor(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """`vim -c ':!command'`, `vim +'!command'`, `ed <<< '!command'`."""
    told = [argv[at + 1] for at, word in enumerate(argv[:-1]) if word in ("-c", "--cmd", "-S")]
    told += [after for word, after in pairwise(argv) if _ends_in_c(word)]
    told += [word[1:] for word in argv[1:] if word.startswith("+")]
    told += stdin.splitlines()[:20] if stdin else []
    for text in told:
        found = _bang().search(text)
        if found is not None:
            told = found.group(1).strip(" '\")") if found.group(1) else found.group(2)
            yield Inner(kind="shell", text=told)


def _ends_in_c(cluster: str) -> bool:
    """Tell whether options of `ex` end in the one that takes a command: `-sc`, `-esc`."""
    return cluster[:1] == "-" and len(cluster) > 2 and cluster[1:].isalpha() and cluster[-1] == "c"


def told_to_sed(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """`sed '1e command'`, `sed 's/x/command/e'`: GNU sed runs them."""
    scripts = [argv[at + 1] for at, word in enumerate(argv[:-1]) if word in ("-e", "--expression")]
    scripts = scripts or [word for word in argv[1:] if not word.startswith("-")][:1]
    for script in scripts:
        found = _sed_run().search(script)
        if found is not None:
            command = (found.group(1) or found.group(3) or "").replace("\\", "")
            yield Inner(kind="shell", text=command or stdin or "")


def _run_by_awk(script: str, stdin: str | None) -> Iterator[str]:
    script = "\n".join(line for line in script.split("\n") if line.lstrip()[:1] != "#")
    for found in _awk_run().finditer(script[:4096]):
        command = next(text for text in found.groups() if text is not None)
        yield command.replace('\\"', '"')
    for found in _awk_printed().finditer(script[:4096]):
        yield str(found.group(1)).replace('\\"', '"')
    if stdin is not None and ("system($0)" in script.replace(" ", "") or '| "sh"' in script):
        yield stdin


def _escapes(text: str) -> Iterator[Inner]:
    r"""`\! command` of psql and mysql, `.shell command` of sqlite."""
    for found in _client_escape().finditer(text[:4096]):
        yield Inner(kind="shell", text=found.group(1))


@cache
def _bang() -> Any:
    return re2.compile(r"(?:^|[\s:|(\"'])!\s*(\S[^\n]*)|\bsystem(?:list)?\([\"']([^\n]*)[\"']\)")


@cache
def _sed_run() -> Any:
    address = r"(?:\d+|\$|/[^/]*/)?(?:,(?:\d+|\$|/[^/]*/))?"
    return re2.compile(
        rf"(?:^|[;{{\n]){address}\s*e\s+([^\n]+)|(?:^|[;{{\n]){address}\s*s([/|,#@!])[^\n]*?"
        r"[/|,#@!]((?:\\.|[^/|,#@!\n\\])*)[/|,#@!][gpiIm0-9]*e"
    )


@cache
def _awk_run() -> Any:
    text = r'"((?:[^"\\]|\\.)*)"'
    return re2.compile(rf"\bsystem\(\s*{text}|{text}\s*\|&?\s*getline|\bprint[^|;\n]*\|&?\s*{text}")


@cache
def _awk_printed() -> Any:
    return re2.compile(
        r'\bprintf?\s*\(?\s*"((?:[^"\\]|\\.)*)"\)?\s*\|&?\s*"(?:/bin/)?(?:ba|z|da)?sh'
    )


@cache
def _client_escape() -> Any:
    return re2.compile(r"(?m)(?:^|[;\s])(?:\\!|\.(?:shell|system))\s+([^\n]+)")
