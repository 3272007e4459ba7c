"""Capture switches through the installed hook: what is kept back leaves no trace on the way."""

from pathlib import Path
from typing import Any

import pytest

from agentaudit_processor.model import Decision, Fact, Phase, RiskLevel
from tests.support.hook import HookHome, HookServer, a_hook_home, payload

CARD = "4111 1111 1111 1111"
DESTRUCTIVE: dict[str, Any] = {"tool_input": {"command": f"rm -rf / --no-preserve-root # {CARD}"}}


def on_disk(hook: HookHome) -> bytes:
    return b"".join(path.read_bytes() for path in hook.state.rglob("*") if path.is_file())


def test_the_hooks_findings_count_for_what_was_not_sent(server: HookServer, hook: HookHome) -> None:
    server.policy["capture"] = {"arguments": "hash", "results": "off"}
    server.block_from("high")

    answer = hook.tell("pre", payload("PreToolUse-Bash", **DESTRUCTIVE))
    kept = on_disk(hook)
    hook.flush()

    assert b'"permissionDecision": "deny"' in answer.stdout
    assert b"4111" not in kept
    assert b"no-preserve-root" not in kept
    request, ended = server.events()
    assert "no-preserve-root" not in repr((request, ended))
    for event in (request, ended):
        assert (Decision.BLOCK, RiskLevel.CRITICAL) == (
            event.verdict.decision,
            event.verdict.risk_level,
        )
        assert "destructive.delete_everything" in {finding.rule_id for finding in event.findings}
        assert "payment_card" in event.pii_types
        assert "arguments: sent as a keyed digest only, as capture is set" in (
            event.verdict.not_covered
        )
        assert not event.verdict_differs


def test_a_laptop_may_keep_more_back_than_its_policy_asks(
    server: HookServer, tmp_path: Path
) -> None:
    server.policy["capture"] = {"arguments": "masked", "user": "name"}
    own = {"AGENTAUDIT_CAPTURE_ARGUMENTS": "full", "AGENTAUDIT_CAPTURE_RESULTS": "off"}
    own |= {"AGENTAUDIT_CAPTURE_USER": "hash", "AGENTAUDIT_NEVER_COMMANDS": "vault *"}

    with a_hook_home(tmp_path, server.url, more=own) as hook:
        told = {"tool_input": {"command": f"echo {CARD}"}}
        hook.tell("pre", payload("PreToolUse-Bash", **told))
        hook.tell("post", payload("PostToolUse-Bash", tool_use_id="toolu_x", **told))
        secret = {"tool_input": {"command": "vault read kv/shop"}, "tool_use_id": "toolu_v"}
        hook.tell("pre", payload("PreToolUse-Bash", **secret))
        hook.flush()

    ended, request, vault = sorted(server.calls(), key=lambda call: (call.phase, call.call_id))
    assert "echo •••• 1111" == request.arguments["command"]
    assert (Phase.ENDED, None) == (ended.phase, ended.result)
    assert {} == vault.arguments
    assert "never_commands" in vault.reduced
    assert "alice@example.com" not in repr(server.events())
    assert str(request.actor.user_name).startswith("user-")


@pytest.mark.parametrize("wanted", ["full", "hash"])
def test_prompts_are_sent_only_where_the_policy_wants_them(
    server: HookServer, hook: HookHome, wanted: str
) -> None:
    server.policy["capture"] = {"prompts": wanted}

    hook.tell("prompt", payload("UserPromptSubmit", prompt="Delete Bob's account, please"))
    hook.flush()

    (event,) = server.events()
    assert isinstance(event.activity, Fact)
    assert ("Delete" in repr(event)) is (wanted == "full")
