"""What developers' tools run in turn: git's settings, makefiles, debuggers, cmake, phones.

Source: the manual pages of git-config, make, gdb, lldb, cmake and adb.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import islice, pairwise
from typing import Any

import re2

from agentaudit_processor.classify.shell.found import Inner
from agentaudit_processor.classify.tables import table

_MAX_LINES = 20


def git(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    """`git -c alias.x='!command' x`, `git config core.pager command`, `git rebase -x command` …"""
    for name, value in _git_settings(argv):  # for this one command, but no less in force
        yield Inner(kind="argv", argv=["git", "config", name, value])
    if "config" in argv:
        words = [word for word in argv[argv.index("config") + 1 :] if not word.startswith("-")]
        yield from _git_setting(" ".join(words))
    for subcommand, option in (("rebase", "-x"), ("difftool", "-x"), ("bisect", "run")):
        if subcommand in argv and option in argv[:-1]:
            at = argv.index(option)
            text = argv[at + 1] if option == "-x" else " ".join(argv[at + 1 :])
            yield Inner(kind="shell", text=text)
    for word in argv[1:]:
        if word.startswith("ext::"):  # an address that is a command
            yield Inner(kind="shell", text=word[5:])
    if "submodule" in argv and "foreach" in argv:
        rest = [word for word in argv[argv.index("foreach") + 1 :] if word != "--recursive"]
        yield Inner(kind="shell", text=" ".join(rest))


def _git_settings(argv: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names and values of `git -c name=value`, `git clone --config name=value`."""
    for at, word in enumerate(argv[1:], start=1):
        setting = ""
        if word in ("-c", "--config") and at + 1 < len(argv):
            setting = argv[at + 1]
        elif word.startswith(("-c", "--config=")):
            setting = word.removeprefix("--config=").removeprefix("-c")
        name, sign, value = setting.partition("=")
        if sign and "." in name:
            yield name, value


def _git_setting(setting: str) -> Iterator[Inner]:
    for sign in ("=", " "):
        name, found, value = setting.partition(sign)
        key = name.split()[-1].lower() if name.split() else ""
        if not found or not value:
            continue
        if key.startswith("alias.") and value.startswith("!"):
            yield Inner(kind="shell", text=value[1:])
            return
        if key in _GIT_PROGRAMS or key.endswith((".cmd", ".command", ".textconv", ".clean")):
            yield Inner(kind="shell", text=value.lstrip("!"))
            return


_GIT_PROGRAMS = table(
    """
    core.pager core.editor core.sshcommand core.askpass core.fsmonitor core.gitproxy sequence.editor
    diff.external gpg.program credential.helper interactive.difffilter pager.log pager.diff
    pager.status pager.branch filter.lfs.process uploadpack.packobjectshook
    """
)


def _make(_argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """The recipes of a makefile that make gets as its input."""
    for line in (stdin or "").splitlines()[:_MAX_LINES]:
        recipe = line.partition("\t")[2] or line.partition(";")[2]
        if recipe:
            yield Inner(kind="shell", text=recipe.lstrip("@-+"))
        if "$(shell " in line:
            yield Inner(kind="shell", text=line.partition("$(shell ")[2].rstrip(") "))


def made(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """`make -f - <<< recipe`, `make X='$(shell command)'`."""
    for word in argv[1:]:
        if "$(shell " in word:
            yield from _make(argv, word)
    yield from _make(argv, stdin)


def package(argv: Sequence[str], stdin: str | None) -> Iterator[Inner]:
    """The scripts of a package.json, and one that is set: `npm pkg set scripts.x=command`."""
    if argv[1:3] == ["pkg", "set"]:
        settings = (word.removeprefix("scripts.").partition("=") for word in argv[3:])
        yield from (Inner(kind="shell", text=value) for _, sign, value in settings if sign)
    elif argv[1:2] == ["set-script"] and len(argv) > 3:
        yield Inner(kind="shell", text=argv[3])
    for found in islice(_script().finditer(stdin or ""), _MAX_LINES):
        yield Inner(kind="shell", text=str(found.group(1)).replace('\\"', '"'))


@cache
def _script() -> Any:
    """A field of a package.json that npm runs by its name, or by itself."""
    return re2.compile(r'"[\w:.-]+"\s*:\s*"((?:[^"\\]|\\.)*)"')


def debugger(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    """`gdb -ex 'shell command'`, `gdb -ex '!command'`, `lldb -o 'platform shell command'`."""
    for option, told in pairwise(argv):
        if option.lstrip("-") in _DEBUGGER_OPTIONS:
            verb, _, command = told.strip().removeprefix("platform ").partition(" ")
            if verb.startswith("!"):
                yield Inner(kind="shell", text=told.strip()[1:])
            elif verb in ("shell", "pipe"):
                yield Inner(kind="shell", text=command)
            elif verb in ("call", "print", "p", "expr", "expression") and "system" in command:
                yield Inner(kind="code", text=command, language="c")
            elif verb in ("python", "py", "script"):
                yield Inner(kind="code", text=command, language="python")


_DEBUGGER_OPTIONS = table("ex eval-command iex init-eval-command o one-line O one-line-before-file")


def cmake(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    """`cmake -E rm -rf folder`, `cmake -E env A=1 command`."""
    if argv[1:2] != ["-E"] or len(argv) < 3:
        return
    if (words := _CMAKE_WORDS.get(argv[2])) is not None:
        skipped = 4 if argv[2] == "chdir" else 3
        yield Inner(kind="argv", argv=[*words, *argv[skipped:]])


_CMAKE_WORDS: Mapping[str, Sequence[str]] = {
    "rm": ["rm"], "remove": ["rm", "-f"], "remove_directory": ["rm", "-r"], "rename": ["mv"],
    "copy": ["cp"], "copy_directory": ["cp", "-r"], "touch": ["touch"], "cat": ["cat"],
    "env": ["env"], "time": ["time"], "chdir": ["command"], "tar": ["tar"],
}  # fmt: skip


def on_phone(argv: Sequence[str], _stdin: str | None) -> Iterator[Inner]:
    """`adb -s serial shell command`: adb joins the words for the shell there."""
    if "shell" in argv or "exec-out" in argv:
        at = argv.index("shell" if "shell" in argv else "exec-out")
        words = [word for word in argv[at + 1 :] if word not in ("-T", "-t", "-n", "-x")]
        yield Inner(kind="shell", text=" ".join(words))
