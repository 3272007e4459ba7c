"""What is costly to make, kept on disk between processes: `$XDG_CACHE_HOME/agentaudit`.

Believed only if nobody else could have written it: folder and file must belong to this user and be
writable by no other, neither may be a link, and the content must have the digest that it was
written with. On any doubt it counts as absent, and is made again. Nothing here ever raises: where
there is no such folder (no home, a read-only disk, Windows) nothing is kept.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

_MAX_BYTES = 256 * 1024 * 1024
_DIGEST_BYTES = 32


def read_kept(kind: str, key: str) -> bytes | None:
    """What was kept of this `kind` (`[a-z]+`) under `key` (hex digits); None if nothing was."""
    name = f"{kind}-{key}"
    try:
        with _folder(make=False) as folder:
            digest, body = _read(folder, name)
    except OSError:
        return None
    return body if digest == _digest(name, body) else None


def keep(kind: str, key: str, body: bytes, *, most: int = 6) -> bool:
    """Keep `body`, and of its kind only the newest `most`; False if that could not be done."""
    name = f"{kind}-{key}"
    scratch = f".{name}.{os.getpid()}"
    try:
        with _folder(make=True) as folder:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(scratch, flags, 0o600, dir_fd=folder), "wb") as file:
                file.write(_digest(name, body) + body)
            os.rename(scratch, name, src_dir_fd=folder, dst_dir_fd=folder)
            _forget_old(folder, kind, most)
    except OSError:
        return False
    return True


def cache_folder() -> Path | None:
    """The folder of this user; None where there is none to be had."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    if named.startswith("/"):
        return Path(named) / "agentaudit"
    home = os.environ.get("HOME", "")
    return Path(home) / ".cache/agentaudit" if home.startswith("/") else None


@contextmanager
def _folder(*, make: bool) -> Iterator[int]:
    """A descriptor of the folder, once it is known to be this user's own.

    Raises:
        OSError: there is none, or it is not ours alone.
    """
    path = cache_folder()
    if path is None or not hasattr(os, "geteuid"):
        raise FileNotFoundError("no cache folder")
    if make:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _check_owner(os.fstat(folder))
        yield folder
    finally:
        os.close(folder)


def _read(folder: int, name: str) -> tuple[bytes, bytes]:
    """Digest and body, which may be megabytes: neither is copied."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, dir_fd=folder), "rb", buffering=0) as file:
        found = os.fstat(file.fileno())
        _check_owner(found)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MAX_BYTES:
            raise PermissionError(f"{name} is no file of ours")
        # no limit is named: as many bytes would be set aside before the first is read
        return file.read(_DIGEST_BYTES), file.readall()


def _check_owner(found: os.stat_result) -> None:
    if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError("others could have written here")


def _digest(name: str, body: bytes) -> bytes:
    # the name belongs to it: a file under the name of another is not taken for that
    told = sha256(name.encode() + b"\x00")
    told.update(body)
    return told.digest()


def _forget_old(folder: int, kind: str, most: int) -> None:
    names = [name for name in os.listdir(folder) if name.lstrip(".").startswith(f"{kind}-")]
    written = {
        name: os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime_ns for name in names
    }
    for name in sorted(names, key=written.__getitem__)[:-most]:
        os.unlink(name, dir_fd=folder)
