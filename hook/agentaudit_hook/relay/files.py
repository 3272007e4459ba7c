"""Small private files: written whole or not at all."""

import contextlib
import os
from pathlib import Path

KEY_BYTES = 32


def own_key(path: Path) -> bytes:
    """The random key at `path`, made if there is none; without a disk, one for this process."""
    try:
        key = path.read_bytes()
    except OSError:
        key = b""
    if len(key) != KEY_BYTES:
        key = os.urandom(KEY_BYTES)
        with contextlib.suppress(OSError):
            replace_file(path, key)
    return key


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
