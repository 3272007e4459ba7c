"""The parse tree of a PowerShell script, and a crude split of what is too long for a parse."""

from collections.abc import Iterator
from functools import cache
from threading import local
from typing import Any

import re2

MAX_PARSE_CHARS = 4096
MAX_OPERATORS = 300
_MAX_PIECES = 150
_MAX_WORDS = 60

Node = Any
"""A tree_sitter.Node: the library is imported when the first script comes."""

_OF_THREAD = local()


def parse(text: str) -> Node:
    """The root of the tree; a byte of the tree is a character of `text`."""
    return _parser().parse(text.encode("ascii", "agentaudit.x")).root_node


def within_grammar(script: str) -> str:
    """`script` with what the grammar trips over spelled otherwise: `iex(…)`, `./a.ps1`."""
    # more of them than a script may have to be parsed need no change
    script = str(_glued().sub(r"\1 (", script, count=MAX_OPERATORS))
    if "./" not in script:
        return script
    return str(_relative().sub(r"\1.\\\\", script, count=MAX_OPERATORS))


def is_too_tangled(text: str) -> bool:
    """Tell whether a parse could take long: `a,a,a…` of 4 KB takes 0.1 s."""
    return len(text) > MAX_PARSE_CHARS or sum(map(text.count, "|&;({[,$+")) > MAX_OPERATORS


def split_crudely(text: str) -> Iterator[list[str]]:
    """The words of what may be commands in `text`."""
    for piece in _separators().split(text[: 64 * 1024], maxsplit=_MAX_PIECES):
        words = piece.replace('"', " ").replace("'", " ").split()[:_MAX_WORDS]
        if words and not words[0].startswith(("$", "#", "-", "=")):
            yield words


def plainest(node: Node) -> Node:
    """`node`, or the first node below it that is more than a wrapper of a single other."""
    while node.child_count == 1 and node.named_child_count == 1:
        child = node.named_children[0]
        if child.start_byte != node.start_byte or child.end_byte != node.end_byte:
            break  # quotes stand around it
        node = child
    return node


@cache
def _separators() -> Any:
    return re2.compile(r"(?:&&|\|\||[;\n|&{}()])+")


@cache
def _glued() -> Any:
    return re2.compile(r"(?i)\b(iex|invoke-expression)\(")


@cache
def _relative() -> Any:
    return re2.compile(r"(^|[;|&{(\n]\s*)\./")


def _parser() -> Any:
    """The parser of this thread: it must not be shared."""
    parser = getattr(_OF_THREAD, "parser", None)
    if parser is None:
        from tree_sitter import Language, Parser  # noqa: PLC0415  20 ms that a Read need not pay
        from tree_sitter_powershell import language  # noqa: PLC0415

        parser = _OF_THREAD.parser = Parser(Language(language()))
    return parser
