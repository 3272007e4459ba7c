"""Commands that run other commands: what is inside `sudo`, `bash -c`, `ssh`, `psql -c` …"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agentaudit_processor.classify.tables import table

SHELLS = frozenset(("sh", "bash", "zsh", "dash", "ksh", "fish", "ash", "csh", "tcsh"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """What a wrapper runs: words (`argv`), a script (`shell`), SQL or a program's text."""

    kind: str
    """argv, shell, sql or code."""
    argv: Sequence[str] = ()
    text: str = ""
    language: str = ""
    privileged: bool = False


def unwrap(program: str, argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """What `argv` runs in turn. `stdin` is the text that it reads, if that is known."""
    if program in SHELLS:
        yield from _shell(argv, stdin)
    elif program in _PREFIXES:
        yield from _prefix(program, argv)
    elif (language := _LANGUAGES.get(program.rstrip("0123456789."))) is not None:
        yield from _code(language, argv, stdin)
    elif program in _SQL_CLIENTS:
        yield from _sql(program, argv, stdin)
    elif (special := _SPECIAL.get(program)) is not None:
        yield from special(argv, stdin)


def plain(argv: Sequence[str]) -> Sequence[str]:
    """`argv` without the options that stand before a subcommand and say only where to look."""
    program = argv[0].rpartition("/")[2]
    takes_value = _GLOBAL_OPTIONS.get(program)
    if takes_value is None:
        return argv
    rest = list(argv[1:])
    while rest and rest[0].startswith("-") and rest[0] not in ("--version", "--help", "--"):
        option = rest.pop(0)
        if option in takes_value and rest:
            rest.pop(0)
    return [argv[0], *rest]


_GLOBAL_OPTIONS: Mapping[str, frozenset[str]] = {
    "git": frozenset(("-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path")),
    "docker": frozenset(("-H", "--host", "-c", "--context", "-l", "--log-level", "--config")),
    "podman": frozenset(("--connection", "--url")),
    "npm": frozenset(("--prefix",)),
    "helm": frozenset(("-n", "--namespace", "--kube-context", "--kubeconfig")),
    "terraform": frozenset(),
    "tofu": frozenset(),
    "systemctl": frozenset(("-H", "--host", "-M")),
    "apt": frozenset(("-o", "-c")),
    "apt-get": frozenset(("-o", "-c")),
}

# program -> its options that take a value, and how many words stand before the command
_PREFIXES: Mapping[str, tuple[str, int]] = {
    "sudo": ("-u -g -h -p -C -r -t -T -U -D -R --user --group --host --chdir --chroot", 0),
    "doas": ("-u -C", 0),
    "env": ("-u -C -P -S --unset --chdir", 0),
    "nohup": ("", 0),
    "time": ("-f -o", 0),
    "nice": ("-n", 0),
    "ionice": ("-c -n -p", 0),
    "timeout": ("-k -s --kill-after --signal", 1),
    "gtimeout": ("-k -s", 1),
    "stdbuf": ("-i -o -e", 0),
    "setsid": ("", 0),
    "coproc": ("", 0),
    "command": ("", 0),
    "builtin": ("", 0),
    "exec": ("-a", 0),
    "busybox": ("", 0),
    "toybox": ("", 0),
    "watch": ("-n -d --interval", 0),
    "chroot": ("--userspec --groups", 1),
    "unshare": ("", 0),
    "nsenter": ("-t --target", 0),
    "flock": ("-w -E", 1),
    "strace": ("-e -o -p -s", 0),
    "caffeinate": ("-t -w", 0),
    "proxychains": ("-f", 0),
    "proxychains4": ("-f", 0),
    "torsocks": ("", 0),
    "sshpass": ("-p -f -d", 0),
    "systemd-run": ("-p -u --unit --on-calendar --property --on-active --slice --uid --gid", 0),
    "pkexec": ("--user", 0),
    "runuser": ("-u", 0),
    "setarch": ("", 1),
    "uv": ("", 1),
    "poetry": ("", 1),
    "pipenv": ("", 1),
    "npx": ("-p --package", 0),
    "bunx": ("", 0),
    "if": ("", 0),
    "then": ("", 0),
    "do": ("", 0),
    "!": ("", 0),
}
_RUN_ONLY = {"uv": "run", "poetry": "run", "pipenv": "run"}
_PRIVILEGED = frozenset(("sudo", "doas", "pkexec", "nsenter"))


def _prefix(program: str, argv: Sequence[str]) -> Iterator[Inner]:
    options, positionals = _PREFIXES[program]
    takes_value = options.split()
    if program in _RUN_ONLY and argv[1:2] != [_RUN_ONLY[program]]:
        return
    rest = list(argv[1:])
    while rest:
        word = rest[0]
        if word == "--":
            rest.pop(0)
            break
        if program == "env" and word in ("-S", "--split-string"):
            yield Inner(kind="shell", text=" ".join(rest[1:]))
            return
        if word.startswith("-") and len(word) > 1:
            rest.pop(0)
            if word in takes_value and rest:
                rest.pop(0)
        elif _is_assignment(word) and program in ("env", "sudo"):
            rest.pop(0)
        else:
            break
    rest = rest[positionals:]
    if rest:
        yield Inner(kind="argv", argv=rest, privileged=program in _PRIVILEGED)


def _is_assignment(word: str) -> bool:
    name, sign, _ = word.partition("=")
    return bool(sign) and name.isidentifier()


def _shell(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    rest = list(argv[1:])
    while rest and rest[0].startswith(("-", "+")) and len(rest[0]) > 1:
        option = rest.pop(0)
        if not option.startswith("--") and "c" in option and rest:
            yield Inner(kind="shell", text=rest[0])
            return
        if option in ("-o", "-O", "--rcfile", "--init-file") and rest:
            rest.pop(0)
        if option == "-s":
            rest = []
    if stdin is not None and (not rest or rest[0] in ("-", "/dev/stdin")):
        yield Inner(kind="shell", text=stdin)


def _eval(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    yield Inner(kind="shell", text=" ".join(argv[1:]))


def _su(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    for at, word in enumerate(argv[:-1]):
        if word in ("-c", "--command"):
            yield Inner(kind="shell", text=argv[at + 1], privileged=True)


def _script(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    for at, word in enumerate(argv[:-1]):
        if word == "--command" or (word[:1] == "-" and word[1:2] != "-" and word.endswith("c")):
            yield Inner(kind="shell", text=argv[at + 1])


def _scheduled(_argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    if stdin is not None:
        yield Inner(kind="shell", text=stdin)


def _trap(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    if len(argv) > 2:
        yield Inner(kind="shell", text=argv[1])


def _xargs(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    rest, mark = list(argv[1:]), ""
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option.startswith("-I") and len(option) > 2:
            mark = option[2:]
        elif option in _XARGS_VALUES and rest:
            value = rest.pop(0)
            mark = value if option == "-I" else mark
    items = stdin.split()[:20] if stdin else ["$STDIN"]
    if not rest:
        return
    if mark:
        for item in items[:5]:
            yield Inner(kind="argv", argv=[word.replace(mark, item) for word in rest])
    elif rest[0].rpartition("/")[2] in SHELLS and rest[-1:] == ["-c"] and stdin:
        yield Inner(kind="shell", text=stdin)  # whatever comes in is run
    else:
        yield Inner(kind="argv", argv=[*rest, *items])


def _parallel(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    rest = list(argv[1:])
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option in ("-j", "--jobs", "-n", "-N", "--colsep", "-a", "--arg-file") and rest:
            rest.pop(0)
    at = next((n for n, word in enumerate(rest) if word in (":::", "::::")), len(rest))
    words, items = rest[:at], [w for w in rest[at + 1 :] if w != ":::"]
    items = items or (stdin.split() if stdin else ["$STDIN"])
    if not words:
        yield from (Inner(kind="shell", text=item) for item in items[:5])
        return
    for item in items[:5]:
        filled = [word.replace("{}", item) for word in words]
        filled = filled if filled != words else [*words, item]
        if len(filled) == 1:
            yield Inner(kind="shell", text=filled[0])
        else:
            yield Inner(kind="argv", argv=filled)


def _find(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    from agentaudit_processor.classify.touches import found_in  # noqa: PLC0415

    start, filtered = found_in(argv)
    for at, word in enumerate(argv):
        if word in ("-exec", "-execdir", "-ok", "-okdir"):
            rest = list(argv[at + 1 :])
            end = next((n for n, w in enumerate(rest) if w in (";", "+")), len(rest))
            found = f"{start.rstrip('/')}/$FOUND" if filtered else start
            yield Inner(kind="argv", argv=[w.replace("{}", found) for w in rest[:end]])


def _ssh(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    rest = list(argv[1:])
    while rest and rest[0].startswith("-"):
        if rest.pop(0) in _SSH_VALUES and rest:
            rest.pop(0)
    if len(rest) > 1:
        yield Inner(kind="shell", text=" ".join(rest[1:]))
    elif rest and stdin is not None:
        yield Inner(kind="shell", text=stdin)


def _container(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    """`docker exec|run …`, `kubectl exec … -- …`."""
    if "--" in argv:
        rest = argv[argv.index("--") + 1 :]
        if rest and ("exec" in argv or "run" in argv):
            yield Inner(kind="argv", argv=rest)
        return
    if argv[1:2] not in (["exec"], ["run"]):
        return
    rest = list(argv[2:])
    while rest and rest[0].startswith("-"):
        if rest.pop(0) in _CONTAINER_VALUES and rest:
            rest.pop(0)
    if len(rest) > 1:
        yield Inner(kind="argv", argv=rest[1:])


_XARGS_VALUES = table(
    "-I -n -P -L -d -a -E -s --max-args --max-procs --delimiter --arg-file --max-lines --replace"
)
_SSH_VALUES = table("-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w")
_CONTAINER_VALUES = table(
    "-e -v -w -u -p --name --env --volume --workdir --user --network --mount --entrypoint"
)
_LANGUAGES: Mapping[str, str] = {
    "python": "python", "pypy": "python", "ipython": "python", "node": "javascript",
    "nodejs": "javascript", "deno": "javascript", "bun": "javascript", "ruby": "ruby",
    "perl": "perl", "php": "php",
}  # fmt: skip


def _code(language: str, argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    for at, word in enumerate(argv[1:-1], start=1):
        inline = word in ("-c", "-e", "-r", "-E", "--eval", "-p", "--print", "eval")
        if inline or (language == "perl" and word.startswith("-") and word.endswith("e")):
            yield Inner(kind="code", text=argv[at + 1], language=language)
            return
    if stdin is not None and not [word for word in argv[1:] if word != "-"]:
        yield Inner(kind="code", text=stdin, language=language)


_SQL_CLIENTS: Mapping[str, tuple[str, ...]] = {
    "psql": ("-c", "--command"),
    "mysql": ("-e", "--execute"),
    "mariadb": ("-e", "--execute"),
    "sqlite3": (),
    "duckdb": ("-c",),
    "sqlcmd": ("-Q", "-q"),
    "cockroach": ("-e", "--execute"),
    "clickhouse-client": ("-q", "--query"),
    "snowsql": ("-q",),
    "bq": (),
    "usql": ("-c",),
    "wrangler": ("--command",),
}


def _sql(program: str, argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    options = _SQL_CLIENTS[program]
    for at, word in enumerate(argv):
        option, sign, value = word.partition("=")
        if word in options and at + 1 < len(argv):
            yield Inner(kind="sql", text=argv[at + 1])
        elif sign and option in options and option.startswith("--"):
            yield Inner(kind="sql", text=value)
        elif word[:2] in options and len(word) > 2 and not word.startswith("--"):
            yield Inner(kind="sql", text=word[2:])
    if program in ("sqlite3", "bq", "duckdb"):
        yield from (Inner(kind="sql", text=word) for word in argv[2:] if " " in word)
    if stdin is not None:
        yield Inner(kind="sql", text=stdin)


_SPECIAL: Mapping[str, Callable[[Sequence[str], str | None], Iterator[Inner]]] = {
    "eval": _eval,
    "su": _su,
    "trap": _trap,
    "script": _script,
    "at": _scheduled,
    "batch": _scheduled,
    "xargs": _xargs,
    "parallel": _parallel,
    "find": _find,
    "ssh": _ssh,
    "docker": _container,
    "podman": _container,
    "kubectl": _container,
}
