"""`agentaudit seed`: demonstration data to look around with, and its removal."""

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agentaudit_backend.commands.console import DONE, remark, say, with_store
from agentaudit_backend.commands.options import STORE, add_settings
from agentaudit_backend.failure import NotAllowed, WrongLine
from agentaudit_backend.settings import Settings

if TYPE_CHECKING:  # what it imports takes a second, and `--help` needs none of it
    from agentaudit_backend.store.store import Store

_EVENTS, _DAYS, _SEED = 5000, 30, 7
_MOST_EVENTS, _MOST_DAYS = 100_000_000, 3650


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Give the verb to the parser."""
    seed = verbs.add_parser(
        "seed",
        help="add demonstration data, or remove it",
        description="Example: agentaudit seed --events 2000 --data-dir .data. Add sessions of a "
        "team that does not exist, judged and stored like real ones and marked DEMO on every page. "
        "A database with events of real agents is left alone.",
    )
    add_amounts(seed)
    seed.add_argument("--force", action="store_true", help="also beside events of real agents")
    seed.add_argument("--remove", action="store_true", help="remove all demonstration data")
    add_settings(seed, (*STORE, "packs_dir"))
    seed.set_defaults(command=_seed)


def add_amounts(verb: argparse.ArgumentParser) -> None:
    """Give the verb the options that `check_amounts` checks and `add_demo` reads."""
    verb.add_argument("--events", type=int, default=_EVENTS, help=f"how many; default: {_EVENTS}")
    verb.add_argument("--days", type=int, default=_DAYS, help=f"until now; default: {_DAYS}")
    verb.add_argument("--seed", type=int, default=_SEED, help="another number: other sessions")


def check_amounts(chosen: argparse.Namespace) -> None:
    """Refuse what cannot be made.

    Raises:
        WrongLine: too few or too many.
    """
    if not (1 <= chosen.events <= _MOST_EVENTS and 1 <= chosen.days <= _MOST_DAYS):
        raise WrongLine(f"--events is 1 to {_MOST_EVENTS}, --days is 1 to {_MOST_DAYS}")


def _seed(settings: Settings, chosen: argparse.Namespace) -> int:
    check_amounts(chosen)

    def run(store: "Store") -> int:
        key = store.first_start()
        if key:
            say(f"Default API key: {key}")
        if chosen.remove:
            return _remove(store)
        add_demo(store, settings, chosen, force=chosen.force)
        return DONE

    return with_store(settings, run, creates=not chosen.remove)


def add_demo(
    store: "Store", settings: Settings, chosen: argparse.Namespace, *, force: bool = False
) -> None:
    """Write as many sessions as `chosen` says, and say so.

    Raises:
        NotAllowed: there are Events of real agents, and no `force`.
    """
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
            force=force,
            progress=lambda count: remark(f"{count:,} of {chosen.events:,} events"),
        )
    except NotEmpty as problem:
        raise NotAllowed(f"{problem}; --force adds demonstration data beside them") from None
    say(f"Added {written:,} demonstration events over {chosen.days} days")


def _remove(store: "Store") -> int:
    removed = store.remove_demo(store.default_organization())
    say(f"Removed {removed:,} demonstration events; their ledger entries stay, without names")
    return DONE
