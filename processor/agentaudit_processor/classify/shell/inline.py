"""Programs and statements given on the command line: `python -c`, `psql -c`, or as input."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import re2

from agentaudit_processor.classify.shell.awk import commands_in
from agentaudit_processor.classify.shell.found import Inner
from agentaudit_processor.classify.tables import table

LANGUAGES: Mapping[str, str] = {
    "python": "python", "pypy": "python", "ipython": "python", "node": "javascript",
    "nodejs": "javascript", "deno": "javascript", "bun": "javascript", "tsx": "javascript",
    "ts-node": "javascript", "ruby": "ruby", "irb": "ruby", "perl": "perl", "php": "php",
    "lua": "lua", "luajit": "lua", "osascript": "applescript", "awk": "awk", "gawk": "awk",
    "mawk": "awk", "nawk": "awk", "tclsh": "tcl", "expect": "tcl", "Rscript": "r", "julia": "julia",
    "elixir": "elixir", "groovy": "groovy", "swift": "swift", "jshell": "java", "scala": "scala",
    "R": "r", "littler": "r", "scala-cli": "scala", "amm": "scala", "kotlin": "kotlin",
    "kotlinc": "kotlin", "kscript": "kotlin", "clojure": "lisp", "clj": "lisp", "bb": "lisp",
    "racket": "lisp", "guile": "lisp", "csi": "lisp", "sbcl": "lisp", "clisp": "lisp",
    "ecl": "lisp", "emacs": "lisp", "emacsclient": "lisp", "erl": "erlang", "raku": "raku",
    "crystal": "crystal", "ghc": "haskell", "runghc": "haskell", "octave": "octave",
    "octave-cli": "octave", "matlab": "octave", "ocaml": "ocaml", "nim": "nim",
    "qjs": "javascript",
    "pwsh": "windows", "powershell": "windows", "powershell.exe": "windows", "pwsh.exe": "windows",
    "cmd": "windows", "cmd.exe": "windows",
}  # fmt: skip
_INLINE = table("-c -e -r -E --eval --print eval -le -eval -batch --execute")
_INLINE_OF: Mapping[str, frozenset[str]] = {
    "python": table("-c"),
    "javascript": table("-e -p -pe -c --eval --print eval"),
    "ruby": table("-e"),
    "perl": table("-e -E"),
    "php": table("-r -B -R -E --run --process-begin --process-code --process-end"),
}
"""Options behind which a program stands; `-E` and `-B` say another thing to another interpreter."""
_ENDS = {"perl": "eE", "ruby": "e", "python": "c"}
"""Letters that end a cluster behind which a program stands: `perl -lne`, `python3 -Ic`."""
_ATTACHED = {
    "python": ("-c",),
    "perl": ("-e", "-E"),
    "ruby": ("-e",),
    "php": ("-r",),
    "lua": ("-e",),
}
_TAKE_VALUE = table("-W -X -I -r --require --import --loader --input-type -C -d -s --feedback")
"""Options of interpreters that take a value, and after which the program may come as input."""
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


@lru_cache(maxsize=256)
def language_of(program: str) -> str | None:
    """The language of an interpreter, `python3.12` included."""
    return LANGUAGES.get(program) or LANGUAGES.get(program.rstrip("0123456789."))


def code_in(language: str, argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """The program's text that an interpreter is given in an option, or as its input."""
    if language == "awk":
        yield from (Inner(kind="shell", text=text) for text in commands_in(argv, stdin))
        return
    if language == "windows":
        yield from _given_to_windows(argv, stdin)
        return
    options, ends = _INLINE_OF.get(language, _INLINE), _ENDS.get(language, "")
    for at, word in enumerate(argv[1:-1], start=1):
        cluster = word[:1] == "-" and word[1:].isalnum() and len(word) < 8 and word[-1] in ends
        if word in options or cluster:
            yield from _of_cells(argv[0], argv[at + 1])
            yield Inner(kind="code", text=argv[at + 1], language=language)
            return
    for word in argv[1:]:
        option, sign, value = word.partition("=")
        if sign and option in ("--eval", "--print"):
            yield Inner(kind="code", text=value, language=language)
            return
        if word[:2] in _ATTACHED.get(language, ()) and len(word) > 2:
            yield Inner(kind="code", text=word[2:], language=language)
            return
    if argv[1:3] == ["-m", "timeit"]:
        yield from (Inner(kind="code", text=word, language=language) for word in argv[3:])
    if stdin is not None and _reads_its_program(argv):
        yield Inner(kind="code", text=stdin, language=language)


def _of_cells(program: str, text: str) -> Iterator[Inner]:
    """`ipython -c '!command'`."""
    if program.rpartition("/")[2].startswith("ipython"):
        lines = [line.lstrip() for line in text.split("\n")]
        yield from (Inner(kind="shell", text=line[1:]) for line in lines if line[:1] == "!")


def _reads_its_program(argv: Sequence[str]) -> bool:
    """Tell whether no word names a program's file: `python3 -u - x`, `node -r dotenv/config`."""
    before = ""
    words = argv[2:] if argv[1:2] == ["run"] else argv[1:]
    for word in words:
        if word in ("-", "/dev/stdin"):
            return True
        if not word.startswith("-") and before not in _TAKE_VALUE:
            return False
        before = word
    return before != "-m"


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
        elif _ends_in_one_of(word, options) and at + 1 < len(argv):  # `mysql -Ne`
            yield Inner(kind="sql", text=argv[at + 1])
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


def _ends_in_one_of(cluster: str, options: Sequence[str]) -> bool:
    """Tell whether letters of a `cluster` end in an option that takes a statement."""
    is_cluster = cluster[:1] == "-" and 2 < len(cluster) < 7 and cluster[1:].isalpha()
    return is_cluster and f"-{cluster[-1]}" in options


def is_sql_client(program: str) -> bool:
    """Tell whether `program` sends statements to a database."""
    return program in _SQL_CLIENTS


def _escapes(text: str) -> Iterator[Inner]:
    r"""`\! command` of psql and mysql, `.shell command` of sqlite."""
    for found in _client_escape().finditer(text[:4096]):
        yield Inner(kind="shell", text=found.group(1))


@cache
def _client_escape() -> Any:
    return re2.compile(r"(?m)(?:^|[;\s])(?:\\!|\.(?:shell|system))\s+([^\n]+)")
