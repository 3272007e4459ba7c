"""Files that a shell reads when it starts, and lines in them that do nothing but set it up.

Source: bash manual §6.2, zsh manual §5.1; the completions of npm, gh, kubectl and others.
"""

from functools import cache
from typing import Any

import re2

from agentaudit_processor.classify.shell.state import Output

_FILES = (
    ".bashrc", ".bash_profile", ".bash_login", ".profile", ".zshrc", ".zshenv", ".zprofile",
    ".zlogin", ".kshrc", ".cshrc", ".tcshrc", ".bash_aliases", "config.fish",
)  # fmt: skip
_MAX_LINES = 20


def is_startup_file(path: str) -> bool:
    """Tell whether a shell reads the file at `path` when it starts."""
    return path.rpartition("/")[2] in _FILES


def only_sets(output: Output) -> bool:
    """Tell whether what is printed does no more than set a variable or load completions."""
    if output.text is None:
        return _completions().search(output.line) is not None
    lines = [line.strip() for line in output.text.splitlines() if line.strip()]
    return 0 < len(lines) <= _MAX_LINES and all(_setting().search(line) for line in lines)


@cache
def _completions() -> Any:
    """`npm completion`, `kubectl completion bash`, `starship init zsh`."""
    name = r"[A-Za-z][\w-]*"
    return re2.compile(
        rf"^{name} (?:{name} )?(?:-s )?(?:completions?|init|shellenv|hook|activate)"
        r"(?: -s)?(?: --shell)?(?: (?:ba|z|fi)?sh)?(?: -)?$"
    )


@cache
def _setting() -> Any:
    """One line; of variables only those that name folders, editors and languages."""
    value = r"(?:\"[^\"`;&|()]*\"|'[^'`]*'|[^\s\"'`;&|()]*)"
    root = r"(?:\$HOME|\$\{HOME\}|~|\$PATH|\$\{PATH\}|\$[A-Z]+_(?:HOME|ROOT|DIR)|/usr/local|/opt)"
    folder = rf"{root}(?:/[\w.+-]+)*"
    named = r"(?:[A-Z]\w*_(?:HOME|ROOT|DIR)|EDITOR|VISUAL|PAGER|LANG|LC_\w+|GOPATH|TERM)"
    started = r"(?:starship|zoxide|direnv|pyenv|rbenv|nodenv|goenv|fnm|mise|rtx|brew|atuin|thefuck)"
    return re2.compile(
        rf"^(?:export PATH=[\"']?{folder}(?::{folder})*[\"']?|(?:export )?{named}={value}"
        rf"|eval \"\$\((?:/[\w/]*/)?{started} [\w -]*\)\"|autoload -U[\w ]* compinit|compinit)$"
    )
