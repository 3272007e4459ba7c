"""What every verb needs: words on stdout and stderr, and the store for as long as it runs."""

import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from agentaudit_backend.settings import Settings

if TYPE_CHECKING:  # what it imports takes a second, and `--help` needs none of it
    from agentaudit_backend.store.store import Store

DONE, FAILED, USAGE, CONFIGURATION, NOT_ALLOWED, UNREACHABLE = range(6)
"""Exit codes: it is done, could not be done (stderr says why), the line is wrong, a file is, it may
not be done, the database does not answer.
"""
INTERRUPTED = 130
QUIET = "AGENTAUDIT_QUIET"
"""Set by `--quiet`."""
FORMAT = 1
"""Of what `--json` prints; it counts up when something that is there changes or goes."""


def say(text: str) -> None:
    """What was asked for, on stdout."""
    print(text)  # noqa: T201


def say_json(**told: object) -> None:
    """The same for programs: one object on one line, with the version of its shape."""
    say(json.dumps({"format": FORMAT, **told}))


def remark(text: str) -> None:
    """What is to be known beside it, on stderr; nothing with `--quiet`."""
    if not os.environ.get(QUIET):
        print(text, file=sys.stderr)  # noqa: T201


def fail(text: str, code: int = FAILED) -> int:
    """Say on stderr what failed, where, and what to do; gives the exit code."""
    print(f"agentaudit: {text}", file=sys.stderr)  # noqa: T201
    return code


def with_store(settings: Settings, use: Callable[["Store"], int], *, creates: bool = False) -> int:
    """What `use` gives, with the settings' database open.

    Args:
        settings: name it.
        use: works with it.
        creates: whether the verb makes a database where there is none.

    Raises:
        CannotStart: the database cannot be opened.
    """
    from agentaudit_backend.opening import open_store  # noqa: PLC0415  takes a second

    store = open_store(settings, creates=creates)
    try:
        return use(store)
    finally:
        store.close()


def printable(text: str) -> str:
    """`text` without what a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in text)
