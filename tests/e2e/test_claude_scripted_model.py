"""The test bench itself: the real Claude Code obeys the scripted model and fires its hooks."""

import json
from pathlib import Path

import pytest

from tests.support.claude_code import ClaudeCode
from tests.support.model_server import ModelServer, says, uses
from tests.support.requirements import need

pytestmark = pytest.mark.claude


def recording_hooks(record: Path, *events: str) -> dict[str, object]:
    """Settings whose hooks append each payload, one JSON line, to `record`."""
    entry = {"matcher": "", "hooks": [{"type": "command", "command": f"cat >> {record}"}]}
    return {"hooks": {event: [entry] for event in events}}


def recorded(record: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in record.read_text().splitlines()]


def test_a_scripted_session_fires_pre_and_post_for_each_call_in_order(tmp_path: Path) -> None:
    need("claude")
    claude = ClaudeCode.at(tmp_path)
    record = tmp_path / "record.jsonl"
    claude.settings(recording_hooks(record, "PreToolUse", "PostToolUse"))
    (claude.project / "README.md").write_text("# Shop\n")
    read = ("Read", {"file_path": str(claude.project / "README.md")})
    script = (uses(read), uses(("Bash", {"command": "ls", "description": "List"})), says("Bye."))

    with ModelServer(script) as model:
        finished = claude.run(
            model, "Look around", session_id="0" * 8 + "-0000-4000-8000-" + "1" * 12
        )

    assert (0, "Bye.") == (finished.exit_code, finished.stdout.strip())
    seen = [(line["hook_event_name"], line["tool_name"]) for line in recorded(record)]
    pre, post = "PreToolUse", "PostToolUse"
    assert [(pre, "Read"), (post, "Read"), (pre, "Bash"), (post, "Bash")] == seen
    assert {"00000000-0000-4000-8000-111111111111"} == {
        line["session_id"] for line in recorded(record)
    }
    assert {"toolu_main_00_00", "toolu_main_01_00"} == set(model.tool_results())


def test_parallel_calls_and_a_sub_agent_are_conversations_of_their_own(tmp_path: Path) -> None:
    need("claude")
    claude = ClaudeCode.at(tmp_path)
    record = tmp_path / "record.jsonl"
    claude.settings(recording_hooks(record, "PreToolUse"))
    agent = {
        "description": "Count",
        "prompt": "COUNT-FILES please",
        "subagent_type": "general-purpose",
    }
    script = (
        uses(*[("Bash", {"command": f"echo {n}", "description": "Echo"}) for n in range(3)]),
        uses(("Agent", agent | {"run_in_background": False})),
        says("Bye."),
    )
    sub_script = (uses(("Bash", {"command": "ls | wc -l", "description": "Count"})), says("Two."))

    with ModelServer(script, sub_agents={"COUNT-FILES": sub_script}) as model:
        finished = claude.run(model, "Count them")

    assert 0 == finished.exit_code, finished.stderr
    calls = {line["tool_use_id"]: line.get("agent_type") for line in recorded(record)}
    assert {
        "toolu_main_00_00": None,
        "toolu_main_00_01": None,
        "toolu_main_00_02": None,
        "toolu_main_01_00": None,
        "toolu_sub0_00_00": "general-purpose",
    } == calls
