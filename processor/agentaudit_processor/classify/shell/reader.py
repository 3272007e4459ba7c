"""Reads the text of a script: as few parses as it takes, and what none of them can take crudely.

Costs are bounded: a parse takes 4 KB at most, a tree 150 levels, an Activity 400 Deeds. Beyond
that the text is split crudely, and a Deed says that it was not read whole.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import lru_cache

from agentaudit_processor.classify.deeds import MAX_DEEDS, Deed, DeedKind
from agentaudit_processor.classify.shell.cutting import pieces_of
from agentaudit_processor.classify.shell.grammar import (
    is_too_tangled,
    parse,
    split_crudely,
    within_grammar,
)
from agentaudit_processor.classify.shell.lifting import lift_quoted
from agentaudit_processor.classify.shell.portions import portions
from agentaudit_processor.classify.shell.quoting import continued
from agentaudit_processor.classify.shell.state import MAX_NESTED_SHELLS, NOTHING, Output, Shell
from agentaudit_processor.classify.shell.statements import TOO_DEEP, Statements
from agentaudit_processor.classify.shell.thinning import thinned

_LONG_TEXT = 1024
_MAX_CRUDE_WORDS = 60
_MAX_ALONE = 100
_TOO_MUCH = "The command does more than is read of one"
_TOO_LONG = "The command is too long or too tangled to be parsed whole"


@lru_cache(maxsize=256)
def read_shell(command: str, cwd: str | None) -> tuple[Deed, ...]:
    """The Deeds of `command`, run in the absolute directory `cwd`; never raises."""
    shell = Shell(base=cwd, cwd=cwd)
    with closing(_Reader(shell)) as reader:
        reader.read(command)
    if shell.is_full:
        shell.deeds[MAX_DEEDS - 1 :] = [Deed(kind=DeedKind.UNREAD, text=_TOO_MUCH)]
    return tuple(shell.deeds[:MAX_DEEDS])


class _Reader:
    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._statements = Statements(shell, self.read)

    def close(self) -> None:
        """Let the parts go, which know each other: else they would wait for the collector."""
        self._statements.close()

    def read(self, text: str) -> Output:
        """Read a script: parse it if it is small enough, else split it. What it prints."""
        shell = self._shell
        if shell.depth >= MAX_NESTED_SHELLS or shell.is_full:
            shell.unread(TOO_DEEP)
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
                self._statements.read(function.body, NOTHING, 1)
        return output or NOTHING

    def _parsed(self, text: str) -> Output | None:
        """Read `text` by its tree; None where the tree is broken and nothing was found in it."""
        shell = self._shell
        root = parse(text)
        if root.has_error and "((" in text:  # two subshells, taken for arithmetic?
            other = parse(_apart(text))
            root, text = (root, text) if other.has_error else (other, _apart(text))
        shell.source, before = text, len(shell.deeds)
        output = self._statements.read(root, NOTHING, 0)
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
                self._statements.read(root, NOTHING, 0)
        shell.source = outer
        shell.deeds[at:] = [deed for deed in shell.deeds[at:] if deed not in known]

    def _split(self, text: str) -> None:
        """Read `text` crudely, by what may be commands in it."""
        shell = self._shell
        start = len(shell.deeds)
        for words in split_crudely(text):
            if not shell.is_full:
                self._statements.run(words[:_MAX_CRUDE_WORDS])
        shell.deeds[start:] = [replace(deed, crude=True) for deed in shell.deeds[start:]]


def _apart(text: str) -> str:
    return text.replace("((", "( (").replace("((", "( (")  # the second for `(((`
