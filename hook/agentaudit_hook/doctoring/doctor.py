"""Look at everything that recording needs, and say what to do about what is wrong.

One cause is told once: what follows from a check that failed is skipped.
"""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agentaudit_hook import __version__
from agentaudit_hook.control import ask_or_start, ask_relay
from agentaudit_hook.doctoring.agent_checks import check_agents, settings_of
from agentaudit_hook.doctoring.canary import fly
from agentaudit_hook.doctoring.checks import FAIL, PASS, SKIP, WARN, Check, Fix
from agentaudit_hook.doctoring.local_checks import check_drift, check_fail_mode, check_private
from agentaudit_hook.doctoring.server_checks import KEY, OTLP, SERVER, check_server
from agentaudit_hook.installing.clients import CLIENTS
from agentaudit_hook.installing.entries import hook_command, registered
from agentaudit_hook.installing.fail_mode import policy_is_closed
from agentaudit_hook.installing.settings_file import BadFile
from agentaudit_hook.places import Place
from agentaudit_hook.relay.trouble import told_once
from agentaudit_hook.settings import BadSettings, Settings, config_path, load_settings

Env = Mapping[str, str]
POLICY_SECONDS = 8.0
_FOLLOWS_FROM = {"policy": (SERVER, KEY), "export": (SERVER, KEY, OTLP)}
"""Part of the relay → checks whose failure explains its trouble."""


def examine(env: Env, place: Place | None, cwd: Path) -> Iterator[Check]:
    """All checks, each as soon as it is known. May start a relay, and sends a canary."""
    yield from check_private(env)
    closed = place is not None and policy_is_closed(Path(place.state))
    drift = list(check_drift(env, closed))
    yield from drift
    yield from check_agents(env, cwd, closed=closed, is_drift_told=bool(drift))
    yield from check_fail_mode(env, cwd, closed)
    try:
        settings = load_settings(env)
    except BadSettings as error:
        remedy = f"Mend it in the environment or {config_path(env)}."
        yield Check(FAIL, f"settings: {error}", remedy, "settings")
        return
    if place is None:
        remedy = "Set XDG_STATE_HOME to a writable folder."
        yield Check(FAIL, "state folder: not writable", remedy, "state")
        return
    yield Check(PASS, f"state folder: {place.state}", name="state")
    server = list(check_server(settings))
    yield from server
    failed = {check.name for check in server if check.state != PASS}
    relay = list(_check_relay(place, failed))
    yield from relay
    failed |= {check.name for check in relay if check.state == FAIL}
    canary = _check_canary(env, cwd, settings, place, failed)
    yield canary
    # After the canary, which waits until what came before it is delivered.
    yield from _check_spool(place, is_explained=canary.state != PASS)


def _check_relay(place: Place, failed: set[str]) -> Iterator[Check]:
    told = ask_or_start(place, "flush")
    if told is None:
        yield Check(FAIL, "relay: does not start", f"Look at {place.log}.", "relay")
        return
    yield _relay(place, told)
    if not failed:  # it has only just started, or an administrator has just changed it
        told = ask_relay(place, "policy", timeout=POLICY_SECONDS) or told
    yield _policy(told)
    problems = {
        part: sentence
        for part, sentence in told["problems"].items()
        if not failed.intersection(_FOLLOWS_FROM.get(part, ()))
    }
    for part, sentence in told_once(problems).items():
        yield Check(FAIL, f"{part}: in trouble", sentence, part)


def _relay(place: Place, told: Mapping[str, Any]) -> Check:
    what = f"relay: version {told['version']}, pid {told['pid']}"
    if told["version"] == __version__:
        return Check(PASS, what, name="relay")
    return Check(
        WARN,
        f"{what}; installed is {__version__}",
        "The next call of an agent replaces it.",
        "relay",
        Fix("end the old relay", lambda: ask_relay(place, "stop")),
    )


def _policy(told: Mapping[str, Any]) -> Check:
    blocks = told["blocks_from"]
    mode = f"blocks from {blocks}" if blocks else "blocks nothing"
    if not told["policy_fetched_ns"]:
        if told["on_failure"] == "closed":
            mode = f"{mode} but what the server has not acknowledged"
        what = f"policy: none fetched yet; until then all is recorded, and the hook {mode}"
        return Check(SKIP, what, "It comes with the server and the key.", "policy")
    version, level = told["policy_version"], told["logging_level"]
    return Check(PASS, f"policy: version {version}, logging {level}, {mode}", name="policy")


def _check_spool(place: Place, *, is_explained: bool) -> Iterator[Check]:
    told = ask_relay(place, "status")
    if told is None:  # said above
        return
    what = f"spool: {told['pending']} records wait to be sent"
    if told["pending"] and not is_explained:
        yield Check(WARN, what, "They are being sent; look again in a moment.", "spool")
    else:
        yield Check(PASS, what, name="spool")
    inbox = len(list(Path(place.inbox).glob("*.frame")))
    if inbox:
        what = f"inbox: {inbox} calls wait for the relay"
        yield Check(WARN, what, f"Look at {place.log}.", "inbox")


def _check_canary(env: Env, cwd: Path, settings: Settings, place: Place, failed: set[str]) -> Check:
    name = "canary"
    if failed:
        return Check(SKIP, "canary: not sent", "First mend what failed above.", name)
    flight = fly(_program(env, cwd), settings, place, env)
    if flight.trouble:
        return Check(FAIL, f"canary: {flight.trouble}", flight.remedy, name)
    way = "hook → relay → server → stored → verdict"
    verdict = f"{flight.risk_level}, {flight.decision}"
    return Check(PASS, f"canary: {way} ({verdict}) in {flight.seconds:.2f} s", name=name)


def _program(env: Env, cwd: Path) -> str:
    """The program that an agent would call: that of its entries, else this one."""
    for client in CLIENTS.values():
        try:
            every = settings_of(client, env, cwd)
        except BadFile:  # told by its own check
            continue
        for _, settings in every.values():
            for one in registered(settings):
                command = str(one.entry.get("command", one.entry.get("bash")))
                program = shlex.split(command)[0]
                if program.startswith("/"):
                    return program
    return hook_command()
