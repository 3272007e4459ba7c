"""Walks the parse tree of a script in source order: statements, pipelines, redirections, functions.

Costs are bounded: a parse takes 4 KB at most, a tree 150 levels, an Activity 400 Deeds. Beyond
that the text is split crudely, and a Deed says that it was not read whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

from agentaudit_processor.classify.deeds import MAX_DEEDS, Access, Deed, DeedKind
from agentaudit_processor.classify.shell.cutting import pieces_of
from agentaudit_processor.classify.shell.expansion import MAX_TREE_DEPTH, Expansion
from agentaudit_processor.classify.shell.grammar import (
    Node,
    is_too_tangled,
    parse,
    split_crudely,
    within_grammar,
)
from agentaudit_processor.classify.shell.lifting import lift_quoted
from agentaudit_processor.classify.shell.portions import portions
from agentaudit_processor.classify.shell.prefixes import unprefixed
from agentaudit_processor.classify.shell.quoting import continued
from agentaudit_processor.classify.shell.redirects import Redirects
from agentaudit_processor.classify.shell.running import INTERPRETERS, Running
from agentaudit_processor.classify.shell.startup import only_sets
from agentaudit_processor.classify.shell.state import (
    MAX_NESTED_SHELLS,
    MAX_WORD,
    MAX_WORDS,
    NOTHING,
    Function,
    Output,
    Shell,
    inner,
    program_of,
)
from agentaudit_processor.classify.shell.thinning import shortened, thinned
from agentaudit_processor.classify.tables import table

_LONG_TEXT = 1024
_MAX_CRUDE_WORDS = 60
_MAX_ALONE = 100
_TOO_DEEP = "Commands are nested too deep to be read"
_TOO_MUCH = "The command does more than is read of one"
_TOO_LONG = "The command is too long or too tangled to be parsed whole"
_RUN_BY_OTHERS = table(
    """
    PAGER MANPAGER GIT_PAGER EDITOR VISUAL GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_SSH_COMMAND BROWSER
    GIT_EXTERNAL_DIFF GIT_PROXY_COMMAND PROMPT_COMMAND LESSOPEN LESSCLOSE RSYNC_RSH PSQL_EDITOR
    SUDO_EDITOR FCEDIT SSH_ASKPASS GIT_ASKPASS MAILER
    """
)
"""Variables whose value another program runs as a command."""


@lru_cache(maxsize=256)
def read_shell(command: str, cwd: str | None) -> tuple[Deed, ...]:
    """The Deeds of `command`, run in the absolute directory `cwd`; never raises."""
    shell = Shell(base=cwd, cwd=cwd)
    _Reader(shell).read(command)
    if shell.is_full:
        shell.deeds[MAX_DEEDS - 1 :] = [Deed(kind=DeedKind.UNREAD, text=_TOO_MUCH)]
    return tuple(shell.deeds[:MAX_DEEDS])


class _Reader:
    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._expansion = Expansion(shell, self._statement)
        self._redirects = Redirects(shell, self._expansion)
        self._running = Running(shell, self.read, self._call)
        self._behind: list[str] = []
        """Words that the grammar hangs under a redirection."""

    # --- scripts ---------------------------------------------------------------------------

    def read(self, text: str) -> Output:
        """Read a script: parse it if it is small enough, else split it. What it prints."""
        shell = self._shell
        if shell.depth >= MAX_NESTED_SHELLS or shell.is_full:
            shell.unread(_TOO_DEEP)
            return NOTHING
        lifted: dict[str, str] = {}
        text = continued(text.encode("utf-8", "replace").decode())  # RE2 takes no lone surrogate
        if len(text) > _LONG_TEXT:
            text, lifted = lift_quoted(text)
        outer = shell.source, shell.lifted
        shell.lifted = {**shell.lifted, **lifted}
        shell.depth += 1
        output = NOTHING
        for portion in self._portions(text):
            output = self._portion(portion) or output
        shell.depth -= 1
        shell.source, shell.lifted = outer
        return output

    def _portions(self, text: str) -> Sequence[str]:
        """`text` as what a parse can take: whole, or what is of note in it."""
        if not is_too_tangled(text):
            return (text,)
        pieces, is_whole = thinned(text)
        if not is_whole:
            self._shell.unread(_TOO_LONG)
        kept, left = portions(pieces)
        if left:
            self._shell.unread(_TOO_LONG)
            self._one_by_one(left[:_MAX_ALONE])
            self._split("\n".join(left[_MAX_ALONE:]))
        return kept

    def _portion(self, text: str) -> Output:
        shell = self._shell
        if is_too_tangled(text):
            shell.unread(_TOO_LONG)
            self._split(text)
            return NOTHING
        output = self._parsed(within_grammar(text))
        if output is None:
            self._split(text)
        for function in list(shell.functions.values()):
            if not function.called and function.source is shell.source:
                function.called = True
                self._statement(function.body, NOTHING, 1)
        return output or NOTHING

    def _parsed(self, text: str) -> Output | None:
        """Read `text` by its tree; None where the tree is broken and nothing was found in it."""
        shell = self._shell
        root = parse(text)
        if root.has_error and "((" in text:  # two subshells, taken for arithmetic?
            other = parse(_apart(text))
            root, text = (root, text) if other.has_error else (other, _apart(text))
        shell.source, before = text, len(shell.deeds)
        output = self._statement(root, NOTHING, 0)
        if root.has_error and len(pieces := pieces_of(text)) > 1:
            self._one_by_one(pieces)
        return None if root.has_error and len(shell.deeds) == before else output

    def _one_by_one(self, pieces: Sequence[str]) -> None:
        """Read statements each for itself: a broken one must not hide the others."""
        shell = self._shell
        outer, known = shell.source, set(shell.deeds)
        at = len(shell.deeds)
        left = max(0, _MAX_ALONE - shell.alone)
        shell.alone += min(left, len(pieces))
        for piece in pieces[:left]:
            text = piece.strip(" ;&|\n").lstrip("{( ")
            root = None if is_too_tangled(text) else parse(text)
            if root is not None and not root.has_error:
                shell.source = text
                self._statement(root, NOTHING, 0)
        shell.source = outer
        shell.deeds[at:] = [deed for deed in shell.deeds[at:] if deed not in known]

    def _split(self, text: str) -> None:
        """Read `text` crudely, by what may be commands in it."""
        shell = self._shell
        start = len(shell.deeds)
        for words in split_crudely(text):
            if not shell.is_full:
                self._running.run(words[:_MAX_CRUDE_WORDS], NOTHING)
        shell.deeds[start:] = [replace(deed, crude=True) for deed in shell.deeds[start:]]

    # --- statements ------------------------------------------------------------------------

    def _statement(self, node: Node, stdin: Output, level: int) -> Output:
        """Read `node`, which gets `stdin`; what it prints."""
        if level > MAX_TREE_DEPTH or self._shell.is_full:
            if level > MAX_TREE_DEPTH:
                self._shell.unread(_TOO_DEEP)
            return NOTHING
        handler = _HANDLERS.get(node.type)
        if handler is not None:
            read: _Handler = getattr(self, handler)
            return read(node, stdin, level)
        return self._all(node.named_children, stdin, level)

    def _all(self, nodes: Sequence[Node], stdin: Output, level: int) -> Output:
        texts, line = [], ""
        for child in nodes:
            if child.type != "comment":
                output = self._statement(child, stdin, level + 1)
                line = output.line or line
                texts += [output.text] if output.text is not None else []
        return Output(text=shortened("\n".join(texts), MAX_WORD) if texts else None, line=line)

    def _command(self, node: Node, stdin: Output, level: int) -> Output:
        expansion = self._expansion
        outer = expansion.substituted, expansion.scripts
        expansion.substituted, expansion.scripts = [], []
        argv: list[str] = []
        for child in node.children:
            if child.type == "variable_assignment":
                self._assignment(child, NOTHING, level)
            elif child.type == "herestring_redirect":
                stdin = self._redirects.herestring(child, level)
            elif child.type == "command_name":
                argv += expansion.name(child, level)
            elif child.is_named and not child.type.endswith("redirect"):
                words = expansion.words(child, level + 1)
                argv += words if len(argv) < MAX_WORDS else words[:1]
        if self._behind and argv:
            argv += self._behind
            self._behind = []
        output = self._running.run(argv, stdin) if argv else NOTHING
        if argv:
            self._running.fed(argv, expansion.substituted, expansion.scripts)
        expansion.substituted, expansion.scripts = outer
        return output

    def _pipeline(self, node: Node, stdin: Output, level: int) -> Output:
        lines: list[str] = []
        children = node.named_children
        for at, child in enumerate(children, start=1):
            stdin = self._statement(
                child, Output(text=stdin.text, line=" | ".join(lines)), level + 1
            )
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
        output = self._statement(body, found.stdin, level + 1) if body else NOTHING
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
            output = self._statement(node, output, level + 1)
            lines.append(output.line)
        whole = " | ".join(lines)
        self._shell.add(DeedKind.PIPELINE, whole)
        return Output(text=output.text, line=whole)

    def _assignment(self, node: Node, _stdin: Output, level: int) -> Output:
        expansion = self._expansion
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        words = expansion.items(value, level + 1) if value is not None else [""]
        if name is not None:  # of `x[$(…)]=1` it runs what is inside
            place = expansion.place(name, level)
            before = self._shell.variables.get(place, "")
            appends = any(child.type == "+=" for child in node.children)
            items = value is not None and value.type == "array"
            if items:
                words = self._shell.assign_items(place, words)
            between = " " if appends and items and before else ""
            whole = (before if appends else "") + between + " ".join(words)
            self._shell.assign(place, whole)
            if place in _RUN_BY_OTHERS and " " in whole:
                self.read(whole)
            # LD_PRELOAD=…, KUBECONFIG=…: what is set for a command may be what matters
            self._shell.add(DeedKind.COMMAND, f"{place}={inner(' '.join(words))}")
        return NOTHING

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

    def _function(self, node: Node, _stdin: Output, _level: int) -> Output:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            self._shell.functions[self._expansion.text(name)] = Function(
                body=body, source=self._shell.source
            )
        return NOTHING

    def _loop(self, node: Node, stdin: Output, level: int) -> Output:
        variable, expansion = node.child_by_field_name("variable"), self._expansion
        values = [
            word
            for c in node.children_by_field_name("value")
            for word in expansion.words(c, level + 1)
        ]
        if variable is not None:
            self._shell.assign(expansion.text(variable), " ".join(values[:MAX_WORDS]))
        body = node.child_by_field_name("body")
        return self._statement(body, stdin, level + 1) if body else NOTHING

    def _unset(self, node: Node, stdin: Output, level: int) -> Output:
        words = [
            word
            for child in node.named_children
            for word in self._expansion.words(child, level + 1)
        ]
        return self._running.run(["unset", *words], stdin)

    def _call(self, function: Function, argv: Sequence[str], stdin: Output) -> Output:
        """Read the body of `function`, called with `argv`."""
        function.called = True
        shell = self._shell
        if shell.depth >= MAX_NESTED_SHELLS:
            return NOTHING
        kept, source = dict(shell.variables), shell.source
        shell.give(argv[1:])
        shell.source = function.source
        shell.depth += 1
        output = self._statement(function.body, stdin, 1)
        shell.depth -= 1
        shell.variables, shell.source = kept, source
        return output


def _apart(text: str) -> str:
    return text.replace("((", "( (").replace("((", "( (")  # the second for `(((`


def _runs_input(line: str) -> bool:
    return program_of(line.split(" ")[:1]) in INTERPRETERS


_Handler = Callable[[Node, Output, int], Output]
_HANDLERS = {
    "command": "_command",
    "pipeline": "_pipeline",
    "redirected_statement": "_redirected",
    "file_redirect": "_redirect",
    "variable_assignment": "_assignment",
    "function_definition": "_function",
    "declaration_command": "_declaration",
    "for_statement": "_loop",
    "unset_command": "_unset",
}
