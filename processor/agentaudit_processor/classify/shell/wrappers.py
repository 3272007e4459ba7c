"""Commands that run other commands: what is inside `sudo`, `bash -c`, `find -exec`, `git -c` …

A program whose last words are the command stands in the table of `prefixes`; one that takes it as
an option's value in that of `options`. Here are the dispatch and the ones with a way of their own.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import takewhile

from agentaudit_processor.classify.shell import (
    developing,
    editors,
    inline,
    items,
    prefixes,
    remote,
    stores,
)
from agentaudit_processor.classify.shell.found import Inner
from agentaudit_processor.classify.shell.items import SHELLS
from agentaudit_processor.classify.shell.options import has_values_run, values_run
from agentaudit_processor.classify.tables import table

_MAX_ITEMS = 20


def unwrap(program: str, argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """What `argv` runs in turn. `stdin` is the text that it reads, if that is known."""
    for way in _ways_of(program):
        yield from way(argv, stdin)


_Way = Callable[[Sequence[str], str | None], Iterator[Inner]]
_ROOT = frozenset(("su", "runuser"))


@lru_cache(maxsize=256)
def _ways_of(program: str) -> Sequence[_Way]:
    """What tells what `program` runs; nothing for nearly all programs."""
    ways: list[_Way] = []
    if has_values_run(program):
        ways.append(partial(_of_options, program))
    if program in SHELLS:
        ways.append(_shell)
    elif program in prefixes.PREFIXES:
        ways.append(partial(_prefix, program))
    if (language := inline.language_of(program)) is not None:
        ways.append(partial(inline.code_in, language))
    elif inline.is_sql_client(program):
        ways.append(partial(inline.sql_in, program))
    if (special := _SPECIAL.get(program)) is not None:
        ways.append(special)
    return ways


def _of_options(program: str, argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    for text in values_run(program, argv):
        yield Inner(kind="shell", text=text, privileged=program in _ROOT)


def _prefix(program: str, argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    if program == "env":
        for at, word in enumerate(argv[1:], start=1):
            if not word.startswith("-") and not prefixes.is_assignment(word):
                break  # from here on they are the program's
            if word.startswith(("-S", "--split-string")):
                whole = word in ("-S", "--split-string")
                text = word.partition("=")[2] if word.startswith("--") else word[2:]
                given = argv[at + 1 :]
                text, given = (given[0], given[1:]) if whole and given else (text, given)
                line = " ".join([text, *map(shlex.quote, given)])
                yield Inner(kind="shell", text=line, stdin=stdin)
                return
    rest = prefixes.behind(program, argv)
    if rest and program in _BY_VERSION:
        rest = [_without_version(rest[0]), *rest[1:]]
    if rest:
        root = prefixes.is_root(program)
        if " " in rest[0]:  # no program is called so: `watch 'command'`, `heroku run 'command'`
            yield Inner(kind="shell", text=rest[0], privileged=root, stdin=stdin)
        else:
            yield Inner(kind="argv", argv=rest, privileged=root, stdin=stdin)


_BY_VERSION = frozenset(("npx", "bunx", "uvx", "npm", "pnpm", "yarn", "bun", "pipx"))


def _without_version(package: str) -> str:
    """`rimraf` of `rimraf@5`."""
    return package[: package.rindex("@")] if package.rfind("@") > 0 else package


def _shell(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    rest = list(argv[1:])
    if _only_checks(rest):
        return
    while rest and rest[0].startswith(("-", "+")) and len(rest[0]) > 1:
        option = rest.pop(0)
        if option[-1] == "o" and "c" not in option and option[1] != "-" and rest:
            rest.pop(0)  # `bash -euo pipefail -c …`
        if not option.startswith("--") and "c" in option and rest:
            yield Inner(kind="shell", text=rest[0], argv=rest[1:], stdin=stdin)
            return
        if option in ("--command", "--init-command", "-C") and rest:  # fish
            yield Inner(kind="shell", text=rest.pop(0))
        if option in ("-O", "--rcfile", "--init-file") and rest:
            rest.pop(0)
        if option == "-s":
            rest = []
    if stdin is not None and (not rest or rest[0] in ("-", "/dev/stdin")):
        yield Inner(kind="shell", text=stdin)


def _only_checks(words: Sequence[str]) -> bool:
    """Tell whether a shell reads without running: `bash -n`; one that talks to a person runs."""
    options = list(takewhile(lambda word: word[:1] in ("-", "+") and word[1:].isalpha(), words))
    letters = "".join(option for option in options if option[0] == "-")
    return "n" in letters and "i" not in letters and not any("+" in option for option in options)


def _eval(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    yield Inner(kind="shell", text=" ".join(argv[1:]))


def _source(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    if stdin is not None and argv[1:2] in (["/dev/stdin"], ["/dev/fd/0"], ["-"]):
        yield Inner(kind="shell", text=stdin)


def _scheduled(_argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    if stdin is not None:
        yield Inner(kind="shell", text=stdin)


def _cron(_argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """The commands of a crontab."""
    for line in (stdin or "").splitlines()[:_MAX_ITEMS]:
        words = line.split()
        if words and not words[0].startswith("#"):
            fields = 1 if words[0].startswith("@") else 5
            yield Inner(kind="shell", text=" ".join(words[fields:]))


def _trap(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    if len(argv) > 2:
        yield Inner(kind="shell", text=argv[1])


def _go(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    if argv[1:2] == ["run"] and stdin is not None:
        yield Inner(kind="code", text=stdin, language="go")


def _terminal(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    """`tmux new -d 'command'`, `tmux send-keys 'command' Enter`, `screen -dmS x command`."""
    rest = list(argv[1:])
    if rest[:1] in (["send-keys"], ["send"]):
        words = [w for w in rest[1:] if w not in ("Enter", "C-m", "ENTER")]
        if words[:1] == ["-t"]:
            words = words[2:]
        yield Inner(kind="shell", text=" ".join(w for w in words if not w.startswith("-")))
        return
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            if word[-1] in "StcnxsyeFXp" and rest and word not in ("-d", "-X"):
                rest.pop(0)
        elif word not in _TERMINAL_VERBS:
            if rest and " " not in word:
                yield Inner(kind="argv", argv=[word, *rest])
            else:
                yield Inner(kind="shell", text=" ".join([word, *rest]))
            return


_TERMINAL_VERBS = table(
    """
    new new-session new-window neww split-window splitw respawn-pane run-shell run if-shell
    display-popup popup pipe-pane stuff exec
    """
)


def _spawned(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """`expect -c 'spawn command'`, `tclsh <<< 'exec command'`."""
    texts = [argv[at + 1] for at, word in enumerate(argv[:-1]) if word == "-c"]
    texts += [stdin] if stdin else []
    for text in texts:
        for line in text.replace(";", "\n").splitlines()[:_MAX_ITEMS]:
            verb, _, command = line.strip().partition(" ")
            if verb in ("spawn", "exec", "system") and command:
                yield Inner(kind="shell", text=command.removeprefix("-noecho ").strip('"{}'))


_SPECIAL: Mapping[str, _Way] = {
    "eval": _eval,
    "source": _source,
    ".": _source,
    "trap": _trap,
    "at": _scheduled,
    "batch": _scheduled,
    "newgrp": _scheduled,
    "crontab": _cron,
    "xargs": items.xargs,
    "parallel": items.parallel,
    "find": items.of_find,
    "fd": items.fd,
    "fdfind": items.fd,
    "go": _go,
    "git": developing.git,
    "make": developing.made,
    "gmake": developing.made,
    **dict.fromkeys(("npm", "pnpm", "yarn", "bun"), developing.package),
    "tmux": _terminal,
    "screen": _terminal,
    "gdb": developing.debugger,
    "lldb": developing.debugger,
    "cmake": developing.cmake,
    "adb": developing.on_phone,
    "expect": _spawned,
    "tclsh": _spawned,
    "sed": editors.told_to_sed,
    "gsed": editors.told_to_sed,
    "vi": editors.told_to_editor,
    "vim": editors.told_to_editor,
    "nvim": editors.told_to_editor,
    "view": editors.told_to_editor,
    "ex": editors.told_to_editor,
    "ed": editors.told_to_editor,
    "less": editors.told_to_editor,
    "ssh": remote.over_ssh,
    "mosh": remote.over_ssh,
    "docker": remote.in_container,
    "podman": remote.in_container,
    "nerdctl": remote.in_container,
    "docker-compose": remote.in_container,
    "kubectl": remote.in_container,
    "oc": remote.in_container,
    "crictl": remote.in_container,
    "pdsh": remote.on_fleet,
    "pssh": remote.on_fleet,
    "parallel-ssh": remote.on_fleet,
    "clush": remote.on_fleet,
    "salt": remote.on_fleet,
    "aws": remote.by_cloud,
    "redis-cli": stores.key_value,
    "valkey-cli": stores.key_value,
    "keydb-cli": stores.key_value,
    "sftp": stores.transfer,
    "ftp": stores.transfer,
    "lftp": stores.transfer,
    "mongosh": stores.document,
    "mongo": stores.document,
}
