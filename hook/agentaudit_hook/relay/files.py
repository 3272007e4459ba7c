"""Small private files: written whole or not at all."""

import contextlib
import os
import stat
from pathlib import Path

from agentaudit_hook.places import NO_FOLLOW

KEY_BYTES = 32


def open_private_folder(folder: Path) -> None:
    """Make `folder` (0700) unless it is there; take away what others may do in it and its files.

    Raises:
        OSError: it cannot be made or closed to others.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in (folder, *folder.iterdir()):
        mode = path.lstat().st_mode
        if stat.S_IMODE(mode) & 0o077 and not stat.S_ISLNK(mode):
            path.chmod(stat.S_IMODE(mode) & 0o700)


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
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | NO_FOLLOW, 0o600)
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


def sync_folder(folder: Path) -> None:
    """A new file is only there after power loss if its folder was synced too."""
    if not hasattr(os, "O_DIRECTORY"):  # where a folder cannot be opened, nothing is to be done
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
