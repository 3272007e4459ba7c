"""`status` on one screen, with and without a relay, for people and as JSON."""

import json
from pathlib import Path

import pytest

from agentaudit_hook import __version__
from agentaudit_hook.control import ask_relay
from agentaudit_hook.link import listens
from agentaudit_hook.looking.standing import age_text, time_text
from agentaudit_hook.relay.closed_file import fails_closed
from tests.support.hook import HookHome, HookServer, eventually, payload
from tests.support.otlp import KEY


def _lines(hook: HookHome) -> dict[str, str]:
    """Label to text; labels that come twice keep the last."""
    said = hook.run("status").stdout.decode().splitlines()
    return {line[:11].strip(): line[12:] for line in said}


def test_before_anything_was_done_it_says_what_to_do(hook: HookHome) -> None:
    told = _lines(hook)

    assert __version__ == told["Version"]
    assert "none; `agentaudit-hook install` puts them in" == told["Hooks"]
    assert "not running; the next hook call starts it" == told["Relay"]
    assert "not fetched yet: everything is recorded, nothing is blocked" == told["Policy"]
    assert "never" == told["Last send"]


def test_after_a_call_everything_has_its_line(server: HookServer, hook: HookHome) -> None:
    server.block_from("high")
    hook.run("install", "--yes", "--fail-closed")
    hook.tell("pre", payload("PreToolUse-Bash"))
    hook.flush()

    told = _lines(hook)

    settings = hook.home / ".claude" / "settings.json"
    assert f"Claude Code, user: {settings} (13 events, fails closed)" == told["Hooks"]
    assert "none since install" == told["Drift"]
    assert f"{server.url} (AGENTAUDIT_BASE_URL)" == told["Server"]
    assert f"{KEY[:12]}… (AGENTAUDIT_API_KEY)" == told["Key"]
    assert told["Policy"].startswith("version 2, paranoid, ")
    assert told["Policy"].endswith("; blocks from high")
    assert told["Relay"].startswith(f"version {__version__}, pid ")
    assert told["Spool"].startswith("0 records wait, ")
    assert told["Spool"].endswith("1 calls open")
    assert told["Last send"].endswith(" ago)")
    assert KEY not in str(told)


def test_two_scopes_and_who_silences_them_are_named(hook: HookHome) -> None:
    hook.run("install", "--yes")
    (hook.home / "shop").mkdir()
    project = hook.home / "shop"
    hook.run("install", "--yes", "--scope", "project", cwd=project)
    both = hook.run("status", cwd=project).stdout.decode()
    local = project / ".claude" / "settings.local.json"
    local.write_text('{"disableAllHooks": true}')

    silenced = hook.run("status", cwd=project).stdout.decode()

    assert "Claude Code, user: " in both
    assert "Claude Code, project: " in both
    assert "of one agent all of them run; one that stands in several runs once" in both
    assert f"they do not run: hooks: {local} says disableAllHooks" in silenced


def test_of_a_policy_that_is_lost_it_says_what_still_stands(
    server: HookServer, hook: HookHome
) -> None:
    server.policy |= {"on_failure": "closed", "version": 2}
    hook.tell("session-start", payload("SessionStart-startup"))
    assert eventually(lambda: fails_closed(Path(hook.place.closed)))
    ask_relay(hook.place, "stop")
    assert eventually(lambda: not listens(hook.place))
    server.stop()
    (hook.state / "policy.json").unlink()
    hook.tell("post", payload("PostToolUse-Bash"))

    told = _lines(hook)["Policy"]

    assert told.endswith("recorded, what the server has not acknowledged is blocked")


def test_drift_is_shown(hook: HookHome) -> None:
    hook.run("install", "--yes")
    path = hook.home / ".claude" / "settings.json"
    path.write_text(path.read_text().replace("agentaudit-hook pre", "true"))

    assert f"{path}: the entry of PreToolUse is gone" == _lines(hook)["Drift"]


def test_json_is_stable_and_versioned(hook: HookHome) -> None:
    hook.run("install", "--yes")
    hook.tell("pre", payload("PreToolUse-Bash"))

    told = json.loads(hook.run("status", "--json").stdout)

    assert 1 == told["format"]
    names = "format version hooks drift settings policy relay spool_bytes inbox last_send_ns"
    assert [*names.split(), "problems", "state"] == list(told)
    (one,) = told["hooks"]
    assert ("Claude Code", "user", 13, False, "") == tuple(
        one[name] for name in ("client", "scope", "events", "fails_closed", "problem")
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s ago"), (59, "59 s ago"), (60, "1 min ago"), (7200, "2 h ago"), (200000, "2 d ago")],
)
def test_ages_are_told_in_their_largest_unit(seconds: int, text: str) -> None:
    assert text == age_text(1_000_000_000, now_ns=(seconds + 1) * 1_000_000_000)


def test_times_are_iso_8601_in_utc() -> None:
    assert "2026-11-23T08:00:00+00:00" == time_text(1795420800_000_000_000)
