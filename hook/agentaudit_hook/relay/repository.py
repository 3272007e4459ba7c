"""Which repository, branch and commit a folder is of, in the names of OTel's conventions.

Known answers are kept per folder while the few files that they come from stay as they are.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from agentaudit_hook.relay.git_files import (
    GitFolder,
    Head,
    find_git_folder,
    read_head,
    remote_urls,
    watched_files,
)
from agentaudit_processor import attributes as names

SEARCH_AGAIN_SECONDS = 30.0
"""A `git init` further down is noticed after this time."""
MAX_FOLDERS = 256
_MAX_URL_CHARS = 1024
_BRANCHES = "refs/heads/"
_TAGS = "refs/tags/"

Stamp = tuple[int, int, int] | None
Said = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    said: Said
    watched: tuple[tuple[Path, Stamp], ...]
    found_at: float


class Repositories:
    """Asks each folder's repository; safe for several threads, and never fails."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def of(self, folder: str) -> Said:
        """Attributes by name; empty outside a repository."""
        if "\0" in folder or not Path(folder).is_absolute():
            return {}
        with self._lock:
            known = self._known.get(folder)
        if known is None or not self._holds(known):
            known = self._look(folder)
            with self._lock:
                if len(self._known) >= MAX_FOLDERS:
                    self._known.clear()
                self._known[folder] = known
        return known.said

    def _holds(self, known: _Known) -> bool:
        if self._clock() - known.found_at > SEARCH_AGAIN_SECONDS:
            return False
        return all(_stamp(path) == stamp for path, stamp in known.watched)

    def _look(self, folder: str) -> _Known:
        found_at, git = self._clock(), find_git_folder(Path(folder))
        if git is None:
            return _Known(said={}, watched=(), found_at=found_at)
        head = read_head(git)
        # stamped before the files are read again: a change in between is seen the next time
        watched = _stamped(watched_files(git, head))
        return _Known(said=_said(git, read_head(git)), watched=watched, found_at=found_at)


def canonical_url(told: str) -> str | None:
    """The address for a browser, without credentials, query and `.git`; None if there is none.

    `git@example.com:shop/api.git` and `ssh://git@example.com:2222/shop/api` are
    `https://example.com/shop/api`.
    """
    if not told.isprintable() or " " in told or len(told) > _MAX_URL_CHARS:
        return None
    if "://" not in told:
        host, colon, path = told.partition(":")
        if not colon or "/" in host or path.startswith(":"):
            return None  # a folder of this machine, or a program that fetches
        told = f"ssh://{host}/{path}"
    try:
        parts = urlsplit(told)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if not host or parts.scheme not in ("https", "http", "ssh", "git", "git+ssh"):
        return None
    is_web = parts.scheme in ("https", "http")
    where = f"[{host}]" if ":" in host else host
    where += f":{port}" if is_web and port else ""
    path = parts.path.strip("/").removesuffix(".git")
    return f"{parts.scheme if is_web else 'https'}://{where}/{path}"


def _said(git: GitFolder, head: Head) -> Said:
    remotes = remote_urls(git)
    url = canonical_url(remotes.get("origin") or next(iter(remotes.values()), ""))
    ref = head.ref or ""
    kind = "branch" if ref.startswith(_BRANCHES) else "tag" if ref.startswith(_TAGS) else ""
    told = {
        names.VCS_REPOSITORY_URL: url or "",
        names.VCS_REPOSITORY_NAME: url.rpartition("/")[2] if url else "",
        names.VCS_REF_NAME: ref.removeprefix(_BRANCHES).removeprefix(_TAGS),
        names.VCS_REF_TYPE: kind,
        names.VCS_REF_REVISION: head.revision or "",
    }
    return {name: value for name, value in told.items() if value}


def _stamped(paths: Iterable[Path]) -> tuple[tuple[Path, Stamp], ...]:
    return tuple((path, _stamp(path)) for path in paths)


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
