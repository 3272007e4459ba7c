"""The parse tree of a shell script, and a crude split of what is too long for a parse.

A parse is linear, but slow on a text of many operators: `a|a|a…` of 16 KB takes 0.2 s. So text is
counted first, and what is too long or too tangled is cut at separators instead.
"""

from codecs import register_error
from functools import cache
from threading import local
from typing import Any

import re2

from agentaudit_processor.classify.shell.cutting import pieces_of
from agentaudit_processor.classify.shell.quoting import braces

MAX_PARSE_CHARS = 4096
MAX_OPERATORS = 300
MAX_PIECES = 150
_MAX_WORDS = 60
_MAX_GROUPS = 5

Node = Any
"""A tree_sitter.Node: the library is imported when the first command comes."""

_OF_THREAD = local()
_GOES_ON = ("do", "then", "else", "in", "elif")
_SEPARATORS = str.maketrans(dict.fromkeys(";|&`", "\n"))
_HARMLESS = re2.compile(
    r"^\s*(?:(?:echo|printf|true|false|:|cd|pwd|ls|sleep|test|\[)(?:\s[^$`<>]*)?)?$"
)


def parse(text: str) -> Node:
    """The root of the tree; a byte of the tree is a character of `text`."""
    return _parser().parse(text.encode("ascii", "agentaudit.x")).root_node


def within_grammar(script: str) -> str:
    """`script` with what the grammar does not know spelled otherwise.

    `{rm,-rf,/}` in the place of a command, `!`, `time` or `coproc` before a group, and the end of a
    line behind a pipe: of `a | b | c`, a new line and a heredoc it makes one command.
    """
    script = script.replace(" / ]", " '/' ]")  # it takes the slash for a division
    if "`" in script and script.count("`") % 2 == 0:
        script = _backticks().sub(_attached, script)
    if "|" in script and "\n" in script:
        script = "".join(_with_end(piece) for piece in pieces_of(script))
    if "{" not in script:
        return script
    for _ in range(_MAX_GROUPS):  # one group may begin in another
        script, count = _before_groups().subn(r"\1\2", script, count=_MAX_GROUPS * 20)
        if not count:
            break
    return str(_braced_names().sub(_spelled, script)) if "," in script else script


def _attached(match: Any) -> str:
    """ "r`true`m" as `r$(true)m`, "r``m" as `rm`: of a word that goes on it would make two."""
    before, inside = match.groups()
    if not inside:
        return str(before)
    return f"{before}$({inside})" if before.isalnum() else str(match.group(0))


def _with_end(piece: str) -> str:
    """A statement with a pipe, its line's end as `;` too."""
    body = piece[:-1].rstrip(" \t") if piece[-1:] == "\n" and "|" in piece else ""
    if not body or body[-1] in "|&;(){\\" or body.rpartition(" ")[2] in _GOES_ON:
        return piece
    return f"{body};\n"


def _spelled(match: Any) -> str:
    return f"{match.group(1)}{' '.join(braces(match.group(2)))}"


def is_too_tangled(text: str) -> bool:
    """Tell whether a parse could take long."""
    return len(text) > MAX_PARSE_CHARS or operators_in(text) > MAX_OPERATORS


def operators_in(text: str) -> int:
    """How many signs of an operator are in `text`."""
    return sum(map(text.count, "|&;(`<{"))


def split_crudely(text: str) -> list[list[str]]:
    """The words of what may be commands in `text`."""
    commands = []
    pieces = dict.fromkeys(text[: 64 * 1024].replace("$(", "\n").translate(_SEPARATORS).split("\n"))
    notable = [piece for piece in pieces if not _HARMLESS.search(piece)]
    for piece in notable[:MAX_PIECES]:
        split = piece.replace('"', " ").replace("'", " ").split()[:_MAX_WORDS]
        words = [word for one in split for word in braces(one)]
        while words and ("=" in words[0] or words[0] in ("then", "do", "else", "{", "(")):
            words = words[1:]
        if words:
            commands.append(words[:_MAX_WORDS])
    return commands


def has_quotes(node: Node) -> bool:
    """Tell whether a word is quoted, in part at least."""
    return any("string" in child.type for child in node.children)


@cache
def _backticks() -> Any:
    return re2.compile(r"(^|[^\\`])`([^`\\]*)`")


@cache
def _before_groups() -> Any:
    return re2.compile(
        r"((?:^|[;&|({\n]|\b(?:then|do|else|if|elif|while|until)\s)\s*)(?:(?:!|time(?:\s+-p)?|coproc)\s+)+(\{\s)"
    )


@cache
def _braced_names() -> Any:
    plain = r"""[^{}\s'"`$;|&<>()]*"""
    return re2.compile(rf"(^|[;&|(\n]\s*)(\{{{plain},{plain}\}})")


def _parser() -> Any:
    """The parser of this thread: it must not be shared."""
    parser = getattr(_OF_THREAD, "parser", None)
    if parser is None:
        from tree_sitter import Language, Parser  # noqa: PLC0415  20 ms that a Read need not pay
        from tree_sitter_bash import language  # noqa: PLC0415

        parser = _OF_THREAD.parser = Parser(Language(language()))
    return parser


def _an_x(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101  the only kind that encoding raises
    return "x" * (error.end - error.start), error.end


# tree-sitter-bash 0.25 asks `isalnum` about characters that it is not made for, and takes the
# process down with it: `{\U0007ea1b` did. An `x` stands for each character beyond ASCII.
register_error("agentaudit.x", _an_x)
