"""`agentaudit key`: make, list and revoke API keys."""

import argparse
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from agentaudit_backend.commands.console import DONE, printable, say, say_json, with_store
from agentaudit_backend.commands.options import STORE, add_json, add_settings
from agentaudit_backend.failure import WrongLine
from agentaudit_backend.settings import Settings
from agentaudit_backend.store.roles import ROLES

if TYPE_CHECKING:  # what these import takes a second, and `--help` needs none of it
    from agentaudit_backend.store.keys import KeyRow
    from agentaudit_backend.store.store import Store

_MOST_DAYS = 36_500


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Give the verbs to the parser."""
    key = verbs.add_parser(
        "key",
        help="make, list and revoke API keys",
        description="Example: agentaudit key create --role ingest --name laptops.",
    )
    kinds = key.add_subparsers(required=True, metavar="VERB")
    create = kinds.add_parser(
        "create",
        help="make a key and print it, once",
        description="Example: agentaudit key create --role ingest --name laptops --days 365.",
    )
    create.add_argument("--role", choices=ROLES, default="ingest", help="default: %(default)s")
    create.add_argument("--name", default="", help="what or whom it is for")
    create.add_argument("--days", type=int, help="days until it expires; never, if not given")
    create.set_defaults(command=_create)
    listing = kinds.add_parser(
        "list",
        help="show all keys, without their secret part",
        description="Example: agentaudit key list --data-dir .data.",
    )
    listing.set_defaults(command=_list)
    revoke = kinds.add_parser(
        "revoke",
        help="refuse a key from now on",
        description="Example: agentaudit key revoke aa_live_9ybq9x.",
    )
    revoke.add_argument("key", help="its id or prefix, as `key list` shows them")
    revoke.set_defaults(command=_revoke)
    for verb in (create, listing, revoke):
        add_json(verb)
        add_settings(verb, STORE)


def _create(settings: Settings, chosen: argparse.Namespace) -> int:
    days: int | None = chosen.days
    if days is not None and not 1 <= days <= _MOST_DAYS:
        raise WrongLine(f"--days is 1 to {_MOST_DAYS}; without it the key never expires")
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)

    def create(store: "Store") -> int:
        key = store.create_key(
            store.default_organization(),
            role=chosen.role,
            name=chosen.name,
            expires_at=expires_at,
        )
        if chosen.json:
            say_json(key=key, role=chosen.role, name=chosen.name, expires_at=_iso(expires_at))
        else:
            say(key)
        return DONE

    return with_store(settings, create)


def _list(settings: Settings, chosen: argparse.Namespace) -> int:
    def show(store: "Store") -> int:
        keys = store.list_keys(store.default_organization())
        if chosen.json:
            say_json(keys=[_told(key) for key in keys])
            return DONE
        say(
            f"{'ID':>4}  {'PREFIX':<16} {'ROLE':<8} {'CREATED':<11} {'LAST USED':<11} "
            f"{'STATE':<11} NAME"
        )
        for key in keys:
            say(
                f"{key.id:>4}  {key.prefix:<16} {key.role:<8} {key.created_at:%Y-%m-%d}  "
                f"{_last_seen(key):<11} {_state(key):<11} {printable(key.name)}"
            )
        return DONE

    return with_store(settings, show)


def _revoke(settings: Settings, chosen: argparse.Namespace) -> int:
    def revoke(store: "Store") -> int:
        revoked = store.revoke_key(store.default_organization(), chosen.key)
        if not revoked:
            known = "`agentaudit key list` shows those that there are"
            raise LookupError(f"no key in force has the id or prefix {chosen.key!r}; {known}")
        if chosen.json:
            say_json(revoked=[_told(key) for key in revoked])
            return DONE
        for key in revoked:
            say(f"Revoked {key.prefix}… ({key.role}); servers refuse it within 2 seconds.")
        return DONE

    return with_store(settings, revoke)


def _told(key: "KeyRow") -> dict[str, object]:
    return {
        "id": key.id,
        "prefix": key.prefix,
        "role": key.role,
        "name": key.name,
        "state": _state(key),
        "created_at": _iso(key.created_at),
        "last_used_at": _iso(key.last_seen_at),
        "expires_at": _iso(key.expires_at),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _last_seen(key: "KeyRow") -> str:
    return f"{key.last_seen_at:%Y-%m-%d}" if key.last_seen_at else "never"


def _state(key: "KeyRow") -> str:
    if key.revoked_at:
        return "revoked"
    if key.expires_at and key.expires_at <= datetime.now(UTC):
        return "expired"
    return "in force"
