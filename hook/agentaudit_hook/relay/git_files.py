"""Where a folder's git repository is, and what its files say: address, branch and commit.

No subprocess: a `git` costs milliseconds and reads configuration that may run programs. The files
belong to the project, so they may hold anything: each is opened without waiting, must be a regular
file, is read up to a limit, and counts only if it has the expected form.

Source: gitrepository-layout(5), gitglossary(7), git-check-ref-format(1), the description of
packed-refs in git-pack-refs(1).
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_SMALL_BYTES = 4096
MAX_CONFIG_BYTES = 256 * 1024
MAX_PACKED_BYTES = 8 * 1024 * 1024
MAX_LEVELS = 64
"""Folders looked at upwards, and remotes taken: more are no sensible set-up."""
MAX_REF_CHARS = 256
_MAX_SYMBOLIC = 5
_HASH_CHARS = (40, 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class GitFolder:
    """The git files of one work tree."""

    own: Path
    """Holds HEAD: `.git`, or below another one's for a linked work tree or a submodule."""
    common: Path
    """Holds config and branches; the same, but for a linked work tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is checked out."""

    ref: str | None
    """`refs/heads/main`; None for a commit without a branch."""
    revision: str | None
    """Commit, in hex; None before the first one."""


def find_git_folder(start: Path) -> GitFolder | None:
    """The repository that `start`, an absolute path, lies in."""
    for folder in [start, *start.parents][:MAX_LEVELS]:
        dot_git = folder / ".git"
        kind = _kind(dot_git)
        if kind is stat.S_IFREG:
            return _linked(dot_git)
        own = dot_git if kind is stat.S_IFDIR else folder
        if _looks_like_git(own):
            return _with_common(own)
    return None


def read_head(git: GitFolder) -> Head:
    """Branch and commit."""
    told = read_regular(git.own / "HEAD", MAX_SMALL_BYTES)
    if told is None:
        return Head(ref=None, revision=None)
    ref = _ref_in(told)
    return Head(ref=ref, revision=_resolve(git, ref) if ref else _hash_in(told))


def remote_urls(git: GitFolder) -> dict[str, str]:
    """Address by the name of the remote, as the config file has it: credentials included."""
    text = read_regular(git.common / "config", MAX_CONFIG_BYTES) or ""
    found: dict[str, str] = {}
    remote = None
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            kind, _, name = line[1:].partition("]")[0].partition(" ")
            remote = name.strip().strip('"') if kind.lower() == "remote" else None
        elif remote and line[:3].lower() == "url" and len(found) < MAX_LEVELS:
            key, _, value = line.partition("=")
            if key.strip().lower() == "url":
                found.setdefault(remote, value.strip().strip('"'))
    return found


def watched_files(git: GitFolder, head: Head) -> Iterator[Path]:
    """Files whose change can change the answers."""
    yield git.own / "HEAD"
    yield git.common / "config"
    if head.ref:
        yield git.common / head.ref
        yield git.common / "packed-refs"


def _linked(dot_git: Path) -> GitFolder | None:
    told = read_regular(dot_git, MAX_SMALL_BYTES) or ""
    marker, _, path = told.partition(":")
    if marker != "gitdir" or not path.strip() or "\0" in path:
        return None
    own = dot_git.parent / path.strip()
    return _with_common(own) if _looks_like_git(own, linked=True) else None


def _with_common(own: Path) -> GitFolder:
    told = (read_regular(own / "commondir", MAX_SMALL_BYTES) or "").strip()
    common = own / told if told and "\0" not in told else own
    return GitFolder(own=own, common=common)


def _looks_like_git(own: Path, *, linked: bool = False) -> bool:
    """As git itself decides it: HEAD, and where objects and branches are."""
    if _kind(own / "HEAD") is not stat.S_IFREG:
        return False
    return linked or _kind(own / "objects") is _kind(own / "refs") is stat.S_IFDIR


def _resolve(git: GitFolder, ref: str) -> str | None:
    for _ in range(_MAX_SYMBOLIC):
        told = read_regular(git.common / ref, MAX_SMALL_BYTES)
        if told is None:
            return _packed(git, ref)
        symbolic = _ref_in(told)
        if symbolic is None:
            return _hash_in(told)
        ref = symbolic
    return None


def _packed(git: GitFolder, ref: str) -> str | None:
    told = read_regular(git.common / "packed-refs", MAX_PACKED_BYTES) or ""
    end = told.find(f" {ref}\n")
    return _hash_in(told[told.rfind("\n", 0, end) + 1 : end]) if end >= 0 else None


def _ref_in(told: str) -> str | None:
    """The reference that a HEAD or a symbolic reference names, if git could have written it."""
    if not told.startswith("ref:"):
        return None
    ref = told[4:].strip()
    whole = ref.startswith("refs/") and len(ref) <= MAX_REF_CHARS and ref.isprintable()
    parts = ref.split("/")
    usual = all(part and not part.startswith(".") and ".." not in part for part in parts)
    return ref if whole and usual and " " not in ref else None


def _hash_in(told: str) -> str | None:
    text = told.strip()
    is_hash = len(text) in _HASH_CHARS and all(sign in "0123456789abcdef" for sign in text)
    return text if is_hash else None


_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def _kind(path: Path) -> int | None:
    try:
        mode = stat.S_IFMT(path.stat().st_mode)
    except (OSError, ValueError):
        return None
    return next((kind for kind in (stat.S_IFREG, stat.S_IFDIR) if kind == mode), None)


def read_regular(path: Path, limit: int) -> str | None:
    """A regular file's text; None for what is none, or longer: half of it could mislead."""
    try:
        # without O_NONBLOCK, a FIFO of that name would hold the relay up for ever
        file = os.open(path, os.O_RDONLY | _NO_WAIT)
    except (OSError, ValueError):
        return None
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_size > limit:
            return None
        return os.read(file, limit).decode("utf-8", "replace")
    except OSError:
        return None
    finally:
        os.close(file)
