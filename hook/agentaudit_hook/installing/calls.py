"""Whether a hook entry calls our program, and whether it does nothing else.

Where in doubt it does not: then `install` adds an entry of its own, and a call that is told twice
is recorded once. The other way round, nothing would be recorded.
"""

import re
import shlex

from agentaudit_hook.client import VERBS
from agentaudit_hook.installing.fail_mode import without_tail
from agentaudit_hook.launcher import NAME as PROGRAM

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_BEFORE = ("command", "env", "exec", "nice", "nohup", "time")
"""Words that start the program behind them."""
_END = ";"
"""Stands for whatever makes a command line more than one command."""


def is_ours(entry: object) -> bool:
    """Whether an entry does nothing but call our program: such a one we may change and remove."""
    words = _words_of(entry)
    return (
        _END not in words and _is_call(words) and not any("`" in w or "$" in w for w in words[1:])
    )


def calls_us(entry: object) -> bool:
    """Whether one of an entry's commands is a call of our program, written by us or by hand."""
    command: list[str] = []
    for word in [*_words_of(entry), _END]:
        if word != _END:
            command.append(word)
        elif _is_call(_without_prefix(command)):
            return True
        else:
            command = []
    return False


def _is_call(words: list[str]) -> bool:
    """Our program's name alone is not enough: `agentaudit-hook flush` is somebody's own wish."""
    return len(words) > 1 and words[0].rpartition("/")[2] == PROGRAM and words[1] in VERBS


def _without_prefix(words: list[str]) -> list[str]:
    rest = list(words)
    while rest and (_ASSIGNMENT.match(rest[0]) or rest[0] in _BEFORE):
        rest.pop(0)
    return rest


def _words_of(entry: object) -> list[str]:
    """The words of an entry's command without our tail; [] where they cannot be told."""
    if not isinstance(entry, dict):
        return []
    command, arguments = entry.get("command", entry.get("bash")), entry.get("args")
    if not isinstance(command, str):
        return []
    if isinstance(arguments, list):  # no shell reads these
        return [command, *map(str, arguments)]
    lexer = shlex.shlex(without_tail(command), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:  # a quote that is not closed
        return []
    if "\n" in command.strip():
        words.append(_END)
    return [_END if set(word) <= set("();<>|&") else word for word in words]
