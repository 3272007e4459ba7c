"""What a PowerShell script executes, read from its parse tree: Deeds, as of a shell's commands.

A cmdlet makes a line with its full name in lower case, whatever alias or disguise it came by; a
program is read as the shell reads it, so that the same rules apply to both. Blocks of braces count
as run wherever they stand: most are.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import lru_cache

from agentaudit_processor.classify.deeds import MAX_DEEDS, Access, Deed, DeedKind
from agentaudit_processor.classify.paths import windows_path
from agentaudit_processor.classify.powershell import cmdlets, dotnet
from agentaudit_processor.classify.powershell.grammar import (
    Node,
    is_too_tangled,
    parse,
    plainest,
    split_crudely,
    within_grammar,
)
from agentaudit_processor.classify.powershell.running import Running
from agentaudit_processor.classify.powershell.values import UNKNOWN, Values, has_command
from agentaudit_processor.classify.shell.state import MAX_NESTED_SHELLS, Shell

_MAX_LEVEL = 100
_UNREAD = "The script is too long or too tangled to be parsed whole"
_TOO_DEEP = "Commands are nested too deep to be read"
_UNKNOWN = "The name of the command is computed when it runs"


@lru_cache(maxsize=128)
def read_powershell(script: str, cwd: str | None) -> tuple[Deed, ...]:
    """The Deeds of `script`, run in the absolute directory `cwd`; never raises."""
    base = windows_path(cwd) if cwd else None
    shell = Shell(base=base, cwd=base)
    with closing(_Reader(shell)) as reader:
        reader.read(script)
    return tuple(shell.deeds[:MAX_DEEDS])


class _Reader:
    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self._values = Values(self._run_inside, self._called)
        self._running = Running(shell, self._values, self.read)
        self._substituted: list[str] = []
        """Lines whose output stands in the words of the command now being read."""

    def close(self) -> None:
        """Let the parts go, which know this one: else they would wait for the collector."""
        del self._values, self._running

    def read(self, script: str) -> None:
        """Read a script: parse it if it is small enough, else split it."""
        shell = self.shell
        if shell.depth >= MAX_NESTED_SHELLS or shell.is_full:
            shell.unread(_TOO_DEEP)
            return
        script = script.encode("utf-8", "replace").decode()  # RE2 takes no lone surrogate
        script = within_grammar(script)
        shell.depth += 1
        if is_too_tangled(script):
            shell.unread(_UNREAD)
            start = len(shell.deeds)
            self._split(script, start)
        else:
            outer, self._values.source = self._values.source, script
            self._statement(parse(script), 0)
            self._values.source = outer
        shell.depth -= 1

    def _split(self, text: str, start: int) -> None:
        """Read `text` crudely; what was found since `start` is less sure."""
        for words in split_crudely(text):
            self._running.run(words, None)
        deeds = self.shell.deeds
        deeds[start:] = [replace(deed, crude=True) for deed in deeds[start:]]

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
        line, output, before = "", None, len(self.shell.deeds)
        for child in node.named_children:
            if child.type != "comment":
                line, output = self._statement(child, level + 1)
        if node.type == "ERROR" and len(self.shell.deeds) == before:
            self._split(self._values.text(node), before)
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
        line, output = self._running.run(words, stdin) if words else ("", None)
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

    # --- what expressions run --------------------------------------------------------------

    def _run_inside(self, node: Node, level: int) -> str | None:
        line, output = self._statement(node, level)
        if line and node.type != "script_block":
            self._substituted.append(line)
        return output

    def _called(self, subject: str, name: str, arguments: Sequence[str]) -> None:
        for kind, verb, text in dotnet.done(subject, name, arguments):
            if kind == "script":
                for inner in self._substituted:  # `[scriptblock]::Create((iwr …))`
                    self.shell.add(DeedKind.PIPELINE, f"{inner} | iex")
                self.read(text)
            elif kind == "visit":
                self.shell.add(DeedKind.VISIT, text, verb=verb)
            else:
                self.shell.touch(Access(verb), windows_path(text))
