"""`explain` and `classify`: judged as the hook would, told to people and programs."""

import io
import json
import os
from pathlib import Path

import pytest

from agentaudit_hook.cli import run
from agentaudit_hook.places import usable_place
from agentaudit_hook.relay.records import pack_record
from agentaudit_hook.relay.spool import Spool
from agentaudit_hook.settings import Settings
from agentaudit_hook.trying.supposed import kept_policy
from agentaudit_processor.ids import event_id_of
from agentaudit_processor.model import Action, ClientVerdict, Decision, RiskLevel, ToolCall
from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_bundle import bundle_of
from tests.support.builders import a_tool_call
from tests.support.packs import OWN_PACK


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("AGENTAUDIT_API_KEY", "k")
    for name in ("AGENTAUDIT_BASE_URL", "AGENTAUDIT_PACKS_DIR"):
        monkeypatch.delenv(name, raising=False)


def keep(policy: Policy) -> None:
    """Put `policy` where the relay keeps it."""
    kept = {"etag": "1", "url": Settings().policy_url, "policy": bundle_of(policy, "k")}
    place = usable_place(dict(os.environ))
    assert place is not None
    (Path(place.state) / "policy.json").write_text(json.dumps(kept))


def test_a_command_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["explain", "rm -rf src"])

    shown = capsys.readouterr().out
    assert 0 == code
    assert shown.startswith("HIGH risk, allow\n")
    for part in ("What it does", "[destructive.delete_tree]", "Instead: ", "Policy version 0"):
        assert part in shown
    assert "\x1b" not in shown


def test_what_would_steer_a_terminal_is_spelt_out(capsys: pytest.CaptureFixture[str]) -> None:
    run(["explain", "rm -rf 'a\x1b[2Jb\u202e'"])

    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_a_terminal_gets_colours_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)

    run(["explain", "rm -rf src"])
    coloured = capsys.readouterr().out
    run(["explain", "rm -rf src", "--no-color"])
    plain = capsys.readouterr().out

    assert coloured.startswith("\x1b[31mHIGH\x1b[0m")
    assert "\x1b" not in plain


def test_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    run(["explain", "--json", "--path", ".env"])

    told = json.loads(capsys.readouterr().out)
    assert "high" == told["risk_level"]
    assert ["sensitive_paths.read_env_file"] == [finding["rule"] for finding in told["findings"]]


def test_the_policy_that_the_relay_keeps_is_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep(Policy(version=4, packs=(OWN_PACK,)))

    run(["explain", "ledgerctl post 7"])

    shown = capsys.readouterr().out
    assert "[acme.ledger_write]" in shown
    assert "Policy version 4" in shown


def test_without_a_command_the_call_that_was_stopped_last_is_explained(
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = usable_place(dict(os.environ))
    assert place is not None
    spool = Spool(Path(place.state) / "spool")
    spool.append([pack_record(_judged("rm -rf /srv/x", Decision.BLOCK), 0)])
    spool.append([pack_record(_judged("ls", Decision.ALLOW), 0)])
    spool.close()

    code = run(["explain"])

    first, second, *rest = capsys.readouterr().out.splitlines()
    assert 0 == code
    assert first.startswith("Stopped 20")
    assert first.endswith("Bash: rm -rf /srv/x")
    event_id = event_id_of("s1", "rm -rf /srv/x")
    assert f"On record at http://localhost:8000/dashboard/events/{event_id}" == second
    assert "HIGH risk, block" in rest


def _judged(command: str, decision: Decision) -> ToolCall:
    verdict = ClientVerdict(risk_level=RiskLevel.HIGH, decision=decision)
    return a_tool_call(
        session_id="s1",
        call_id=command,
        arguments={"command": command},
        client_verdict=verdict,
    )


def test_a_kept_policy_of_another_key_or_server_is_not_asked() -> None:
    env = dict(os.environ)
    keep(Policy(version=4))

    assert 4 == kept_policy(env, Settings(api_key="k")).version
    assert 0 == kept_policy(env, Settings(api_key="other")).version
    assert 0 == kept_policy(env, Settings(api_key="k", base_url="http://other")).version


@pytest.mark.parametrize(
    ("arguments", "code"), [(["explain"], 2), (["explain", "x", "--colour"], 2)]
)
def test_a_wrong_use_is_told_and_not_guessed(arguments: list[str], code: int) -> None:
    try:
        found = run(arguments)
    except SystemExit as ended:
        found = int(ended.code or 0)

    assert code == found


def test_lines_are_classified_one_by_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [
        {"id": 1, "kind": "shell", "input": "rm -rf /"},
        {"id": "b", "kind": "text", "input": "mail bob@company.org"},
        {"id": 3, "kind": "file", "input": "x = 'AKIA" + "Q3EGRFB4WUS5LP2M'"},
    ]
    _give(monkeypatch, "\n".join(map(json.dumps, records)) + "\n\n")

    code = run(["classify", "--jsonl"])

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert 0 == code
    assert {"id": 1, "risk_level": "critical", "pii": [], "secrets": []} == told[0]
    assert ["email"] == told[1]["pii"]
    assert ["aws_access_key"] == told[2]["secrets"]


def test_a_bad_line_costs_that_line_and_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = [
        "x",
        "[]",
        '{"id": 7}',
        '{"id": 7, "kind": "shell", "input": 3}',
        '{"id": 7, "kind": "file", "input": "", "path": 1}',
        "[" * 100_000,
    ]
    _give(monkeypatch, "\n".join([*bad, '{"id": 9, "kind": "shell", "input": "ls"}']))

    code = run(["classify", "--jsonl"])

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert 1 == code
    assert [None, None, 7, 7, 7, None, 9] == [one["id"] for one in told]
    assert [True] * 6 + [False] == ["error" in one for one in told]


def test_the_tool_decides_what_the_text_is() -> None:
    from agentaudit_hook.trying.supposed import supposed_call

    def action(text: str | None, path: str | None, tool: str | None = None) -> Action:
        return supposed_call(text, path, tool, settings=Settings(), cwd=None, at_ns=0).action

    assert Action.SHELL_COMMAND is action("ls", None)
    assert Action.FILE_READ is action(None, "a")
    assert Action.FILE_WRITE is action("text", "a")
    assert Action.WEB_FETCH is action("https://example.org", None, "WebFetch")


def _give(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
