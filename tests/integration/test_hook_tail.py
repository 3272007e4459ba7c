"""`tail` against a real relay, whose records it reads beside it."""

import json
import subprocess

from tests.support.hook import HOOK, HookHome, payload


def _call(hook: HookHome, command: str, call_id: str) -> None:
    told = payload("PreToolUse-Bash", tool_input={"command": command}, tool_use_id=call_id)
    hook.tell("pre", told)


def test_the_newest_records_are_shown_delivered_or_not(hook: HookHome) -> None:
    _call(hook, "ls -l", "toolu_1")
    _call(hook, "rm -rf /srv/data", "toolu_2")
    hook.flush()

    everything = hook.run("tail").stdout.decode().splitlines()
    grave = hook.run("tail", "risk:>=high").stdout.decode().splitlines()
    by_rule = hook.run("tail", "rule:destructive.*").stdout.decode().splitlines()
    last = json.loads(hook.run("tail", "--json", "-n", "1").stdout)

    assert 2 == len(everything)
    (line,) = grave
    assert grave == by_rule
    assert "rm -rf /srv/data" in line
    assert "requested" in line
    assert (1, "toolu_2", "tool_call") == (last["format"], last["id"], last["kind"])


def test_following_shows_what_comes(hook: HookHome) -> None:
    _call(hook, "ls", "toolu_1")
    words = [HOOK, "tail", "-f", "--json", "kind:tool_call"]
    with subprocess.Popen(words, env=hook.env, stdout=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        first = json.loads(tail.stdout.readline())
        _call(hook, "pwd", "toolu_2")
        second = json.loads(tail.stdout.readline())
        tail.terminate()

    assert ("ls", "pwd") == (first["command"], second["command"])


def test_a_reader_that_goes_away_is_no_error(hook: HookHome) -> None:
    for number in range(3):
        _call(hook, "ls", f"toolu_{number}")
    line = f"{HOOK} tail --json | head -n 1"

    done = subprocess.run(["/bin/sh", "-c", line], env=hook.env, capture_output=True, check=False)

    assert b"" == done.stderr


def test_nothing_and_what_means_nothing_are_told(hook: HookHome) -> None:
    empty = hook.run("tail")
    wrong = hook.run("tail", "riks:high")

    assert (0, b"") == (empty.returncode, empty.stdout)
    assert b"Nothing of this kind was recorded here" in empty.stderr
    assert 2 == wrong.returncode
    assert "unknown field “riks”: did you mean “risk”?" in wrong.stderr.decode()
