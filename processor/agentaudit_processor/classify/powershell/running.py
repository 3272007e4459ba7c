"""Takes note of one command of a PowerShell script: what it runs in turn, touches and visits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from agentaudit_processor.classify.deeds import MAX_DEEDS, Access, Deed, DeedKind
from agentaudit_processor.classify.paths import windows_path
from agentaudit_processor.classify.powershell import cmdlets, launch
from agentaudit_processor.classify.powershell.cmd import read_cmd
from agentaudit_processor.classify.powershell.values import UNKNOWN, Values, joined
from agentaudit_processor.classify.shell import read_shell
from agentaudit_processor.classify.shell.state import MAX_NESTED_SHELLS, Shell


class Running:
    """Reads commands for a reader of scripts, which `read` is."""

    def __init__(self, shell: Shell, values: Values, read: Callable[[str], None]) -> None:
        self._shell = shell
        self._values = values
        self._read = read
        self._aliases: dict[str, str] = {}
        self._listed = ""
        """The folder whose files the last `Get-ChildItem` named."""

    def run(self, words: Sequence[str], stdin: str | None) -> tuple[str, str | None]:
        """Take note of one command: its line, and its output, if known."""
        if not words or not words[0] or self._shell.is_full:
            return "", None
        name, rest = self._aliases.get(words[0].lower(), words[0]), list(words[1:])
        cmdlet = None if cmdlets.is_program(name, rest) else cmdlets.cmdlet_of(name)
        if cmdlet is None:
            return self._program(name, rest, stdin), None
        return self._cmdlet(cmdlets.call_of(cmdlet, rest), rest, stdin)

    def _cmdlet(
        self, call: cmdlets.Call, words: Sequence[str], stdin: str | None
    ) -> tuple[str, str | None]:
        shell = self._shell
        line = joined([call.name, *(_spelled(word) for word in words)])
        shell.add(DeedKind.COMMAND, line)
        for access, path in cmdlets.touched(call):
            shell.touch(access, windows_path(path))
        for verb, target in cmdlets.visited(call):
            shell.add(DeedKind.VISIT, target, verb=verb)
        self._listed_files(call)
        runs = _RUNS.get(call.name)
        if runs is not None:
            run: Callable[[cmdlets.Call, str | None], None] = getattr(self, runs)
            run(call, stdin)
        if call.name in ("write-output", "write-host"):
            return line, " ".join(call.positional)
        return line, None

    def _listed_files(self, call: cmdlets.Call) -> None:
        """`gci x -r | ri`, `gci x | % { ri $_ }`: what is listed is what comes in."""
        if call.name == "get-childitem":
            path = call.told("path", "literalpath") or "."
            chosen = {"filter", "include", "exclude"} & set(call.named) or call.positional[1:]
            self._listed = path if not chosen else f"{path}/$FOUND"
            self._values.variables["_"] = self._values.variables["psitem"] = [f"{path}/$FOUND"]
        elif call.name == "remove-item" and self._listed and not call.told("path", "literalpath"):
            whole = self._listed.removesuffix("/$FOUND")
            access = Access.DELETE_TREE if whole == self._listed else Access.DELETE_FOUND
            self._shell.touch(access, windows_path(whole))

    def _evaluate(self, call: cmdlets.Call, stdin: str | None) -> None:
        text = call.told("command") or stdin or ""
        if text and UNKNOWN not in text:
            self._read(text.replace(cmdlets.ARRAY, " "))

    def _start(self, call: cmdlets.Call, _stdin: str | None) -> None:
        arguments = call.told("argumentlist", at=1).replace(cmdlets.ARRAY, " ").split()
        outer = self._shell.privileged
        self._shell.privileged = outer or call.named.get("verb", "").lower() == "runas"
        self.run([call.told("filepath", "path"), *arguments], None)
        self._shell.privileged = outer

    def _alias(self, call: cmdlets.Call, _stdin: str | None) -> None:
        self._aliases[call.told("name").lower()] = call.told("value", at=1)

    def _set(self, call: cmdlets.Call, _stdin: str | None) -> None:
        self._values.variables[call.told("name").lower()] = [call.told("value", at=1)]

    def _location(self, call: cmdlets.Call, _stdin: str | None) -> None:
        path = windows_path(call.told("path", "literalpath"))
        is_absolute = path.startswith(("/", "~", "$")) or path[1:2] == ":"
        self._shell.cwd = path if is_absolute else f"{self._shell.cwd or '.'}/{path}"

    def _program(self, name: str, words: Sequence[str], stdin: str | None) -> str:
        """A program: another shell of Windows, or whatever the Unix shell knows of it."""
        plain = launch.program_of(name)
        inner = launch.started(plain, words, stdin)
        line = joined([plain, *words])
        if inner is None:
            self._adopt(read_shell(launch.quoted([plain, *words]), self._shell.cwd))
            return line
        self._shell.add(DeedKind.COMMAND, line)
        language, text = inner
        if text and language == "powershell":
            self._read(text)
        elif text and self._shell.depth < MAX_NESTED_SHELLS:
            self._adopt(read_cmd(text, self._shell.cwd))
        return line

    def _adopt(self, deeds: Sequence[Deed]) -> None:
        room = MAX_DEEDS - len(self._shell.deeds)
        privileged = self._shell.privileged
        self._shell.deeds += [
            replace(deed, privileged=True) if privileged else deed for deed in deeds[:room]
        ]


_RUNS: Mapping[str, str] = {
    "invoke-expression": "_evaluate",
    "start-process": "_start",
    "set-alias": "_alias",
    "new-alias": "_alias",
    "set-variable": "_set",
    "set-location": "_location",
    "push-location": "_location",
}


def _spelled(word: str) -> str:
    """A parameter by its full name in lower case; any other word as it is."""
    if word.startswith("-") and word[1:2].isalpha() and cmdlets.ARRAY not in word:
        name, colon, value = word.partition(":")
        return f"-{cmdlets.parameter_of(name)}{colon}{value}"
    return word.replace(cmdlets.ARRAY, ",")
