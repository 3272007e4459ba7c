"""Small private files: written whole or not at all."""

import os
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` at `path` (0600) in one step: a reader sees the old file or the new one.

    Raises:
        OSError: the disk is full or read-only; the old file is untouched.
    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(file, rest) :]
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    finally:
        os.close(file)
    fresh.replace(path)
