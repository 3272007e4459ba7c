"""Cuts a script into its statements without a parse: behind `;`, `&&`, `||` and line ends.

Not inside quotes, comments and heredocs. Where a statement is nested in another, as in `if …; then
…; fi` or `(…; …)`, it is cut as well.
"""

from collections.abc import Iterator
from functools import cache
from itertools import islice, pairwise

from agentaudit_processor.classify.patterns import Pattern

_MARK = "\x1d"
_MOST_TOKENS = 400_000
_SEPARATORS = (";", "&&", "||", "\n")


def pieces_of(script: str) -> list[str]:
    """`script` cut behind each separator, which stays with the piece before it."""
    if not any(sign in script for sign in ("'", '"', "\\", "#", "<<")):
        return cut_at_each(script)
    places = list(_places(script))
    return [script[start:end] for start, end in pairwise(places)]


def cut_at_each(script: str) -> list[str]:
    """`script` cut behind each separator, also those in quotes."""
    for separator in _SEPARATORS:
        script = script.replace(separator, separator + _MARK)
    return script.split(_MARK)


def _places(script: str) -> Iterator[int]:
    """Where pieces begin, and the end."""
    # one byte for each character, so that places are the same
    text = script.encode("ascii", "replace")
    yield 0
    heredoc = b""
    for token in islice(_tokens().each(text), _MOST_TOKENS):
        start, end = token[0]
        sign = text[start]
        if sign == _LESS:
            heredoc = heredoc or text[slice(*token[1])]
        elif sign != _NEW_LINE:
            if not heredoc and sign in _SIGNS:
                yield end
        elif not heredoc:
            yield start + 1
        elif text[start:end].strip() == heredoc and text[end : end + 1] in (b"\n", b""):
            heredoc = b""
            yield end
    yield len(script)


_LESS, _NEW_LINE, _SIGNS = b"<"[0], b"\n"[0], b";&|"


@cache
def _tokens() -> Pattern:
    # a line of one word is taken whole: it may end a heredoc
    return Pattern(
        r"""(?s)'[^']*'|"(?:[^"\\]|\\.)*"|\\.|(?:(?m:^)|[ \t;])#[^\n]*"""
        r"""|<<-?[ \t]*['"\\]?([A-Za-z_]\w*)|&&|\|\||;+|\n[ \t]*[A-Za-z_]\w*[ \t]*|\n"""
    )
