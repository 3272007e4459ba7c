"""The inbox: frames that clients kept because no relay answered them in time."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from agentaudit_hook.frames import DROPPED, FRAME_HEAD_SIZE, Malformed, frame_sizes, unpack_header

LEFT_BEHIND_SECONDS = 60.0

_log = logging.getLogger(__name__)


def drain_inbox(folder: Path, hear: Callable[[dict[str, str], bytes], object]) -> int:
    """Hear every frame, oldest first, and delete it; give their number.

    A frame is deleted after it was heard: a crash in between hears it twice, with the same ids.
    """
    try:
        paths = sorted([*folder.glob("*.frame"), *_left_behind(folder)])
    except OSError:
        return 0
    for path in paths:
        try:
            hear(*_frame_of(path.read_bytes()))
        except OSError as error:  # the disk is full: it may be heard later
            _log.warning("inbox: %s", error)
            continue
        except Malformed as error:
            _log.error("inbox: %s: %s", path.name, error)
        except Exception:  # noqa: BLE001  or it would end every relay that finds it
            _log.exception("inbox: %s could not be handled", path.name)
        path.unlink(missing_ok=True)
    return len(paths)


def dropped_frames(folder: Path) -> int:
    """How many frames went for want of room, and were not told yet."""
    try:
        return (folder / DROPPED).stat().st_size
    except OSError:
        return 0


def forget_dropped(folder: Path) -> None:
    """They were told."""
    (folder / DROPPED).unlink(missing_ok=True)


def _frame_of(data: bytes) -> tuple[dict[str, str], bytes]:
    header_size, body_size = frame_sizes(data[:FRAME_HEAD_SIZE])
    end = FRAME_HEAD_SIZE + header_size
    if len(data) != end + body_size:
        raise Malformed("cut off")
    return unpack_header(data[FRAME_HEAD_SIZE:end]), data[end:]


def _left_behind(folder: Path) -> list[Path]:
    """Frames whose client was killed before it could give them their name."""
    latest = time.time() - LEFT_BEHIND_SECONDS
    return [path for path in folder.glob("*.tmp") if path.stat().st_mtime < latest]
