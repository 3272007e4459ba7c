"""`agentaudit retention`: remove what is older than the policy keeps, now."""

import argparse
import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agentaudit_backend.commands.console import DONE, say, say_json, with_store
from agentaudit_backend.commands.options import STORE, add_json, add_settings
from agentaudit_backend.settings import Settings

if TYPE_CHECKING:  # what it imports takes a second, and `--help` needs none of it
    from agentaudit_backend.store.store import Store


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Give the verb to the parser."""
    retention = verbs.add_parser(
        "retention",
        help="remove what is older than the policy keeps",
        description="Example: agentaudit retention --dry-run. Remove events, and the content of "
        "events, that are older than the policy keeps them. A server does so once a day by itself.",
    )
    retention.add_argument("--dry-run", action="store_true", help="only count what would go")
    add_json(retention)
    add_settings(retention, (*STORE, "packs_dir"))
    retention.set_defaults(command=_retention)


def _retention(settings: Settings, chosen: argparse.Namespace) -> int:
    from agentaudit_backend.housekeeping import retain  # noqa: PLC0415
    from agentaudit_backend.judging import load_judge  # noqa: PLC0415

    now = datetime.now(UTC)

    def run(store: "Store") -> int:
        if chosen.dry_run:
            purged, went = store.purge(store.default_organization(), now, dry_run=True), "Would go"
        else:
            author = f"agentaudit retention, {getpass.getuser()}"
            purged, went = retain(store, load_judge(settings), now, author=author), "Removed"
        if chosen.json:
            say_json(
                dry_run=chosen.dry_run,
                contents=purged.contents,
                contents_before=_iso(purged.content_before),
                events=purged.events,
                events_before=_iso(purged.events_before),
                held=purged.held,
            )
            return DONE
        say(f"{went}: {purged.contents:,} contents of events from {_before(purged.content_before)}")
        say(f"{went}: {purged.events:,} events from {_before(purged.events_before)}")
        say(f"Held: {purged.held:,} events that were due")
        return DONE

    return with_store(settings, run)


def _before(at: datetime | None) -> str:
    return f"before {_iso(at)}" if at else "no time: they are kept for ever"


def _iso(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%dT%H:%MZ}" if at else None
