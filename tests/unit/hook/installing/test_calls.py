"""Which hook entries are ours to change, which call us, and which merely hold our name."""

import pytest

from agentaudit_hook.installing.calls import calls_us, is_ours


def _entry(command: str) -> dict[str, object]:
    return {"type": "command", "command": command}


@pytest.mark.parametrize(
    "command",
    [
        "agentaudit-hook pre",
        "'/opt/a b/agentaudit-hook' post --agent codex",
        "/opt/agentaudit-hook event postToolUseFailure --agent copilot-cli",
        "agentaudit-hook pre --fail-closed || exit 2",
        "$HOME/.local/bin/agentaudit-hook stop",
    ],
)
def test_an_entry_that_only_calls_us_is_ours(command: str) -> None:
    assert is_ours(_entry(command))
    assert calls_us(_entry(command))


def test_an_entry_with_its_arguments_in_a_list_is_ours_by_them() -> None:
    assert is_ours({"command": "/opt/a b/agentaudit-hook", "args": ["pre"]})
    assert not is_ours({"command": "/opt/a b/agentaudit-hook", "args": ["flush"]})


@pytest.mark.parametrize(
    "command",
    [
        "agentaudit-hook pre; notify done",
        "AGENTAUDIT_DEADLINE_MS=500 agentaudit-hook pre",
        "test -e .quiet || exec agentaudit-hook pre",
        "agentaudit-hook pre 2>>/tmp/hook.log",
    ],
)
def test_an_entry_that_does_more_than_call_us_is_left_as_it_is(command: str) -> None:
    assert not is_ours(_entry(command))
    assert calls_us(_entry(command))


@pytest.mark.parametrize(
    "command",
    [
        "/opt/agentaudit-hook/notify.sh pre",
        "/opt/my-agentaudit-hook pre",
        "/opt/agentaudit-hook-like pre",
        "agentaudit-hook",
        "agentaudit-hook flush",
        "echo 'agentaudit-hook pre'",
        "notify /opt/agentaudit-hook pre",
        "grep -q agentaudit-hook pre",
        "true # agentaudit-hook pre",
        "'agentaudit-hook pre",
        "",
    ],
)
def test_an_entry_that_merely_holds_our_name_is_somebody_elses(command: str) -> None:
    assert not is_ours(_entry(command))
    assert not calls_us(_entry(command))


@pytest.mark.parametrize("argument", ["`touch made`", "$(touch made)", "$WHICH"])
def test_an_entry_that_runs_something_in_its_arguments_is_not_ours_to_change(argument: str) -> None:
    assert not is_ours(_entry(f"agentaudit-hook pre {argument}"))


@pytest.mark.parametrize("entry", [None, [], {}, {"command": 3}, {"type": "prompt"}])
def test_what_is_no_command_calls_nobody(entry: object) -> None:
    assert not is_ours(entry)
    assert not calls_us(entry)
