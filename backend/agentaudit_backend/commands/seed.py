"""`agentaudit seed`: demonstration data to look around with, and its removal."""

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agentaudit_backend.commands.console import DONE, FAILED, remark, say, with_store
from agentaudit_backend.commands.options import STORE, add_settings
from agentaudit_backend.failure import WrongLine
from agentaudit_backend.settings import Settings

if TYPE_CHECKING:  # what it imports takes a second, and `--help` needs none of it
    from agentaudit_backend.store.store import Store

_EVENTS, _DAYS, _SEED = 5000, 30, 7
_MOST_DAYS = 3650


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Give the verb to the parser."""
    seed = verbs.add_parser(
        "seed",
        help="add demonstration data, or remove it",
        description="Example: agentaudit seed --events 2000 --data-dir .data. Add sessions of a "
        "team that does not exist, judged and stored like real ones and marked DEMO on every page. "
        "A database with events of real agents is left alone.",
    )
    seed.add_argument("--events", type=int, default=_EVENTS, help=f"how many; default: {_EVENTS}")
    seed.add_argument("--days", type=int, default=_DAYS, help=f"until now; default: {_DAYS}")
    seed.add_argument("--seed", type=int, default=_SEED, help="another number: other sessions")
    seed.add_argument("--force", action="store_true", help="also beside events of real agents")
    seed.add_argument("--remove", action="store_true", help="remove all demonstration data")
    add_settings(seed, (*STORE, "packs_dir"))
    seed.set_defaults(command=_seed)


def _seed(settings: Settings, chosen: argparse.Namespace) -> int:
    if chosen.events < 1 or not 1 <= chosen.days <= _MOST_DAYS:
        raise WrongLine(f"--events is 1 or more, --days is 1 to {_MOST_DAYS}")

    def run(store: "Store") -> int:
        key = store.first_start()
        if key:
            say(f"Default API key: {key}")
        return _remove(store) if chosen.remove else _add(store, settings, chosen)

    return with_store(settings, run, creates=not chosen.remove)


def _add(store: "Store", settings: Settings, chosen: argparse.Namespace) -> int:
    from agentaudit_backend.demo.seeding import NotEmpty, seed  # noqa: PLC0415
    from agentaudit_backend.judging import load_judge  # noqa: PLC0415

    try:
        written = seed(
            store,
            load_judge(settings),
            store.default_organization(),
            events=chosen.events,
            days=chosen.days,
            seed=chosen.seed,
            now=datetime.now(UTC).replace(microsecond=0),
            force=chosen.force,
            progress=lambda count: remark(f"{count:,} of {chosen.events:,} events"),
        )
    except NotEmpty as problem:
        remark(f"agentaudit: {problem}; --force adds demonstration data beside them")
        return FAILED
    say(f"Added {written:,} demonstration events over {chosen.days} days")
    return DONE


def _remove(store: "Store") -> int:
    removed = store.remove_demo(store.default_organization())
    say(f"Removed {removed:,} demonstration events; their ledger entries stay, without names")
    return DONE
