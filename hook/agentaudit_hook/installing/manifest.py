"""What `install` wrote, so that `uninstall` can bring back the old bytes and drift can be seen.

One private file per user, beside the state folders. It names settings files by their real paths.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from agentaudit_hook.installing.settings_file import SettingsFile, locked
from agentaudit_hook.places import make_private, state_root
from agentaudit_hook.relay.files import replace_file

FORMAT = 1
NO_FILE = "none"
"""`before` of a settings file that `install` made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What `install` left in one settings file."""

    path: str
    """Where the agent looks."""
    client: str
    scope: str
    version: str
    """Of the hook that wrote it."""
    written_at: str
    """ISO 8601, UTC."""
    command: str
    """The program that the entries call."""
    program: str = ""
    """SHA-256 of that program where it is our launcher; "" for one that a package manager keeps."""
    entries: tuple[str, ...]
    """Each entry with its event and matcher, as sorted JSON."""
    after: str
    """SHA-256 of the file as `install` left it."""
    before: str = ""
    """SHA-256 of what it held before, NO_FILE, or "" where that cannot be brought back."""
    backup: str = ""
    """Where that is kept."""
    folders: tuple[str, ...] = ()
    """Folders made for it, the innermost first."""


def manifest_path(env: Mapping[str, str]) -> Path:
    """The manifest; it need not exist."""
    return Path(state_root(dict(env))) / "installed.json"


def read_manifest(env: Mapping[str, str]) -> dict[str, Written]:
    """Real path of a settings file → what was written there; empty if nothing readable is kept."""
    try:
        told = json.loads(manifest_path(env).read_bytes())
        return {target: _written(one) for target, one in told["files"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def known_of(env: Mapping[str, str], file: SettingsFile) -> Written | None:
    """What was written where the agent looks, be it that a link there was replaced since."""
    files = read_manifest(env)
    return files.get(str(file.target)) or _latest(files).get(str(file.path))


def standing(env: Mapping[str, str]) -> list[Written]:
    """What was written last to each place where an agent looks."""
    return list(_latest(read_manifest(env)).values())


def _latest(files: Mapping[str, Written]) -> dict[str, Written]:
    by_time = sorted(files.values(), key=lambda one: one.written_at)
    return {one.path: one for one in by_time}


def check_notable(env: Mapping[str, str]) -> None:
    """Find out, before anything else is written, whether `note_written` will be able to.

    Raises:
        OSError: the state folder cannot be written.
    """
    folder = manifest_path(env).parent
    if not make_private(str(folder)):
        raise PermissionError(
            f"{folder} is no folder that is this user's alone; run this as its owner, or with "
            "HOME set to your own (`sudo -H`)"
        )


def note_written(env: Mapping[str, str], file: SettingsFile, written: Written | None) -> None:
    """Keep what was written to a settings file; None forgets it.

    What is known of another file by the same path is forgotten: the agent looks there no more.

    Raises:
        OSError: the state folder cannot be written.
        BadFile: another install holds it for long.
    """
    check_notable(env)
    path = manifest_path(env)
    with locked(path.parent):
        here = (str(file.target), str(file.path))
        files = {
            target: one
            for target, one in read_manifest(env).items()
            if target != here[0] and one.path != here[1]
        }
        if written is not None:
            files[here[0]] = written
        told = {"format": FORMAT, "files": {name: asdict(one) for name, one in files.items()}}
        replace_file(path, json.dumps(told, indent=1).encode("utf-8", "surrogateescape"))


def digest_of(raw: bytes | None) -> str:
    """What the manifest calls a file's content."""
    return NO_FILE if raw is None else sha256(raw).hexdigest()


def original_of(written: Written, raw: bytes | None) -> tuple[bool, bytes | None]:
    """Whether the old content can be brought back, and it; None is no file.

    Only where nothing else has changed in the file since, which now holds `raw`.
    """
    if digest_of(raw) != written.after:
        return False, None
    if written.before == NO_FILE:
        return True, None
    try:
        old = Path(written.backup).read_bytes()
    except OSError:
        return False, None
    return digest_of(old) == written.before, old


def remove_folders(written: Written) -> None:
    """Remove the folders that were made for a file, as far as nothing lies in them."""
    for folder in written.folders:
        try:
            os.rmdir(folder)  # noqa: PTH106  the path is text here
        except OSError:
            return


def _written(told: Mapping[str, Any]) -> Written:
    return Written(
        path=str(told["path"]),
        client=str(told["client"]),
        scope=str(told["scope"]),
        version=str(told["version"]),
        written_at=str(told["written_at"]),
        command=str(told["command"]),
        program=str(told["program"]),
        entries=tuple(map(str, told["entries"])),
        after=str(told["after"]),
        before=str(told["before"]),
        backup=str(told["backup"]),
        folders=tuple(map(str, told["folders"])),
    )
