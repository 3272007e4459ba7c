"""Inner: what one command runs in turn."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """What a wrapper runs: words (`argv`), a script (`shell`), SQL or a program's text."""

    kind: str
    """argv, shell, sql or code."""
    argv: Sequence[str] = ()
    """The words; of a script, `$0` and what follows."""
    text: str = ""
    language: str = ""
    privileged: bool = False
    stdin: str | None = None
    """What it reads, where that is known."""
