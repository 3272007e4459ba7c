"""Files that are whole or not there, and for their owner alone."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile

STDOUT = Path("-")


def write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Write to `path`, or to stdout for `-`. A file that was there stays until the new is whole.

    Raises:
        OSError: it cannot be written.
    """
    if path == STDOUT:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        beside = Path(file.name)
        try:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
