"""`login`: the key goes from a prompt or stdin to a private file, once the server has taken it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hook import HOOK, HookHome, HookServer, a_hook_home, payload
from tests.support.otlp import KEY
from tests.support.strange_server import a_strange_server, with_status
from tests.support.terminal import at_a_terminal


@pytest.fixture
def hook(tmp_path: Path) -> Iterator[HookHome]:
    with a_hook_home(tmp_path, more={"AGENTAUDIT_BASE_URL": ""}, key="") as hook:
        yield hook


def _config(hook: HookHome) -> Path:
    return hook.home / ".config" / "agentaudit" / "config.toml"


def test_a_key_from_stdin_is_checked_kept_and_used(server: HookServer, hook: HookHome) -> None:
    answer = hook.run("login", "--server", server.url, stdin=f"{KEY}\n".encode())
    hook.tell("pre", payload("PreToolUse-Bash"))
    hook.flush()

    assert 0 == answer.returncode, answer.stderr
    assert 0o600 == _config(hook).stat().st_mode & 0o777
    assert KEY.encode() not in answer.stdout + answer.stderr
    assert 1 == len(server.calls())


def test_a_key_that_the_server_refuses_is_not_stored(server: HookServer, hook: HookHome) -> None:
    answer = hook.run("login", "--server", server.url, stdin=b"aa_live_wrong\n")

    assert 4 == answer.returncode
    assert b"refuses this key (401)" in answer.stderr
    assert not _config(hook).exists()


def test_a_server_that_is_away_is_named_and_the_key_kept_on_request(hook: HookHome) -> None:
    words = ("login", "--server", "http://127.0.0.1:9")

    refused = hook.run(*words, stdin=KEY.encode())
    kept = hook.run(*words, "--no-check", stdin=KEY.encode())

    assert 5 == refused.returncode
    assert b"Nothing answers at http://127.0.0.1:9/v1/hook/policy" in refused.stderr
    assert 0 == kept.returncode
    assert KEY in _config(hook).read_text()


def test_a_server_at_fault_is_said_to_be_one_and_nothing_is_stored(hook: HookHome) -> None:
    with a_strange_server(None, get=with_status(503)) as server:
        answer = hook.run("login", "--server", server.url, stdin=KEY.encode())

    assert 5 == answer.returncode
    assert f"{server.url} cannot look at the key just now (503)".encode() in answer.stderr
    assert not _config(hook).exists()


@pytest.mark.parametrize("stdin", [b"", b"\n", b"two words\n", "schlüssel\n".encode()])
def test_what_is_no_key_is_refused(hook: HookHome, stdin: bytes) -> None:
    answer = hook.run("login", stdin=stdin)

    assert 3 == answer.returncode
    assert b"that is no key" in answer.stderr


def test_a_person_is_asked_and_the_key_is_not_shown(server: HookServer, hook: HookHome) -> None:
    command = [HOOK, "login", "--server", server.url]

    said, code = at_a_terminal(
        command, hook.env, prompt="(it is not shown): ", typed=f"{KEY}\n", cwd=hook.home
    )

    assert 0 == code
    assert f"API key for {server.url} (it is not shown): " in said
    assert KEY not in said
    assert KEY in _config(hook).read_text()
