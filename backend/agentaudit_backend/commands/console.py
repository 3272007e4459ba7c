"""What every verb needs: words on stdout and stderr, and the store for as long as it runs."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from agentaudit_backend.settings import Settings

if TYPE_CHECKING:  # what it imports takes a second, and `--help` needs none of it
    from agentaudit_backend.store.store import Store

DONE, FAILED, USAGE, CONFIGURATION = range(4)
"""Exit codes: it is done, could not be done (stderr says why), the line is wrong, a file is."""


def say(text: str) -> None:
    """What was asked for, on stdout."""
    print(text)  # noqa: T201


def remark(text: str) -> None:
    """What is to be known beside it, on stderr."""
    print(text, file=sys.stderr)  # noqa: T201


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
