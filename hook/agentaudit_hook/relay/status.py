"""The status file: how delivery and policy stand, in sentences, for `agentaudit-hook status`."""

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentaudit_hook.relay.files import replace_file

_log = logging.getLogger(__name__)


class StatusFile:
    """One line per part (`export`, `policy`, `spool`), rewritten only when it changes."""

    def __init__(self, path: Path, now_ns: Callable[[], int]) -> None:
        self._path = path
        self._now_ns = now_ns
        self._lock = threading.Lock()
        self._parts: dict[str, dict[str, Any]] = {}

    def tell(self, part: str, problem: str | None) -> None:
        """Say how `part` stands: None is well; else one sentence with the remedy."""
        with self._lock:
            before = self._parts.get(part)
            if before is not None and before["problem"] == problem:
                return
            self._parts[part] = {"problem": problem, "since_ns": self._now_ns()}
            _log.log(logging.WARNING if problem else logging.INFO, "%s: %s", part, problem or "ok")
            try:
                replace_file(self._path, json.dumps(self._parts).encode())
            except OSError as error:
                _log.warning("status file: %s", error)

    @property
    def problems(self) -> dict[str, str]:
        """Parts that do not stand well, with their sentences."""
        with self._lock:
            return {part: said["problem"] for part, said in self._parts.items() if said["problem"]}


def read_status(path: Path) -> dict[str, dict[str, Any]]:
    """What the status file says; empty if there is none, or none that can be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
