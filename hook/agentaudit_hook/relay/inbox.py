"""The inbox: frames that clients kept because no relay answered them in time."""

import logging
from collections.abc import Callable
from pathlib import Path

from agentaudit_hook.frames import FRAME_HEAD_SIZE, Malformed, frame_sizes, unpack_header

_log = logging.getLogger(__name__)


def drain_inbox(folder: Path, hear: Callable[[dict[str, str], bytes], object]) -> int:
    """Hear every frame, oldest first, and delete it; give their number.

    A frame is deleted after it was heard: a crash in between hears it twice, with the same ids.
    """
    try:
        paths = sorted(folder.glob("*.frame"))
    except OSError:
        return 0
    for path in paths:
        try:
            data = path.read_bytes()
            header_size, _ = frame_sizes(data[:FRAME_HEAD_SIZE])
            end = FRAME_HEAD_SIZE + header_size
            hear(unpack_header(data[FRAME_HEAD_SIZE:end]), data[end:])
        except Malformed as error:
            _log.error("inbox: %s: %s", path.name, error)
        except OSError as error:
            _log.warning("inbox: %s", error)
            continue
        path.unlink(missing_ok=True)
    return len(paths)
