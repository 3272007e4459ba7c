"""`config`: read a setting, change one, tell where it comes from."""

import argparse
import json
import os
from typing import TYPE_CHECKING

from agentaudit_hook.commands.speech import CONFIGURATION, NOT_ALLOWED, fail, remark, say
from agentaudit_hook.config_file import set_value
from agentaudit_hook.setting_checks import variable_of
from agentaudit_hook.settings import (
    DEFAULT_ORIGIN,
    MANAGED_PATH,
    BadSettings,
    Settings,
    checked,
    config_path,
    file_settings,
    settings_and_origins,
    shown_key,
)

if TYPE_CHECKING:
    from agentaudit_hook.commands.speech import Verbs

NAMES = tuple(Settings.__dataclass_fields__)
KEY = "api_key"


def add(verbs: "Verbs") -> None:
    """Give the verb to the parser."""
    sub = verbs.add_parser(
        "config",
        help="read or change a setting",
        description="Example: agentaudit-hook config get --show-origin. What an administrator "
        f"says in {MANAGED_PATH} comes first, then AGENTAUDIT_* variables, then the user's file, "
        "then the default. Nothing is read from a repository.",
    )
    kinds = sub.add_subparsers(metavar="get|set|path", required=True)
    get = kinds.add_parser(
        "get",
        help="print a setting, or all of them",
        description="Example: agentaudit-hook config get base_url.",
    )
    get.add_argument("name", nargs="?", metavar="NAME", help=", ".join(NAMES))
    get.add_argument("--show-origin", action="store_true", help="also where each comes from")
    get.add_argument("--json", action="store_true", help="as JSON")
    get.set_defaults(verb=_get)
    put = kinds.add_parser(
        "set",
        help="write a setting into the user's file",
        description="Example: agentaudit-hook config set user_email ann@example.com.",
    )
    put.add_argument("name", metavar="NAME", help=", ".join(NAMES))
    put.add_argument("value", metavar="VALUE")
    put.set_defaults(verb=_set)
    path = kinds.add_parser(
        "path",
        help="print where the user's file is",
        description="Example: agentaudit-hook config path.",
    )
    path.set_defaults(verb=_path)


def put_settings(changes: dict[str, str]) -> int:
    """Write settings into the user's file; gives the exit code, and says what stands above it."""
    path = config_path(os.environ)
    try:
        decided = file_settings(MANAGED_PATH)
        for name, value in changes.items():
            if name in decided:
                what = f"{name} is decided by {MANAGED_PATH}; ask an administrator"
                return fail(what, NOT_ALLOWED)
            check_value(name, value, "as given")
            set_value(path, name, value)
    except BadSettings as error:
        return fail(str(error), CONFIGURATION)
    except OSError as error:
        return fail(f"{path} cannot be written: {error}")
    for name in changes:
        if os.environ.get(variable_of(name), "").strip():
            remark(f"Note: {variable_of(name)} is set here, and comes before the file.")
    return 0


def check_value(name: str, value: str, origin: str) -> None:
    """Raise BadSettings, which names `origin`, unless `value` can be used."""
    checked(Settings(**{name: value}), dict.fromkeys(NAMES, DEFAULT_ORIGIN) | {name: origin})


def _get(chosen: argparse.Namespace) -> int:
    if chosen.name is not None and chosen.name not in NAMES:
        return _unknown(chosen.name)
    try:
        settings, origins = settings_and_origins(os.environ)
    except BadSettings as error:
        return fail(str(error), CONFIGURATION)
    values = {name: getattr(settings, name) for name in NAMES}
    values[KEY] = shown_key(values[KEY])
    wanted = {chosen.name: values[chosen.name]} if chosen.name else values
    if chosen.json:
        told = {name: {"value": value, "origin": origins[name]} for name, value in wanted.items()}
        say(json.dumps({"format": 1, "settings": told}, ensure_ascii=False))
        return 0
    for name, value in wanted.items():
        text = value if chosen.name else f"{name} = {json.dumps(value, ensure_ascii=False)}"
        say(f"{text}\t{origins[name]}" if chosen.show_origin else text)
    return 0


def _set(chosen: argparse.Namespace) -> int:
    if chosen.name not in NAMES:
        return _unknown(chosen.name)
    if chosen.name == KEY:
        what = "a key on the command line is seen by every process; use `agentaudit-hook login`"
        return fail(what, NOT_ALLOWED)
    code = put_settings({chosen.name: chosen.value})
    if not code:
        remark(f"Wrote {chosen.name} to {config_path(os.environ)}")
    return code


def _path(_: argparse.Namespace) -> int:
    say(str(config_path(os.environ)))
    return 0


def _unknown(name: str) -> int:
    return fail(f"there is no setting {name}; there are {', '.join(NAMES)}", CONFIGURATION)
