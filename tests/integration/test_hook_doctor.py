"""The doctor against a real relay and a real server: it finds what is wrong, once, and mends it."""

import json
from pathlib import Path
from typing import Any

from agentaudit_processor.model import EventKind, Fact
from agentaudit_processor.pipeline import Judge
from tests.support.hook import HookHome, HookServer, a_hook_home, a_hook_server, payload
from tests.support.otlp import KEY

PRE = json.dumps(payload("PreToolUse-Bash")).encode()


def _checks(hook: HookHome, *words: str) -> dict[str, dict[str, Any]]:
    told = json.loads(hook.run("doctor", "--json", *words).stdout)
    assert 1 == told["format"]
    assert told["failed"] == sum(check["state"] == "fail" for check in told["checks"])
    return {check["name"]: check for check in told["checks"]}


def _failed(hook: HookHome) -> list[str]:
    return [name for name, check in _checks(hook).items() if check["state"] == "fail"]


def test_it_finds_nothing_when_all_is_well(server: HookServer, hook: HookHome) -> None:
    hook.run("install", "--yes")
    hook.tell("pre", PRE)
    hook.flush()

    answer = hook.run("doctor")

    said = answer.stdout.decode()
    assert 0 == answer.returncode, said
    assert {"✓ pass"} == {line[:6] for line in said.splitlines()}
    assert "hooks: 13 events (user settings)" in said
    assert "canary: hook → relay → server → stored → verdict (low, observe) in " in said
    assert KEY not in said


def test_it_tells_of_the_policy_as_it_is_by_now(server: HookServer, hook: HookHome) -> None:
    hook.tell("pre", payload("PreToolUse-Bash"))
    before = _checks(hook)["policy"]["what"]
    server.block_from("medium")

    after = _checks(hook)["policy"]["what"]

    assert before.endswith("blocks nothing")
    assert after.endswith("blocks from medium")


def test_its_canary_is_stored_as_what_it_is_and_as_no_call(
    server: HookServer, hook: HookHome
) -> None:
    hook.run("install", "--yes")

    assert 0 == hook.run("doctor").returncode

    (event,) = server.events()
    assert isinstance(event.activity, Fact)
    assert (EventKind.LOGGING_STATE, "Canary") == (event.kind, event.activity.name)
    assert "alice@example.com" == event.activity.actor.user_email


def test_a_server_that_is_away_is_told_once_and_what_follows_is_skipped(tmp_path: Path) -> None:
    with a_hook_home(tmp_path) as hook:
        hook.run("install", "--yes")
        hook.tell("pre", PRE)

        checks = _checks(hook)
        said = hook.run("doctor").stdout.decode()

    states = {name: check["state"] for name, check in checks.items()}
    assert ["server"] == [name for name, state in states.items() if state == "fail"]
    assert ("skip", "skip", "skip") == (states["api_key"], states["otlp"], states["canary"])
    assert 1 == said.count("Nothing answers at")
    assert "1 records wait to be sent" in said


def test_a_key_that_is_refused_is_told_once(server: HookServer, tmp_path: Path) -> None:
    with a_hook_home(tmp_path, server.url, key="aa_live_wrong") as hook:
        hook.run("install", "--yes")
        hook.tell("pre", PRE)

        said = hook.run("doctor").stdout.decode()

    assert 1 == said.count("✗")
    assert "✗ fail  API key: aa_live_wron… is not accepted" in said
    assert "agentaudit-hook login" in said


def test_no_key_and_no_hooks_are_named_with_their_remedies(
    server: HookServer, tmp_path: Path
) -> None:
    with a_hook_home(tmp_path, server.url, key="") as hook:
        said = hook.run("doctor").stdout.decode()

    assert "✗ fail  API key: none\n        Run `agentaudit-hook login`" in said
    assert (
        "✗ fail  hooks: none in Claude Code's settings\n        Run `agentaudit-hook install`."
        in said
    )


