"""Records that a receiver will never take: kept where a person finds them, told, and counted.

A batch of which the receiver refused some without saying which is kept as a whole: what was taken
of it lies there too. Only the newest of such batches stay.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentaudit_hook.relay.files import replace_file
from agentaudit_hook.relay.status import StatusFile

MAX_BATCHES = 16
"""Of which it is not known what was refused: 64 MB at most."""

_log = logging.getLogger(__name__)

Numbered = Sequence[tuple[int, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """`count` of the records in `batch` were refused for good, and why."""

    batch: Numbered
    count: int
    reason: str


class SetAside:
    """One thread keeps, another may ask what is to be told."""

    def __init__(self, folder: Path, status: StatusFile) -> None:
        self._folder = folder
        self._status = status
        self._lock = threading.Lock()
        self._untold: list[Refused] = []

    def keep(self, refused: Refused) -> None:
        """Keep it on disk, in the log and in the status, and for `to_tell`.

        Raises:
            OSError: it cannot be kept, so it must stay in the spool.
        """
        first, _ = refused.batch[0]
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if refused.count >= len(refused.batch):
            for at, one in refused.batch:
                replace_file(self._folder / f"{time.time_ns()}-{at}.json", one)
        else:
            name = f"{time.time_ns()}-{first}-{refused.count}-of-{len(refused.batch)}.jsonl"
            replace_file(self._folder / name, b"\n".join(one for _, one in refused.batch) + b"\n")
            self._forget_oldest()
        _log.error("record %d set aside in %s: %s", first, self._folder, refused.reason)
        with self._lock:
            self._untold.append(refused)
        self.tell()

    def to_tell(self) -> list[Refused]:
        """What was kept since this was asked last."""
        with self._lock:
            untold, self._untold = self._untold, []
        return untold

    def tell(self) -> None:
        """Say in the status how many there are."""
        count = sum(1 for _ in self._folder.glob("*.json"))
        batches = self._batches()
        told = [f"{count} records could never be delivered"] if count else []
        if batches:
            some = sum(int(path.stem.split("-")[2]) for path in batches)
            told.append(f"{some} more of {len(batches)} batches were refused by the receiver")
        where = f" and lie, masked, in {self._folder}."
        self._status.tell("refused", ", ".join(told) + where if told else None)

    def _batches(self) -> list[Path]:
        return sorted(self._folder.glob("*-*-*-of-*.jsonl"))

    def _forget_oldest(self) -> None:
        for path in self._batches()[:-MAX_BATCHES]:
            path.unlink(missing_ok=True)
