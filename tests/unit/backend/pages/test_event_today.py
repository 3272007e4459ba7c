"""An event under today's rules, beside what was said of it then; and its change side by side."""

from dataclasses import replace
from typing import Any

import pytest

from agentaudit_backend.pages.evidence import DiffLine, Side, side_by_side
from agentaudit_processor.model import Action, ClientVerdict, Decision, RiskLevel, ToolCall
from agentaudit_processor.policy import Answer, LoggingLevel
from tests.support.builders import a_tool_call
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns
from tests.unit.backend.pages.test_event import text_of

STRICT: dict[str, Any] = {"logging_level": LoggingLevel.PARANOID, "blocking_enabled": True}


def change_policy(web: Web, **fields: Any) -> None:
    policy = replace(web.store.policy(web.organization), **fields)
    web.store.save_policy(web.organization, policy, author="somebody", note="")


def page_of(web: Web, event_id: str) -> str:
    return text_of(web.get(f"/dashboard/events/{event_id}").text)


def a_deletion(**fields: Any) -> ToolCall:
    """A command that deletes a folder, which the hook let through."""
    return a_tool_call(
        arguments={"command": "rm -rf /home/alice/project"},
        started_ns=ns(NOW),
        client_verdict=ClientVerdict(decision=Decision.ALLOW),
        **fields,
    )


@pytest.fixture
def deletion(empty: Web) -> str:
    return empty.record(a_deletion())[0]


def test_while_nothing_has_changed_there_is_nothing_to_compare(empty: Web, deletion: str):
    assert "Under today" not in page_of(empty, deletion)


def test_a_policy_that_would_stop_it_today_is_told_and_the_record_stays(empty: Web, deletion: str):
    change_policy(empty, **STRICT, block_on=RiskLevel.MEDIUM)

    page = page_of(empty, deletion)

    assert "and blocked." in page[page.index("Under today's rules") :][:80]
    assert "and allowed" in page[: page.index("Under today's rules")]


def test_a_rule_that_was_switched_off_finds_it_no_more(empty: Web, deletion: str):
    event = empty.store.event(empty.organization, deletion)
    assert event
    off = {finding.rule_id: Answer.OFF for finding in event.findings}
    change_policy(empty, rule_answers=off)

    page = page_of(empty, deletion)

    assert "Under today's rules: low and allowed" in page
    assert f"Found no more: {event.findings[0].rule_id}" in page


def test_a_rule_that_was_switched_on_finds_it_now(empty: Web):
    (known,) = empty.record(a_deletion())
    event = empty.store.event(empty.organization, known)
    assert event
    rules = [finding.rule_id for finding in event.findings]
    change_policy(empty, rule_answers=dict.fromkeys(rules, Answer.OFF))
    (event_id,) = empty.record(a_deletion(call_id="later"))
    change_policy(empty, rule_answers={})

    assert f"Found now: {rules[0]}" in page_of(empty, event_id)


def test_what_no_hook_asked_about_is_judged_again_for_its_risk_alone(empty: Web):
    (event_id,) = empty.record(replace(a_deletion(), client_verdict=None))
    change_policy(empty, **STRICT, block_on=RiskLevel.LOW)

    assert "Under today's rules: the same" in page_of(empty, event_id)


def test_personal_data_that_was_masked_is_not_said_to_be_gone(empty: Web):
    command = {"command": "mail carol.jones@example.org < invoice.txt"}
    (event_id,) = empty.record(a_tool_call(arguments=command, started_ns=ns(NOW)))
    change_policy(empty, frameworks=("gdpr",))

    page = page_of(empty, event_id)

    assert "Under today's rules: the same" in page
    assert "Found no more" not in page


def test_what_is_no_call_is_not_judged_again(web: Web):
    change_policy(web, frameworks=("gdpr",))
    rows = web.get("/dashboard?kind=session").text
    event_id = rows.partition('name="event" value="')[2].partition('"')[0]

    assert "Under today" not in page_of(web, event_id)


def test_a_change_is_shown_side_by_side_and_back(empty: Web):
    (event_id,) = empty.record(
        a_tool_call(
            "Edit",
            action=Action.FILE_EDIT,
            arguments={"file_path": "a.py", "old_string": "x = 1\ny", "new_string": "x = 2\ny"},
            result=None,
            exit_code=None,
            started_ns=ns(NOW),
        )
    )

    usual = empty.get(f"/dashboard/events/{event_id}").text
    beside = empty.get(f"/dashboard/events/{event_id}?diff=side").text

    assert "?diff=side#what" in usual
    assert "Before After" in text_of(beside)
    assert "removed x = 1 + added x = 2 y y" in text_of(beside)


def lines(*texts: str) -> list[DiffLine]:
    kinds = {"+": "add", "-": "del", "@": "at", " ": "same"}
    return [DiffLine(kind=kinds[text[0]], text=text) for text in texts]


def changed(before: str | None, after: str | None) -> Side:
    return Side(kind="changed", before=before, after=after)


@pytest.mark.parametrize(
    ("given", "sides"),
    [
        (lines("-a", "+b"), (changed("a", "b"),)),
        (lines("-a", "-b", "+c"), (changed("a", "c"), changed("b", None))),
        (lines("+a", "+b"), (changed(None, "a"), changed(None, "b"))),
        (lines("-a", "+b", "-c", "+d"), (changed("a", "b"), changed("c", "d"))),
        (
            lines("@@ 1 @@", " x", "-a"),
            (
                Side(kind="at", before="@@ 1 @@", after="@@ 1 @@"),
                Side(kind="same", before="x", after="x"),
                changed("a", None),
            ),
        ),
        ([], ()),
    ],
)
def test_lines_taken_out_stand_beside_those_put_in_their_place(
    given: list[DiffLine], sides: tuple[Side, ...]
):
    assert sides == side_by_side(given)
