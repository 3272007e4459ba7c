"""Names that a script gives: variables set, loops over words, functions defined and called."""

from collections.abc import Callable, Sequence

from agentaudit_processor.classify.deeds import DeedKind
from agentaudit_processor.classify.shell.expansion import SUBSTITUTED, Expansion, Statement
from agentaudit_processor.classify.shell.grammar import Node
from agentaudit_processor.classify.shell.state import (
    MAX_NESTED_SHELLS,
    MAX_WORDS,
    NOTHING,
    Function,
    Output,
    Shell,
    inner,
)
from agentaudit_processor.classify.tables import table

_RUN_BY_OTHERS = table(
    """
    PAGER MANPAGER GIT_PAGER EDITOR VISUAL GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_SSH_COMMAND BROWSER
    GIT_EXTERNAL_DIFF GIT_PROXY_COMMAND PROMPT_COMMAND LESSOPEN LESSCLOSE RSYNC_RSH PSQL_EDITOR
    SUDO_EDITOR FCEDIT SSH_ASKPASS GIT_ASKPASS MAILER
    """
)
"""Variables whose value another program runs as a command."""


class Naming:
    """Keeps names for a shell; `read` reads a text as a script, `statement` a node of the tree."""

    def __init__(
        self,
        shell: Shell,
        expansion: Expansion,
        read: Callable[[str], Output],
        statement: Statement,
    ) -> None:
        self._shell = shell
        self._expansion = expansion
        self._read = read
        self._statement = statement

    def assignment(self, node: Node, _stdin: Output, level: int) -> Output:
        """`name=value`, alone or before a command; what it prints: nothing."""
        expansion = self._expansion
        printed = len(expansion.substituted)
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
            self._remember(place, whole, expansion.substituted[printed:])
            if place in _RUN_BY_OTHERS and " " in whole:
                self._read(whole)
            if place in _RUN_BY_OTHERS and (line := self._shell.come_from.get(place)):
                self._shell.add(DeedKind.PIPELINE, f"{line} | sh")
            # LD_PRELOAD=…, KUBECONFIG=…: what is set for a command may be what matters
            self._shell.add(DeedKind.COMMAND, f"{place}={inner(' '.join(words))}")
        return NOTHING

    def _remember(self, name: str, value: str, lines: Sequence[str]) -> None:
        """Keep in mind which commands print what `name` holds, where no text is known of it."""
        self._shell.come_from.pop(name, None)
        if lines and SUBSTITUTED in value:
            self._shell.come_from[name] = lines[-1]

    def function(self, node: Node, _stdin: Output, _level: int) -> Output:
        """`name() { … }`: read when it is called, or at the end where it never is."""
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            self._shell.functions[self._expansion.text(name)] = Function(
                body=body, source=self._shell.source
            )
        return NOTHING

    def loop(self, node: Node, stdin: Output, level: int) -> Output:
        """`for name in words`, its body read once, with all words in the place of each."""
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

    def call(self, function: Function, argv: Sequence[str], stdin: Output) -> Output:
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
