"""What a PowerShell script executes, read from its parse tree: Deeds, as of a shell's commands.

A cmdlet makes a line with its full name in lower case, whatever alias or disguise it came by; a
program is read as the shell reads it, so that the same rules apply to both. Blocks of braces count
as run wherever they stand: most are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import re2

from agentaudit_processor.classify.deeds import MAX_DEEDS, Access, Deed, DeedKind
from agentaudit_processor.classify.paths import windows_path
from agentaudit_processor.classify.powershell import cmdlets, dotnet, launch
from agentaudit_processor.classify.powershell.cmd import read_cmd
from agentaudit_processor.classify.powershell.grammar import (
    Node,
    is_too_tangled,
    parse,
    plainest,
    split_crudely,
)
from agentaudit_processor.classify.powershell.values import UNKNOWN, Values, has_command, joined
from agentaudit_processor.classify.shell import read_shell
from agentaudit_processor.classify.shell.state import MAX_NESTED_SHELLS, Shell

_MAX_LEVEL = 100
_UNREAD = "The script is too long or too tangled to be parsed whole"
_TOO_DEEP = "Commands are nested too deep to be read"
_UNKNOWN = "The name of the command is computed when it runs"


@lru_cache(maxsize=128)
def read_powershell(script: str, cwd: str | None) -> tuple[Deed, ...]:
    """The Deeds of `script`, run in the absolute directory `cwd`; never raises."""
    base = windows_path(cwd) if cwd else None
    reader = _Reader(Shell(base=base, cwd=base))
    reader.read(script)
    return tuple(reader.shell.deeds[:MAX_DEEDS])


class _Reader:
    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self._values = Values(self._run_inside, self._called)
        self._aliases: dict[str, str] = {}
        self._substituted: list[str] = []
        """Lines whose output stands in the words of the command now being read."""
        self._listed = ""
        """The folder whose files the last `Get-ChildItem` named."""

    def read(self, script: str) -> None:
        """Read a script: parse it if it is small enough, else split it."""
        shell = self.shell
        if shell.depth >= MAX_NESTED_SHELLS or shell.is_full:
            shell.unread(_TOO_DEEP)
            return
        script = script.encode("utf-8", "replace").decode()  # RE2 takes no lone surrogate
        script = str(_glued().sub(r"\1 (", script))
        shell.depth += 1
        if is_too_tangled(script):
            shell.unread(_UNREAD)
            start = len(shell.deeds)
            for words in split_crudely(script):
                self._run(words, None)
            shell.deeds[start:] = [replace(deed, crude=True) for deed in shell.deeds[start:]]
        else:
            outer, self._values.source = self._values.source, script
            self._statement(parse(script), 0)
            self._values.source = outer
        shell.depth -= 1

    # --- statements ------------------------------------------------------------------------

    def _statement(self, node: Node, level: int) -> tuple[str, str | None]:
        """Read `node`: the line that it is in a pipeline, and its output, if known."""
        if level > _MAX_LEVEL or self.shell.is_full:
            if level > _MAX_LEVEL:
                self.shell.unread(_TOO_DEEP)
            return "", None
        if node.type == "pipeline_chain":
            return self._pipeline(node, level)
        if node.type == "command":
            return self._command(node, None, level)
        if node.type == "assignment_expression":
            self._assignment(node, level)
            return "", None
        if node.type.endswith(("_expression", "_literal")) or node.type == "variable":
            return "", self._values.value(node, level)
        line, output = "", None
        for child in node.named_children:
            if child.type != "comment":
                line, output = self._statement(child, level + 1)
        return line, output

    def _pipeline(self, node: Node, level: int) -> tuple[str, str | None]:
        lines: list[str] = []
        output: str | None = None
        for child in node.named_children:
            if child.type == "command":
                line, output = self._command(child, output, level + 1)
                lines.append(line)
            elif child.type == "redirections":
                for redirection in child.named_children:
                    self._redirected(redirection, level)
            else:
                _, output = self._statement(child, level + 1)
        whole = " | ".join(lines)
        if len(lines) > 1:
            self.shell.add(DeedKind.PIPELINE, whole)
        return whole, output

    def _assignment(self, node: Node, level: int) -> None:
        left, right = node.named_children[0], node.named_children[-1]
        name = self._values.text(left).strip("${} ").lower()
        name = name.rpartition("]")[2].strip("$ ")
        if has_command(right):
            _, output = self._statement(right, level + 1)
            values = [output if output is not None else UNKNOWN]
        else:
            values = self._values.values(right, level + 1)
        if name.startswith("env:"):
            line = f"{name[4:].upper()}={' '.join(values)}"
            self.shell.add(DeedKind.COMMAND, line.replace(" ", "\u00a0"))
        self._values.variables[name] = values

    def _command(self, node: Node, stdin: str | None, level: int) -> tuple[str, str | None]:
        outer, self._substituted = self._substituted, []
        words: list[str] = []
        for child in node.named_children:
            if child.type in ("command_name", "command_name_expr"):
                words.append(self._name(child, level + 1))
            elif child.type == "command_elements":
                words += self._elements(child, level + 1)
        line, output = self._run(words, stdin) if words else ("", None)
        name = line.partition(" ")[0]
        for inner in self._substituted if name in dotnet.EVALUATORS else ():
            self.shell.add(DeedKind.PIPELINE, f"{inner} | {name}")
        self._substituted = outer
        return line, output

    def _name(self, node: Node, level: int) -> str:
        name = self._values.value(node, level)
        if name.startswith("$") and UNKNOWN not in name:
            self.shell.unread(_UNKNOWN)
        return name

    def _elements(self, node: Node, level: int) -> list[str]:
        words: list[str] = []
        glued = False
        for child in node.named_children:
            if child.type == "command_argument_sep":
                glued = ":" in self._values.text(child)
            elif child.type == "redirection":
                self._redirected(child, level)
            elif child.type == "ERROR":  # `$env:TEMP\\x`
                words.append(self._values.bare(child, level))
            elif child.type == "argument_list" and words:
                words[-1] = self._alone(self._values.text(node).strip(), level)
            else:
                value = cmdlets.ARRAY.join(self._values.values(child, level))
                if glued and words:
                    value = f"{words.pop()}:{value}"
                elif words and (value.startswith(",") or words[-1].endswith(",")):
                    value = f"{words.pop().rstrip(',')}{cmdlets.ARRAY}{value.lstrip(',')}"
                words.append(value)
                glued = False
        return words

    def _alone(self, expression: str, level: int) -> str:
        """The value of what stands behind a command, where the grammar knows it only alone.

        It trips over `iex (New-Object Net.WebClient).DownloadString('…')`.
        """
        outer, self._values.source = self._values.source, expression
        _, output = self._statement(parse(expression), level + 1)
        self._values.source = outer
        return output if output is not None else UNKNOWN

    def _redirected(self, node: Node, level: int) -> None:
        inner = plainest(node)
        operator = self._values.text(inner)
        for child in inner.named_children:
            if child.type == "redirected_file_name":
                access = Access.APPEND if ">>" in operator else Access.WRITE
                path = self._values.value(child, level).strip()
                if path not in ("$null", ""):
                    self.shell.touch(access, windows_path(path))

    # --- commands --------------------------------------------------------------------------

    def _run(self, words: Sequence[str], stdin: str | None) -> tuple[str, str | None]:
        """Take note of one command: its line, and its output, if known."""
        if not words or not words[0] or self.shell.is_full:
            return "", None
        name, rest = self._aliases.get(words[0].lower(), words[0]), list(words[1:])
        cmdlet = None if cmdlets.is_program(name, rest) else cmdlets.cmdlet_of(name)
        if cmdlet is None:
            return self._program(name, rest, stdin), None
        return self._cmdlet(cmdlets.call_of(cmdlet, rest), rest, stdin)

    def _cmdlet(
        self, call: cmdlets.Call, words: Sequence[str], stdin: str | None
    ) -> tuple[str, str | None]:
        shell = self.shell
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
            self.shell.touch(access, windows_path(whole))

    def _evaluate(self, call: cmdlets.Call, stdin: str | None) -> None:
        text = call.told("command") or stdin or ""
        if text and UNKNOWN not in text:
            self.read(text.replace(cmdlets.ARRAY, " "))

    def _start(self, call: cmdlets.Call, _stdin: str | None) -> None:
        arguments = call.told("argumentlist", at=1).replace(cmdlets.ARRAY, " ").split()
        outer = self.shell.privileged
        self.shell.privileged = outer or call.named.get("verb", "").lower() == "runas"
        self._run([call.told("filepath", "path"), *arguments], None)
        self.shell.privileged = outer

    def _alias(self, call: cmdlets.Call, _stdin: str | None) -> None:
        self._aliases[call.told("name").lower()] = call.told("value", at=1)

    def _set(self, call: cmdlets.Call, _stdin: str | None) -> None:
        self._values.variables[call.told("name").lower()] = [call.told("value", at=1)]

    def _location(self, call: cmdlets.Call, _stdin: str | None) -> None:
        path = windows_path(call.told("path", "literalpath"))
        is_absolute = path.startswith(("/", "~", "$")) or path[1:2] == ":"
        self.shell.cwd = path if is_absolute else f"{self.shell.cwd or '.'}/{path}"

    def _program(self, name: str, words: Sequence[str], stdin: str | None) -> str:
        """A program: another shell of Windows, or whatever the Unix shell knows of it."""
        plain = launch.program_of(name)
        inner = launch.started(plain, words, stdin)
        line = joined([plain, *words])
        if inner is None:
            self._adopt(read_shell(launch.quoted([plain, *words]), self.shell.cwd))
            return line
        self.shell.add(DeedKind.COMMAND, line)
        language, text = inner
        if text and language == "powershell":
            self.read(text)
        elif text and self.shell.depth < MAX_NESTED_SHELLS:
            self._adopt(read_cmd(text, self.shell.cwd))
        return line

    def _adopt(self, deeds: Sequence[Deed]) -> None:
        room = MAX_DEEDS - len(self.shell.deeds)
        privileged = self.shell.privileged
        self.shell.deeds += [
            replace(deed, privileged=True) if privileged else deed for deed in deeds[:room]
        ]

    # --- what expressions run --------------------------------------------------------------

    def _run_inside(self, node: Node, level: int) -> str | None:
        line, output = self._statement(node, level)
        if line and node.type != "script_block":
            self._substituted.append(line)
        return output

    def _called(self, subject: str, name: str, arguments: Sequence[str]) -> None:
        for kind, verb, text in dotnet.done(subject, name, arguments):
            if kind == "script":
                self.read(text)
            elif kind == "visit":
                self.shell.add(DeedKind.VISIT, text, verb=verb)
            else:
                self.shell.touch(Access(verb), windows_path(text))


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


@cache
def _glued() -> Any:
    """A command and its argument in parentheses without a space: the grammar trips over it."""
    return re2.compile(r"(?i)\b(iex|invoke-expression)\(")
