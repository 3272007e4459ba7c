"""`login`: keep the API key where only its user can read it, once the server has taken it."""

import argparse
import getpass
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from agentaudit_hook.asking import ask_server
from agentaudit_hook.commands.config import check_value, put_settings
from agentaudit_hook.commands.speech import CONFIGURATION, NOT_ALLOWED, UNREACHABLE, fail, remark
from agentaudit_hook.control import ask_relay
from agentaudit_hook.places import find_place
from agentaudit_hook.setting_checks import variable_of
from agentaudit_hook.settings import (
    MANAGED_PATH,
    BadSettings,
    Settings,
    config_path,
    file_settings,
    load_settings,
    shown_key,
)

if TYPE_CHECKING:
    from agentaudit_hook.commands.speech import Verbs

SERVER_AT_FAULT = 500
"""Statuses from here on are no word about the key."""


def add(verbs: "Verbs") -> None:
    """Give the verb to the parser."""
    sub = verbs.add_parser(
        "login",
        help="store the API key, after asking the server about it",
        description="Example: agentaudit-hook login --server https://audit.example. Asks for the "
        "key, or reads it from stdin: agentaudit-hook login < key.txt. It is kept in the config "
        "file, readable by you alone, and never stands in a command line or in agents' settings.",
    )
    sub.add_argument("--server", metavar="URL", help="the server's address, kept with the key")
    sub.add_argument(
        "--no-check", action="store_true", help="store it though the server cannot be asked"
    )
    sub.set_defaults(verb=_login)


def _login(chosen: argparse.Namespace) -> int:
    # the key that is stored may be for another server: it is not asked about
    env = {**os.environ, variable_of("api_key"): "unknown yet"}
    try:
        if chosen.server:
            check_value("base_url", chosen.server, "--server")
            env[variable_of("base_url")] = chosen.server
        settings = load_settings(env)
    except BadSettings as error:
        return fail(str(error), CONFIGURATION)
    try:
        key = _read_key(settings.base_url)
    except EOFError:
        key = ""
    if not (key.isascii() and key.isprintable() and key) or " " in key:
        return fail("that is no key: expected one line like aa_live_…", CONFIGURATION)
    settings = replace(settings, api_key=key)
    code = 0 if chosen.no_check else _checked(settings)
    if code:
        return code
    code = put_settings({**_server(settings.base_url), "api_key": key})
    if not code:
        _forget_policy()
        where = config_path(os.environ)
        remark(f"Key {shown_key(key)} for {settings.base_url} is kept in {where}")
    return code


def _server(base_url: str) -> dict[str, str]:
    """Where the key may go, to be kept beside it: it is sent nowhere else."""
    return {} if "base_url" in file_settings(MANAGED_PATH) else {"base_url": base_url}


def _forget_policy() -> None:
    """End the relay and its policy: this server's may count its versions anew."""
    place = find_place(os.environ)
    ask_relay(place, "stop")
    Path(place.state, "policy.json").unlink(missing_ok=True)


def _read_key(server: str) -> str:
    """From a person where one sits, else from stdin's first line."""
    if sys.stdin.isatty():
        return getpass.getpass(f"API key for {server} (it is not shown): ").strip()
    return sys.stdin.readline(4096).strip()


def _checked(settings: Settings) -> int:
    """Whether the server takes the key for what a hook does; gives the exit code."""
    policy = ask_server(settings, "/v1/hook/policy")
    if policy.status is None:
        hint = "The key was not stored; --no-check stores it all the same."
        return fail(f"{policy.trouble} {hint}", UNREACHABLE)
    if policy.status in (401, 403):
        return fail(
            f"{settings.base_url} refuses this key ({policy.status}): `agentaudit key list` on the "
            "server shows which are valid. Nothing was stored.",
            NOT_ALLOWED,
        )
    if policy.status >= SERVER_AT_FAULT:
        return fail(
            f"{settings.base_url} cannot look at the key just now ({policy.status}): try again in "
            "a moment; its log says why. Nothing was stored; --no-check stores it all the same.",
            UNREACHABLE,
        )
    if policy.trouble or not isinstance(policy.told, dict):
        what = policy.trouble or "it answers with something else"
        return fail(f"{settings.base_url} is no AgenticAudit server: {what}", UNREACHABLE)
    writing = ask_server(settings, "/v1/traces", body=b"")
    if writing.status == 403:
        return fail(
            f"{settings.base_url}: this key may read and not write; a hook needs one with role "
            "ingest. Nothing was stored.",
            NOT_ALLOWED,
        )
    if not ask_server(settings, "/v1/org/policy").trouble:
        remark(
            "Note: this is an administrator's key. For laptops make one that can only send, on "
            f"{settings.base_url}/dashboard/setup, or where the server runs: "
            "agentaudit key create --role ingest"
        )
    return 0
