"""Labels that a repository gives to the records of what is done in it: team, service, cost centre.

They stand in `.agentaudit.toml` at its root, or further up, as text under `[labels]`. Whatever else
the file says has no effect: it comes with a clone, and must not decide where records go, or how.
"""

import re
import threading
import time
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from agentaudit_hook.relay.git_files import read_regular

FILE = ".agentaudit.toml"
MAX_LABELS = 16
MAX_VALUE_CHARS = 100
MAX_FILE_BYTES = 16 * 1024
MAX_LEVELS = 64
MAX_FOLDERS = 256
LOOK_AGAIN_SECONDS = 30.0
_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,39}")


class Labels:
    """Asks each folder's file now and then; safe for several threads, and never fails."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, Mapping[str, str]]] = {}
        self._lock = threading.Lock()

    def of(self, folder: str) -> Mapping[str, str]:
        """Value by name; empty where no file gives any."""
        if not folder.startswith("/") or "\0" in folder:
            return {}
        with self._lock:
            known = self._known.get(folder)
        if known is None or self._clock() - known[0] > LOOK_AGAIN_SECONDS:
            known = self._clock(), _look(Path(folder))
            with self._lock:
                if len(self._known) >= MAX_FOLDERS:
                    self._known.clear()
                self._known[folder] = known
        return known[1]


def _look(folder: Path) -> Mapping[str, str]:
    for one in [folder, *folder.parents][:MAX_LEVELS]:
        text = read_regular(one / FILE, MAX_FILE_BYTES)
        if text is not None:
            return _labels_in(text)
    return {}


def _labels_in(text: str) -> Mapping[str, str]:
    try:
        told = tomllib.loads(text).get("labels")
    except (ValueError, RecursionError):  # no TOML: as if it were not there
        return {}
    found = {
        name: value
        for name, value in (told.items() if isinstance(told, dict) else ())
        if _NAME.fullmatch(name) and isinstance(value, str) and value.isprintable()
    }
    return {name: value[:MAX_VALUE_CHARS] for name, value in list(found.items())[:MAX_LABELS]}