def test_who_has_not_logged_in_yet_is_told_how_and_of_no_variable(tmp_path: Path) -> None:
    with a_hook_home(tmp_path, more={"AGENTAUDIT_BASE_URL": ""}, key="") as hook:
        checks = _checks(hook)

    wrong = [checks[name] for name in ("server", "api_key") if checks[name]["state"] == "fail"]
    assert "API key: none" == wrong[-1]["what"]
    assert all("`agentaudit-hook login" in check["remedy"] for check in wrong)
    assert not [check for check in wrong if "AGENTAUDIT_" in check["remedy"]]
    assert "skip" == checks["policy"]["state"]
    assert "none fetched yet" in checks["policy"]["what"]


def test_settings_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with a_hook_home(tmp_path, more={"AGENTAUDIT_OTLP_PROTOCOL": "pigeon"}) as hook:
        answer = hook.run("doctor")

    assert 1 == answer.returncode
    assert b"settings: otlp_protocol is 'pigeon' (AGENTAUDIT_OTLP_PROTOCOL)" in answer.stdout


def test_a_receiver_that_is_not_this_server_loses_the_canary(
    server: HookServer, judge: Judge, tmp_path: Path
) -> None:
    with a_hook_server(judge) as other:
        more = {"AGENTAUDIT_OTLP_ENDPOINT": other.url}
        with a_hook_home(tmp_path, server.url, more=more) as hook:
            hook.run("install", "--yes")

            canary = _checks(hook)["canary"]

    assert "fail" == canary["state"]
    assert f"{other.url} took it, and {server.url} has not stored it" in canary["what"]
    assert "Collector" in canary["remedy"]


def test_what_can_be_mended_is_mended(server: HookServer, hook: HookHome) -> None:
    hook.run("install", "--yes")
    settings = hook.home / ".claude" / "settings.json"
    told = json.loads(settings.read_text())
    del told["hooks"]["PreToolUse"]
    settings.write_text(json.dumps(told))
    config = hook.home / ".config" / "agentaudit" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('user_id = "alice"\n')
    config.chmod(0o644)
    broken = _failed(hook)

    asked = hook.run("doctor", "--fix")
    mended = hook.run("doctor", "--fix", "--yes")

    assert ["private_files", "drift"] == broken
    assert 1 == asked.returncode
    assert b"nothing was changed; --yes does not ask" in asked.stderr
    assert 0 == mended.returncode, mended.stdout.decode()
    assert 0o600 == config.stat().st_mode & 0o777
    assert "PreToolUse" in json.loads(settings.read_text())["hooks"]


def test_hooks_that_are_missing_altogether_are_put_in(server: HookServer, hook: HookHome) -> None:
    assert ["hooks"] == _failed(hook)

    assert 0 == hook.run("doctor", "--fix", "--yes").returncode

    assert [] == _failed(hook)


def test_hooks_that_fail_open_are_named_when_the_policy_says_closed(
    server: HookServer, hook: HookHome
) -> None:
    hook.run("install", "--yes")
    hook.tell("pre", PRE)
    assert "fail_mode" not in _checks(hook)

    server.policy |= {"on_failure": "closed", "version": 2}
    hook.run("doctor")  # fetches nothing by itself; the relay does
    from agentaudit_hook.control import ask_relay

    ask_relay(hook.place, "policy")
    found = _checks(hook)["fail_mode"]
    hook.run("doctor", "--fix", "--yes")

    assert ("warn", True) == (found["state"], found["fixable"])
    assert "fail_mode" not in _checks(hook)
    assert "exit 2" in (hook.home / ".claude" / "settings.json").read_text()


def test_mending_does_not_make_hooks_fail_open_that_failed_closed(
    server: HookServer, hook: HookHome
) -> None:
    hook.run("install", "--yes", "--fail-closed")
    settings = hook.home / ".claude" / "settings.json"
    settings.write_text("{}")

    hook.run("doctor", "--fix", "--yes")

    assert "exit 2" in settings.read_text()
