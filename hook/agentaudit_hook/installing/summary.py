"""What a change does to a settings file, in the one line that a person reads before the diff."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from agentaudit_hook.installing.drift import entries_of

if TYPE_CHECKING:
    from agentaudit_hook.installing.change import Change


def summary_of(change: "Change", after: dict[str, object] | None) -> str:
    """`Adds 13 entries, one at each of 13 events, to FILE; all else in it stays.`

    Args:
        change: what is about to be done.
        after: what the file will say; None for no file.
    """
    path = change.file.path
    if after is None:
        return f"Deletes {path}, which holds nothing but these hooks."
    if change.restores:
        return f"Brings {path} back, byte for byte as it was before install."
    before = () if change.file.raw is None else entries_of(change.file.settings)
    parts = list(_parts(before, entries_of(after)))
    if not parts:
        return f"Changes {path} without a change of its hooks."
    what = f"{', '.join(parts)}: {path}"
    made = change.file.raw is None
    return f"{what}{_linked(change)}, a new file." if made else f"{what}. All else in it stays."


def _parts(before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[str]:
    gone = [_event(one) for one in before if one not in after]
    new = [_event(one) for one in after if one not in before]
    changed = [event for event in new if event in gone]
    for verb, events in (
        ("Adds", [event for event in new if event not in changed]),
        ("Changes", changed),
        ("Takes out", [event for event in gone if event not in changed]),
    ):
        if events:
            yield f"{verb} {_counted(len(events), 'entry', 'entries')} at {_events(events)}"


def _events(events: list[str]) -> str:
    names = list(dict.fromkeys(events))
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} events"


def _counted(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def _linked(change: "Change") -> str:
    """Where a link leads that has no file yet."""
    file = change.file
    return f" (a link to {file.target})" if file.path.is_symlink() else ""


def _event(entry: str) -> str:
    event: str = json.loads(entry)["event"]
    return event
