"""One settings file that `install` or `uninstall` is about to change: what, shown, and done."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from agentaudit_hook import __version__
from agentaudit_hook.installing.clients import CLAUDE_CODE, Client
from agentaudit_hook.installing.drift import entries_of
from agentaudit_hook.installing.entries import (
    Wanted,
    diff,
    is_useless,
    program_of,
    registered,
    with_hooks,
    without_hooks,
)
from agentaudit_hook.installing.fail_mode import claude_code_version, is_closed
from agentaudit_hook.installing.json_text import JsonText
from agentaudit_hook.installing.manifest import (
    NO_FILE,
    Written,
    check_notable,
    digest_of,
    known_of,
    note_written,
    original_of,
    read_manifest,
    remove_folders,
)
from agentaudit_hook.installing.settings_file import (
    BadFile,
    SettingsFile,
    read_settings_file,
    replace_settings,
)
from agentaudit_hook.installing.summary import summary_of
from agentaudit_hook.launcher import launcher_path, write_launcher
from agentaudit_hook.places import state_root

_MODE_OF_SCOPE = {"project": 0o644, "managed": 0o644}
"""Of a file that was not there; others read these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a settings file holds, and what it is to hold."""

    client: Client
    scope: str
    file: SettingsFile
    after: bytes | None
    """None: no file."""
    known: Written | None
    """What `install` left there the last time."""
    written: Written | None = None
    """What is noted once it is done; `uninstall` notes nothing."""
    restores: bool = False
    """The old bytes come back: what goes is what `install` wrote, and needs no backup."""

    @property
    def is_nothing(self) -> bool:
        """Whether the file stays as it is."""
        return self.after == self.file.raw

    @property
    def diff(self) -> str:
        """Unified diff for a person to look at."""
        return diff(self.file.text, (self.after or b"").decode("utf-8"), self.file.path)

    @property
    def summary(self) -> str:
        """What it does, in a line."""
        if self.after is None:
            return summary_of(self, None)
        text = self.after.decode("utf-8").removeprefix("\ufeff")
        json = JsonText(text if text.strip() else "{}", comments=self.client.comments)
        return summary_of(self, json.value)

    def make(self, env: Mapping[str, str]) -> Path | None:
        """Write it unless it stands so already, note it, and give the path of a backup made.

        Raises:
            BadFile: somebody else changes the file at this moment; nothing was written.
            OSError: not writable, there or where it is noted; the old file is as it was.
        """
        check_notable(env)
        written, launcher = self.written, launcher_path(state_root(dict(env)))
        if written is not None and written.command == str(launcher):
            write_launcher(launcher)
            written = replace(written, program=digest_of(launcher.read_bytes()))
        if written is not None and (folders := _missing_folders(self.file.target)):
            written = replace(written, folders=folders)
        backup = None if self.is_nothing else self._write()
        if written is not None and written.before == digest_of(self.file.raw) and backup:
            written = replace(written, backup=str(backup))
        try:
            note_written(env, self.file, written)
        except (OSError, BadFile):
            self._take_back(backup, written)
            raise
        self._tidy(env)
        return backup

    def _write(self) -> Path | None:
        return replace_settings(
            self.file,
            self.after,
            new_mode=_MODE_OF_SCOPE.get(self.scope, 0o600),
            back_up=not (self.restores or self._is_as_we_left_it),
            spare=self._spare,
        )

    @property
    def _is_as_we_left_it(self) -> bool:
        """What is brought up to date is our own work alone, and the bytes before it are kept."""
        known = self.known
        return known is not None and bool(known.before) and known.after == digest_of(self.file.raw)

    @property
    def _spare(self) -> Path | None:
        """The backup by which the old bytes can be brought back."""
        return Path(self.known.backup) if self.known and self.known.backup else None

    def _take_back(self, backup: Path | None, written: Written | None) -> None:
        """Bring the old file back, as far as nobody else has changed it since."""
        if self.is_nothing:
            return
        now = read_settings_file(self.file.path, comments=self.client.comments)
        if now.raw == self.after:
            replace_settings(now, self.file.raw, back_up=False)
        if backup is not None:
            backup.unlink(missing_ok=True)
        if self.file.raw is None and written is not None:
            remove_folders(written)

    def _tidy(self, env: Mapping[str, str]) -> None:
        """Remove what is of no use any more: launcher, backup, folders."""
        launcher = launcher_path(state_root(dict(env)))
        if self.written is None and str(launcher) not in _programs(env):
            launcher.unlink(missing_ok=True)
        if self._spare is not None and self.restores:
            self._spare.unlink(missing_ok=True)
        if self.known is not None and self.after is None:
            remove_folders(self.known)


def installing(env: Mapping[str, str], path: Path, scope: str, wanted: Wanted) -> Change:
    """What `install` would do to the settings at `path`.

    Raises:
        BadFile: it is not what the agent writes, or a link to where nothing can be written.
    """
    file = read_settings_file(path, comments=wanted.client.comments)
    if path.is_symlink() and not file.target.parent.is_dir():
        raise BadFile(
            f"{path} is a link to {file.target}, and there is no {file.target.parent}: make that "
            "folder or take the link away, then try again"
        )
    known = known_of(env, file)
    with _naming(path):
        hooked = with_hooks(file.json, wanted)
    is_same = file.raw is not None and hooked.text == file.json.text
    after = file.raw if is_same else file.encoded(hooked)
    return Change(
        client=wanted.client,
        scope=scope,
        file=file,
        after=after,
        known=known,
        written=_noted(wanted, scope, file=file, known=known, hooked=hooked, after=after),
    )


def wanted_of(env: Mapping[str, str], client: Client, scope: str, *, closed: bool) -> Wanted:
    """What this very program would install for an agent."""
    is_asked = closed and client is CLAUDE_CODE
    return Wanted(
        client=client,
        command=program_of(env, scope),
        fail_closed=closed,
        version=claude_code_version() if is_asked else None,
    )


def fails_closed(env: Mapping[str, str], path: Path, client: Client) -> bool:
    """Whether the hooks at `path` fail closed, or did as `install` left them."""
    try:
        file = read_settings_file(path, comments=client.comments)
    except BadFile:
        return False
    known = known_of(env, file)
    entries = [one.entry for one in registered(file.settings)]
    entries += [json.loads(one)["entry"] for one in known.entries] if known else []
    return any(map(is_closed, entries))


def uninstalling(env: Mapping[str, str], path: Path, client: Client, scope: str) -> Change | None:
    """What `uninstall` would do to the settings at `path`; None if nothing of ours is there.

    Raises:
        BadFile: it is not what the agent writes.
    """
    file = read_settings_file(path, comments=client.comments)
    known = known_of(env, file)
    if not (registered(file.settings) or known):
        return None
    if file.raw is None:  # somebody has deleted it: it is forgotten
        return Change(client=client, scope=scope, file=file, after=None, known=known)
    is_known, after = original_of(known, file.raw) if known else (False, None)
    if not is_known:
        with _naming(path):
            rest = without_hooks(file.json)
        is_ours_alone = known is not None and known.before == NO_FILE and rest.value == {}
        is_over = is_ours_alone or is_useless(rest.value, client)
        after = None if is_over else file.encoded(rest)
    return Change(
        client=client, scope=scope, file=file, after=after, known=known, restores=is_known
    )


def _noted(
    wanted: Wanted,
    scope: str,
    *,
    file: SettingsFile,
    known: Written | None,
    hooked: JsonText,
    after: bytes | None,
) -> Written:
    """What the manifest will say. The oldest content is kept while nobody else writes."""
    fresh = Written(
        path=str(file.path),
        client=wanted.client.name,
        scope=scope,
        version=__version__,
        written_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        command=wanted.command,
        entries=entries_of(hooked.value),
        after=digest_of(after),
    )
    if known is not None and known.after == digest_of(file.raw):
        return replace(fresh, before=known.before, backup=known.backup, folders=known.folders)
    if registered(file.settings):  # written by hand: what stood before them nobody knows
        return fresh
    return replace(fresh, before=digest_of(file.raw))


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Say of which file it is that something is wrong."""
    try:
        yield
    except BadFile as error:
        raise BadFile(f"{path}: {error}; mend it, then try again") from error


def _programs(env: Mapping[str, str]) -> set[str]:
    """What the entries that are still installed call."""
    return {one.command for one in read_manifest(env).values()}


def _missing_folders(target: Path) -> tuple[str, ...]:
    return tuple(str(folder) for folder in target.parents if not folder.exists())
