"""Walks the parse tree of a script in source order: commands, pipelines, redirections."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from agentaudit_processor.classify.deeds import Access, DeedKind
from agentaudit_processor.classify.shell.expansion import MAX_TREE_DEPTH, Expansion
from agentaudit_processor.classify.shell.given import INTERPRETERS, Given
from agentaudit_processor.classify.shell.grammar import Node
from agentaudit_processor.classify.shell.naming import Naming
from agentaudit_processor.classify.shell.prefixes import unprefixed
from agentaudit_processor.classify.shell.redirects import Redirects
from agentaudit_processor.classify.shell.running import Running
from agentaudit_processor.classify.shell.startup import only_sets
from agentaudit_processor.classify.shell.state import (
    MAX_WORD,
    MAX_WORDS,
    NOTHING,
    Output,
    Shell,
    program_of,
)
from agentaudit_processor.classify.shell.thinning import shortened

TOO_DEEP = "Commands are nested too deep to be read"


class Statements:
    """Reads statements for a shell; `read_script` reads a text that one of them runs."""

    def __init__(self, shell: Shell, read_script: Callable[[str], Output]) -> None:
        self._shell = shell
        self._expansion = Expansion(shell, self.read)
        self._redirects = Redirects(shell, self._expansion)
        self._naming = Naming(shell, self._expansion, read_script, self.read)
        self._running = Running(shell, read_script, self._naming.call)
        self._behind: list[str] = []
        """Words that the grammar hangs under a redirection."""

    def close(self) -> None:
        """Let the parts go, which know this one."""
        del self._expansion, self._redirects, self._naming, self._running

    def run(self, argv: Sequence[str]) -> None:
        """Take note of one command by its words."""
        self._running.run(argv, NOTHING)

    def read(self, node: Node, stdin: Output, level: int) -> Output:
        """Read `node`, which gets `stdin`; what it prints."""
        if level > MAX_TREE_DEPTH or self._shell.is_full:
            if level > MAX_TREE_DEPTH:
                self._shell.unread(TOO_DEEP)
            return NOTHING
        kind = node.type
        if (handler := self._HANDLERS.get(kind)) is not None:
            return handler(self, node, stdin, level)
        if (naming := _NAMING.get(kind)) is not None:
            return naming(self._naming, node, stdin, level)
        return self._all(node.named_children, stdin, level)

    def _all(self, nodes: Sequence[Node], stdin: Output, level: int) -> Output:
        texts, line = [], ""
        for child in nodes:
            if child.child_count and child.type != "comment":  # a word alone does nothing
                output = self.read(child, stdin, level + 1)
                line = output.line or line
                texts += [output.text] if output.text is not None else []
        return Output(text=shortened("\n".join(texts), MAX_WORD) if texts else None, line=line)

    def _command(self, node: Node, stdin: Output, level: int) -> Output:
        expansion = self._expansion
        outer = expansion.substituted, expansion.scripts
        expansion.substituted, expansion.scripts = [], []
        argv: list[str] = []
        named = 0
        for child in node.children:
            kind = child.type
            if kind == "variable_assignment":
                self._naming.assignment(child, NOTHING, level)
            elif kind == "herestring_redirect":
                stdin = self._redirects.herestring(child, level)
            elif kind == "command_name":
                argv += expansion.name(child, level)
                named = len(expansion.substituted)
            elif child.is_named and not kind.endswith("redirect"):
                words = expansion.words(child, level + 1)
                argv += words if len(argv) < MAX_WORDS else words[:1]
        if self._behind and argv:
            argv += self._behind
            self._behind = []
        lines = expansion.substituted
        given = Given(lines, expansion.scripts, lines[:named])
        output = self._running.run(argv, stdin, given) if argv else NOTHING
        if stdin.line and argv and _runs_input(output.line):  # `sh <<< "$(curl …)"`
            self._shell.add(DeedKind.PIPELINE, f"{stdin.line} | {output.line}")
        expansion.substituted, expansion.scripts = outer
        return output

    def _pipeline(self, node: Node, stdin: Output, level: int) -> Output:
        lines: list[str] = []
        children = node.named_children
        for at, child in enumerate(children, start=1):
            stdin = self.read(child, Output(text=stdin.text, line=" | ".join(lines)), level + 1)
            lines.append(stdin.line)
            if at < len(children) and _runs_input(stdin.line):  # `curl … | sh | tee log`
                self._shell.add(DeedKind.PIPELINE, " | ".join(lines))
        whole = " | ".join(lines)
        self._shell.add(DeedKind.PIPELINE, whole)
        if (bare := " | ".join(map(unprefixed, lines))) != whole:  # `curl … | sudo -u root sh`
            self._shell.add(DeedKind.PIPELINE, bare)
        if len(set(lines)) < len(lines) and lines[-1] in self._shell.functions:
            self._shell.add(DeedKind.PIPELINE, ": | :")  # a fork bomb by another name
        return Output(text=stdin.text, line=whole)

    def _redirected(self, node: Node, stdin: Output, level: int) -> Output:
        body = node.child_by_field_name("body")
        found = self._redirects.read(node.named_children, stdin, level)
        self._behind += found.behind
        output = self.read(body, found.stdin, level + 1) if body else NOTHING
        self._shell.touch_all((Access.READ, path) for path in found.read)
        if found.stdin.line and _runs_input(output.line):  # `sh < f`, where f came from somewhere
            self._shell.add(DeedKind.PIPELINE, f"{found.stdin.line} | {output.line}")
        for path in found.started:
            self._shell.touch(Access.EXTEND if only_sets(output) else Access.APPEND, path)
        for path, append in found.written:
            if path == "/dev/fd/63" and self._expansion.substituted:  # `curl … > >(sh)`
                whole = f"{output.line} | {self._expansion.substituted[-1]}"
                self._shell.add(DeedKind.PIPELINE, whole)
            self._shell.write(path, output, append=append)
        return self._rest_of_line(found.later, output, level)

    def _redirect(self, node: Node, stdin: Output, level: int) -> Output:
        """`$(<file)`: a redirection that stands alone."""
        found = self._redirects.read([node], stdin, level)
        self._shell.touch_all((Access.READ, path) for path in found.read)
        return NOTHING

    def _rest_of_line(self, nodes: Sequence[Node], output: Output, level: int) -> Output:
        """`cat <<EOF | sh`: what stands behind the mark of a heredoc."""
        if not nodes:
            return output
        lines = [output.line]
        for node in nodes:
            output = self.read(node, output, level + 1)
            lines.append(output.line)
        whole = " | ".join(lines)
        self._shell.add(DeedKind.PIPELINE, whole)
        return Output(text=output.text, line=whole)

    def _declaration(self, node: Node, stdin: Output, level: int) -> Output:
        """`export $(cat .env)`: what is read goes into variables, and nobody sees it."""
        deeds = self._shell.deeds
        at = len(deeds)
        output = self._all(node.named_children, stdin, level)
        for child in node.named_children:
            if child.type in ("command_substitution", "string", "concatenation"):
                self._expansion.words(child, level + 1)
                deeds[at:] = [
                    replace(deed, access=Access.USE) if deed.access is Access.READ else deed
                    for deed in deeds[at:]
                ]
        return output

    def _unset(self, node: Node, stdin: Output, level: int) -> Output:
        words = [
            word
            for child in node.named_children
            for word in self._expansion.words(child, level + 1)
        ]
        return self._running.run(["unset", *words], stdin)

    _HANDLERS: ClassVar[Mapping[str, "_Handler"]] = {
        "command": _command,
        "pipeline": _pipeline,
        "redirected_statement": _redirected,
        "file_redirect": _redirect,
        "declaration_command": _declaration,
        "unset_command": _unset,
    }


_Handler = Callable[[Statements, Node, Output, int], Output]
_NAMING: Mapping[str, Callable[[Naming, Node, Output, int], Output]] = {
    "variable_assignment": Naming.assignment,
    "function_definition": Naming.function,
    "for_statement": Naming.loop,
}


def _runs_input(line: str) -> bool:
    return program_of(line.split(" ")[:1]) in INTERPRETERS
