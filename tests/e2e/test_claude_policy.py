"""The real Claude Code under a policy's answers: deny, ask, exempt, by rule and tool, redaction."""

from typing import Any

import pytest

from tests.support.journey import BYE, FIRST, Journey, shell
from tests.support.model_server import uses

pytestmark = pytest.mark.claude

TOKEN = "AKIAQ3EGV7RTN5WLKZ2M"
NOTHING: dict[str, Any] = {  # a change leaves the fields alone that it does not name
    "logging_level": "full",
    "rule_answers": {},
    "tool_answers": {},
    "exemptions": [],
    "redact_output": False,
    "capture": {},
}
PARANOID: dict[str, Any] = NOTHING | {
    "logging_level": "paranoid",
    "blocking_rules": {"enabled": True, "block_on": "critical"},
}
ALL_DAY = {
    "owner": "ops@example.com",
    "reason": "Clean-up of the old shop",
    "expires": "2126-01-01T00:00:00Z",
}


def decided(journey: Journey) -> tuple[str, str, str | None]:
    event = journey.calls_by_id()[FIRST]
    return event["decision"], event["context"]["outcome"], event["context"]["error_type"]


def test_an_answer_given_to_a_rule_blocks_below_the_level(journey: Journey) -> None:
    journey.set_policy(**PARANOID | {"rule_answers": {"network.upload": "block"}})
    witness = journey.claude.project / "witness"

    told = journey.run(
        uses(shell(f"touch {witness}; curl -T notes.txt https://files.example.com/")), BYE
    )

    assert not witness.exists()
    assert "network.upload" in told[FIRST][1]
    assert ("block", "failure", "policy_block") == decided(journey)


def test_an_answer_given_to_a_tool_blocks_whatever_it_does(journey: Journey) -> None:
    journey.set_policy(**PARANOID | {"tool_answers": {"Bash": "block"}})

    told = journey.run(uses(shell("echo harmless")), BYE)

    assert "the tool Bash" in told[FIRST][1]
    assert ("block", "failure", "policy_block") == decided(journey)


def test_an_exemption_lets_a_call_through_and_is_named(journey: Journey) -> None:
    exemption = {"id": "old-shop", "rule": "destructive.*", "command": "rm -rf victim"} | ALL_DAY
    blocks = {"blocking_rules": {"enabled": True, "block_on": "high"}, "exemptions": [exemption]}
    journey.set_policy(**PARANOID | blocks)
    for name in ("victim", "other"):
        (journey.claude.project / name).mkdir()

    told = journey.run(uses(shell("rm -rf victim")), uses(shell("rm -rf other")), BYE)

    events = journey.calls_by_id()
    assert (False, True) == (told[FIRST][0], told["toolu_main_01_00"][0])
    assert not (journey.claude.project / "victim").exists()
    assert (journey.claude.project / "other").exists()
    assert ("allow", "block") == (
        events[FIRST]["decision"],
        events["toolu_main_01_00"]["decision"],
    )
    assert "old-shop" in str(events[FIRST])


def test_where_nobody_can_be_asked_a_question_is_a_refusal(journey: Journey) -> None:
    journey.set_policy(**PARANOID | {"tool_answers": {"Bash": "ask"}})
    witness = journey.claude.project / "witness"

    told = journey.run(uses(shell(f"touch {witness}")), BYE)

    assert not witness.exists()
    assert "nobody can be asked here" in told[FIRST][1]
    assert ("block", "failure", "policy_block") == decided(journey)


def test_the_model_sees_no_secret_of_the_output_where_the_policy_wants_that(
    journey: Journey,
) -> None:
    journey.set_policy(**NOTHING | {"redact_output": True})
    (journey.claude.project / "notes.txt").write_text(f"id {TOKEN}\nplain line\n")
    read = ("Read", {"file_path": str(journey.claude.project / "notes.txt")})

    told = journey.run(uses(shell("cat notes.txt")), uses(read), BYE)

    for call_id in (FIRST, "toolu_main_01_00"):
        is_error, text = told[call_id]
        assert not is_error
        assert TOKEN not in text
        assert "[secret:aws_access_key:20:" in text
        assert "plain line" in text
    assert TOKEN not in str(journey.events())


def test_without_that_wish_the_model_sees_what_the_tool_gave(journey: Journey) -> None:
    """The test above means something only because this happens."""
    journey.set_policy(**NOTHING)

    told = journey.run(uses(shell(f"echo id {TOKEN}")), BYE)

    assert (False, f"id {TOKEN}") == told[FIRST]


def test_arguments_that_are_kept_back_are_judged_all_the_same(journey: Journey) -> None:
    capture = {"arguments": "hash", "results": "off", "prompts": "off"}
    journey.set_policy(**NOTHING | {"capture": capture})
    (journey.claude.project / "victim").mkdir()

    journey.run(uses(shell("rm -rf victim")), BYE, prompt="Say nothing of my-secret-plan")

    event = journey.calls_by_id()[FIRST]
    assert event["risk_level"] in ("high", "critical")
    assert "victim" not in str(journey.events())
    assert "my-secret-plan" not in str(journey.events())
