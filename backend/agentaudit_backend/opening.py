"""Opens the database that the settings name, and brings it up to date."""

import logging
import os
import time

from agentaudit_backend.failure import CannotStart, NotAllowed, Unreachable
from agentaudit_backend.settings import DATABASE_FILE, Settings
from agentaudit_backend.store.database import BadUrl
from agentaudit_backend.store.store import Store
from agentaudit_processor.ports import Unavailable

log = logging.getLogger(__name__)

DATABASE_WAIT_S = 60.0


def open_store(settings: Settings, *, creates: bool = True) -> Store:
    """The settings' database, migrated.

    Args:
        settings: name it.
        creates: whether a data directory without one gets one, and one that is not up yet is
            waited for, a minute. For who asks something of a database, an empty one is the answer
            of a mistyped path, and so is none.

    Raises:
        CannotStart: the data directory cannot be made or holds no database.
        Unreachable: the database does not answer.
    """
    if settings.database_url is None:
        if not creates:
            _check_there(settings)
        _make_data_dir(settings)
    try:
        store = Store.open(settings.store_url, settings.database_connections)
    except BadUrl as problem:
        raise CannotStart(f"--database-url: {problem}") from None
    waits = creates and settings.database_url is not None
    deadline = time.monotonic() + (DATABASE_WAIT_S if waits else 0.0)
    while True:
        try:
            store.migrate()
        except Unavailable as away:
            if time.monotonic() >= deadline:
                store.close()
                raise Unreachable(f"the database does not answer: {away}") from away
            log.warning("the database does not answer yet: %s", away)
            time.sleep(1)
        else:
            return store


def _check_there(settings: Settings) -> None:
    try:
        is_there = (settings.data_dir / DATABASE_FILE).exists()
    except PermissionError as problem:
        raise _unusable(settings, problem) from problem
    if not is_there:
        raise CannotStart(
            f"--data-dir {settings.data_dir}: there is no database ({DATABASE_FILE}): look at the "
            "path (`make run` uses --data-dir .data), or start `agentaudit serve` once"
        )


def _make_data_dir(settings: Settings) -> None:
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A folder that was there may be open to others; SQLite's own files take the mode of this.
        os.close(os.open(settings.data_dir / DATABASE_FILE, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as problem:
        raise _unusable(settings, problem) from problem


def _unusable(settings: Settings, problem: OSError) -> CannotStart:
    kind = NotAllowed if isinstance(problem, PermissionError) else CannotStart
    return kind(f"--data-dir {settings.data_dir}: cannot be used: {problem.strerror}")
