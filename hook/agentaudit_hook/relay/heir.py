"""What bad settings left behind is delivered with those that work.

Each configuration has a state folder of its own, so a key that is mended starts an empty one, and
nobody would ever send what waits in the old. A relay that delivers therefore takes over the spools
whose own relay says that its settings keep it from this very receiver: a key that was refused, a
certificate that nobody vouches for. Ids are derived: sent twice is one.
"""

import json
import logging
import time
from itertools import groupby
from pathlib import Path

from agentaudit_hook.control import ask_relay
from agentaudit_hook.places import Place
from agentaudit_hook.relay.files import replace_file
from agentaudit_hook.relay.folder_lock import locked
from agentaudit_hook.relay.records import Unreadable, is_result, unpack_record
from agentaudit_hook.relay.spool import Spool
from agentaudit_hook.relay.status import read_status
from agentaudit_hook.relay.trouble import is_about_settings
from agentaudit_hook.settings import Settings

LOOK_EVERY_SECONDS = 60.0
LOCK_SECONDS = 3.0
BATCH_RECORDS = 512
BATCH_BYTES = 4 * 1024 * 1024
_TARGET = "target.json"
_STATUS = "status.json"

_log = logging.getLogger(__name__)


class Heir:
    """Looks for such spools now and then; used by one thread."""

    def __init__(self, place: Place, settings: Settings, spool: Spool) -> None:
        self._place = place
        self._spool = spool
        self._target = {"base_url": settings.base_url, "otlp": settings.otlp_base}
        self._look_at = 0.0
        try:
            replace_file(Path(place.state) / _TARGET, json.dumps(self._target).encode())
        except OSError as error:
            _log.warning("target file: %s", error)

    def look(self) -> None:
        """Take over what there is, at most once a minute; for when delivery is known to work."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_EVERY_SECONDS
        own = Path(self._place.state)
        for folder in sorted(own.parent.iterdir()):
            if folder != own and _read_target(folder) == self._target and _is_stuck(folder):
                try:
                    self._take_over(folder)
                except OSError as error:
                    _log.warning("spool of %s is left where it is: %s", folder.name, error)

    def _take_over(self, folder: Path) -> None:
        theirs = Place(name=folder.name, state=str(folder), runtime=self._place.runtime)
        ask_relay(theirs, "stop")
        with locked(folder / "lock", LOCK_SECONDS) as is_ours:
            if not is_ours:
                return
            moved = self._move(Spool(folder / "spool"))
            (folder / _STATUS).unlink(missing_ok=True)
        _log.info("took over %d records that other settings could not deliver", moved)

    def _move(self, theirs: Spool) -> int:
        moved = 0
        while batch := theirs.read(BATCH_RECORDS, BATCH_BYTES):
            for expendable, run in groupby(batch, key=lambda one: _is_expendable(one[1])):
                self._spool.append([payload for _, payload in run], expendable=expendable)
            theirs.acknowledge(batch[-1][0])
            moved += len(batch)
        theirs.close()
        return moved


def _is_expendable(packed: bytes) -> bool:
    try:
        return is_result(unpack_record(packed)[0])
    except Unreadable:
        return False


def _read_target(folder: Path) -> object:
    try:
        return json.loads((folder / _TARGET).read_bytes())
    except (OSError, ValueError):
        return None


def _is_stuck(folder: Path) -> bool:
    told = read_status(folder / _STATUS)
    problem = told.get("export", {}).get("problem") or ""
    return is_about_settings(problem) or bool(told.get("settings", {}).get("problem"))
