"""An agent's settings file: read with all that must be kept, replaced in one step."""

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentaudit_hook.installing.json_text import BadJson, JsonText
from agentaudit_hook.places import NO_FOLLOW

MAX_BYTES = 16 * 1024 * 1024
BACKUPS_KEPT = 5
LOCK_SECONDS = 5.0
_BOM = "\ufeff"
_OPENS_FOLDERS = hasattr(os, "O_DIRECTORY")
"""Not on Windows, which has no modes either."""


class BadFile(Exception):
    """The settings file is not what its agent writes, or not to be had; it is left untouched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile:
    """A settings file as it stood when it was read."""

    path: Path
    """Where the agent looks, which may be a link: dotfile managers keep one here."""
    target: Path
    raw: bytes | None
    """None: there is no file."""
    json: JsonText

    @property
    def settings(self) -> dict[str, Any]:
        """What it says; {} for no file."""
        value: dict[str, Any] = self.json.value
        return value

    @property
    def text(self) -> str:
        """Its text; empty for no file."""
        return (self.raw or b"").decode("utf-8")

    def encoded(self, json: JsonText) -> bytes:
        """The bytes of this file with another text in it.

        Raises:
            BadFile: a path in the text is no UTF-8, which JSON has to be.
        """
        head = _BOM if self.text.startswith(_BOM) else ""
        tail = "" if self.text.strip() else "\n"
        try:
            return (head + json.text + tail).encode("utf-8")
        except UnicodeEncodeError as error:
            raise BadFile(f"{self.path} would hold a path that is no UTF-8") from error


def read_settings_file(path: Path, *, comments: bool = False) -> SettingsFile:
    """Read a settings file; no file and an empty one say {}.

    Args:
        path: where the agent looks for it.
        comments: whether the agent reads comments in it.

    Raises:
        BadFile: not readable, no UTF-8, no JSON object.
    """
    try:
        target = path.resolve()
        raw = _bytes_of(target)
        text = (raw or b"").decode("utf-8").removeprefix(_BOM)
    except (OSError, UnicodeDecodeError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise BadFile(f"{path} cannot be read: {error}") from error
    try:
        json = JsonText(text if text.strip() else "{}", comments=comments)
    except BadJson as error:
        raise BadFile(f"{path} is no JSON ({error}); mend it, then try again") from error
    if not isinstance(json.value, dict):
        raise BadFile(f"{path} holds no JSON object; mend it, then try again")
    return SettingsFile(path=path, target=target, raw=raw, json=json)


def replace_settings(
    file: SettingsFile,
    content: bytes | None,
    *,
    new_mode: int = 0o600,
    back_up: bool = True,
    spare: Path | None = None,
) -> Path | None:
    """Put `content` in the place of the file, None removing it; gives the backup of what it held.

    Owner and mode stay. A reader sees the old file or the new one, whatever happens in between.

    Args:
        file: what is to be replaced, and what it held when the change was worked out.
        content: the whole new content.
        new_mode: of a file that was not there.
        back_up: whether what it holds is worth a backup.
        spare: a backup that must not go, however old.

    Raises:
        BadFile: somebody else changes it at this moment; nothing was written.
        OSError: not writable; the old file is untouched.
    """
    target = file.target
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(target.parent):
        if _bytes_of(target) != file.raw:
            raise BadFile(f"{file.path} has just been changed by somebody else; try again")
        backup = _back_up(target, file.raw, spare) if back_up and file.raw is not None else None
        if content is None:
            target.unlink(missing_ok=True)
        else:
            _write(target, content, new_mode)
            if _bytes_of(target) != content:
                raise OSError(f"{target} does not hold what was written to it")
        return backup


def _bytes_of(target: Path) -> bytes | None:
    try:
        found = target.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise OSError("it is no regular file")
    if found.st_size > MAX_BYTES:
        raise OSError(f"it is larger than {MAX_BYTES} bytes")
    return target.read_bytes()


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other installers out; the lock is on the folder, so that it leaves no file behind.

    A file system without locks has none, and is written all the same.

    Raises:
        BadFile: somebody else holds it for long.
    """
    if not _OPENS_FOLDERS:
        yield
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        _wait_for_lock(file, folder)
        yield
    finally:
        os.close(file)


def _wait_for_lock(file: int, folder: Path) -> None:
    import fcntl  # noqa: PLC0415  not on Windows

    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise BadFile(f"another install is at work in {folder}; try again") from None
            time.sleep(0.05)
        except OSError:
            return
        else:
            return


def _write(target: Path, content: bytes, new_mode: int) -> None:
    fresh = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    fresh.unlink(missing_ok=True)  # of one that was killed
    try:
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW, 0o600)
        with os.fdopen(file, "wb") as writer:
            writer.write(content)
            writer.flush()
            if _OPENS_FOLDERS:
                os.fchmod(file, new_mode)
                _take_after(file, target)
            os.fsync(file)
        fresh.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
    if _OPENS_FOLDERS:
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _take_after(file: int, target: Path) -> None:
    """Give a file the owner and the mode of the one that it replaces."""
    with contextlib.suppress(FileNotFoundError):
        found = target.stat()
        if os.geteuid() == 0:
            os.fchown(file, found.st_uid, found.st_gid)
        os.fchmod(file, stat.S_IMODE(found.st_mode))


def _back_up(target: Path, raw: bytes, spare: Path | None) -> Path:
    stem = f"{target.name}.agentaudit-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    names = (f"{stem}{more}.bak" for more in ("", *(f"-{n}" for n in range(2, 1000))))
    backup = next(path for path in map(target.with_name, names) if not path.exists())
    file = os.open(backup, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW, 0o600)
    with os.fdopen(file, "wb") as writer:
        writer.write(raw)
    found = sorted(target.parent.glob(f"{_literal(target.name)}.agentaudit-*.bak"), key=_age)
    for old in found[:-BACKUPS_KEPT]:
        if old != spare:
            with contextlib.suppress(OSError):
                old.unlink()
    return backup


def _age(path: Path) -> tuple[int, str]:
    try:
        return path.stat().st_mtime_ns, path.name
    except OSError:
        return 0, path.name


def _literal(name: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)
