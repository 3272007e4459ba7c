"""Look at everything that recording needs, and say what to do about what is wrong."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request

from agentaudit_hook.agent_checks import check_agents
from agentaudit_hook.checks import FAIL, PASS, WARN, Check
from agentaudit_hook.control import ask_or_start
from agentaudit_hook.network import opener_of
from agentaudit_hook.places import Place
from agentaudit_hook.relay.trouble import of_http_status, of_silence
from agentaudit_hook.settings import BadSettings, Settings, config_path, load_settings

TIMEOUT_SECONDS = 5.0


def examine(env: Mapping[str, str], place: Place | None, cwd: Path) -> Iterator[Check]:
    """All checks, each as soon as it is known. May start a relay."""
    try:
        settings = load_settings(env)
    except BadSettings as error:
        yield Check(
            FAIL, f"settings: {error}", f"Mend it in the environment or {config_path(env)}."
        )
        return
    yield from _check_settings(settings)
    yield from check_agents(env, cwd)
    if place is None:
        yield Check(FAIL, "state folder: not writable", "Set XDG_STATE_HOME to a writable folder.")
        return
    yield Check(PASS, f"state folder: {place.state}")
    yield _check_server(settings)
    if settings.api_key:
        yield _check_key(settings)
        yield _check_otlp(settings)
    yield from _check_relay(place)


def _check_settings(settings: Settings) -> Iterator[Check]:
    yield Check(PASS, f"server: {settings.base_url}")
    if settings.otlp_endpoint:
        where = f"{settings.otlp_endpoint} ({settings.otlp_protocol})"
        yield Check(PASS, f"OTLP endpoint: {where}")
    if settings.api_key:
        yield Check(PASS, f"API key: {settings.api_key[:12]}…")
    else:
        yield Check(
            FAIL, "API key: none", "Set AGENTAUDIT_API_KEY; the server's first start prints one."
        )


def _check_server(settings: Settings) -> Check:
    url = f"{settings.base_url.rstrip('/')}/health"
    trouble = _request(settings, Request(url))  # noqa: S310  the settings allow http and https only
    return Check(FAIL, "server: not healthy", trouble) if trouble else Check(PASS, f"{url} answers")


def _check_key(settings: Settings) -> Check:
    headers = {"Authorization": f"Bearer {settings.api_key}"}
    trouble = _request(settings, Request(settings.policy_url, headers=headers))  # noqa: S310
    if trouble:
        return Check(FAIL, "API key: not accepted", trouble)
    return Check(PASS, "API key: accepted, policy fetched")


def _check_otlp(settings: Settings) -> Check:
    """An empty request: a receiver must take it, and stores nothing."""
    from agentaudit_hook.relay.carriers import carrier_of  # noqa: PLC0415  slow to import

    carrier = carrier_of(settings, timeout_seconds=TIMEOUT_SECONDS)
    trouble = carrier.probe()
    carrier.close()
    if trouble:
        return Check(FAIL, f"OTLP: {settings.otlp_base} takes no records", trouble.sentence)
    return Check(PASS, f"OTLP: {settings.otlp_base} takes records ({settings.otlp_protocol})")


def _request(settings: Settings, request: Request) -> str | None:
    """What went wrong, as a sentence; None for a 2xx."""
    try:
        opener = opener_of(settings, request.full_url)
        with opener.open(request, timeout=TIMEOUT_SECONDS):
            return None
    except HTTPError as error:
        error.close()
        return of_http_status(error.code, request.full_url).sentence
    except OSError as error:
        return of_silence(request.full_url, error).sentence


def _check_relay(place: Place) -> Iterator[Check]:
    told = ask_or_start(place, "flush")
    if told is None:
        yield Check(FAIL, "relay: does not start", f"Look at {place.log}.")
        return
    yield Check(PASS, f"relay: version {told['version']}, pid {told['pid']}")
    mode = f"policy: version {told['policy_version']}, logging {told['logging_level']}"
    blocks = told["blocks_from"]
    yield Check(PASS, f"{mode}, {f'blocks from {blocks}' if blocks else 'blocks nothing'}")
    problems = told["problems"]
    for part, sentence in problems.items():
        yield Check(FAIL, f"{part}: in trouble", sentence)
    state = WARN if told["pending"] and not problems else PASS
    remedy = "They are being sent; look again in a moment." if state is WARN else ""
    yield Check(state, f"spool: {told['pending']} records wait to be sent", remedy)
    inbox = len(list(Path(place.inbox).glob("*.frame"))) if os.path.isdir(place.inbox) else 0  # noqa: PTH112
    if inbox:
        yield Check(WARN, f"inbox: {inbox} calls wait for the relay", f"Look at {place.log}.")
