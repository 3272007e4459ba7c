"""The pages of approvals: the queue, the question, the answer; and who may give it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agentaudit_backend.store.approval_views import Approval, ApprovalState
from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.model import EventKind, RiskLevel
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Approvals
from tests.support.builders import a_tool_call
from tests.support.web import Web, a_dashboard
from tests.unit.backend.pages.conftest import NOW

PATH = "/dashboard/approvals"
XSS = "<script>alert(1)</script>\u202e'\"><img src=x>"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def web(tmp_path: Path, judge: Judge, clock: Clock) -> Iterator[Web]:
    """A dashboard whose policy leaves stopped calls to people."""
    opened = a_dashboard(tmp_path, judge, clock=clock)
    opened.log_in()
    policy = opened.store.policy(opened.organization)
    wanted = replace(policy, approvals=Approvals(up_to=RiskLevel.CRITICAL))
    opened.store.save_policy(opened.organization, wanted, author="test", note="x")
    yield opened
    opened.store.close()


def asked(
    web: Web, command: str = "rm -rf /srv", *, key: str = "1", call: str = "c1", key_id: int = 999
) -> Approval:
    policy = web.store.policy(web.organization)
    event = web.judge.examine(
        a_tool_call(call_id=call, arguments={"command": command}), digest_key=policy.digest_key
    ).event(policy)
    return web.store.approvals.ask(
        web.organization,
        event,
        call_key=key,
        key_id=key_id,
        valid=timedelta(minutes=60),
        now=web.site.clock(),
    )


def answer(web: Web, approval: Approval, decision: str, note: str = "") -> Any:
    fields = {"csrf": web.csrf(), "decision": decision, "note": note}
    return web.post(f"{PATH}/{approval.approval_id}", fields)


def test_the_queue_says_what_it_is_for_when_the_policy_leaves_nothing_to_people(empty: Web) -> None:
    assert "Stopped calls can be left to people" in empty.get(PATH).text


def test_a_question_is_shown_with_the_whole_call_and_counted_in_the_navigation(web: Web) -> None:
    asked(web)

    page = web.get(PATH).text

    assert "1 waiting" in page
    assert "(1) Approvals" in page
    assert "rm -rf /srv" in page
    assert "60 min left; then it expires, and stays stopped" in page
    assert 'class="count">1<' in web.get("/dashboard/stats").text


def test_an_answer_is_confirmed_first_and_then_recorded(web: Web) -> None:
    question = asked(web)

    step = web.get(f"{PATH}/{question.approval_id}?decide=approve").text
    taken = answer(web, question, "approve", "as agreed")

    (event,) = web.store.list_events(
        web.organization, EventFilter(kinds=(EventKind.APPROVAL,))
    ).items
    assert "This very call may run, once" in step
    assert 303 == taken.status_code
    assert "approved, not used yet" in web.get(f"{PATH}/{question.approval_id}").text
    assert "ApprovalApproved" == event.tool
    assert "default (key aa_live_" in event.user


def test_an_approval_is_used_by_one_call(web: Web) -> None:
    answer(web, asked(web), "approve")

    states = [asked(web, call=call).state for call in ("c2", "c2", "c3")]

    assert [ApprovalState.APPROVED, ApprovalState.APPROVED, ApprovalState.PENDING] == states


def test_a_denial_takes_a_reason(web: Web) -> None:
    question = asked(web)

    without, with_one = answer(web, question, "deny"), answer(web, question, "deny", "production")

    assert (422, 303) == (without.status_code, with_one.status_code)
    assert ApprovalState.DENIED is asked(web, call="c2").state


def test_the_second_of_two_sees_who_decided(web: Web) -> None:
    question = asked(web)
    answer(web, question, "approve")

    second = answer(web, question, "deny", "no")

    assert 409 == second.status_code
    assert "It is approved, by default (key aa_live_" in second.text


def test_a_question_expires_which_is_no_denial(web: Web, clock: Clock) -> None:
    question = asked(web)

    clock.now += timedelta(minutes=61)
    late = answer(web, question, "approve")
    page = web.get(f"{PATH}/{question.approval_id}").text

    assert 409 == late.status_code
    assert "It has expired" in late.text
    assert "nothing was denied" in page
    assert ApprovalState.PENDING is asked(web, call="c2").state


def test_an_approval_can_be_taken_back_until_it_is_used(web: Web) -> None:
    question = asked(web)
    answer(web, question, "approve")

    back = answer(web, question, "withdraw")
    again = asked(web, call="c2")

    assert 303 == back.status_code
    assert "withdrawn" in web.get(f"{PATH}/{question.approval_id}").text
    assert ApprovalState.PENDING is again.state


def test_what_has_run_cannot_be_taken_back(web: Web) -> None:
    question = asked(web)
    answer(web, question, "approve")
    asked(web, call="c2")

    assert 409 == answer(web, question, "withdraw").status_code


def test_nobody_is_offered_to_answer_for_themselves(web: Web) -> None:
    (key,) = web.store.list_keys(web.organization)
    question = asked(web, key_id=key.id)

    page = web.get(f"{PATH}/{question.approval_id}?decide=approve").text

    assert "It is a call of your own" in page
    assert "<textarea" not in page
    assert 403 == answer(web, question, "approve").status_code


def test_an_auditor_sees_the_queue_and_cannot_answer(web: Web) -> None:
    question = asked(web)
    web.log_in(web.store.create_key(web.organization, role="auditor", name="auditor"))

    page = web.get(PATH).text

    assert "rm -rf /srv" in page
    assert "Approve once" not in page
    assert 403 == answer(web, question, "approve").status_code


def test_what_an_agent_wrote_acts_on_no_page(web: Web) -> None:
    question = asked(web, f"rm -rf / # {XSS}")
    pages = [web.get(PATH).text, web.get(f"{PATH}/{question.approval_id}").text]
    answer(web, question, "deny", XSS)
    pages += [web.get(f"{PATH}?state=decided").text, web.get(f"{PATH}/{question.approval_id}").text]

    for page in pages:
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "\u202e" not in page


def test_what_does_not_exist_is_404(web: Web) -> None:
    assert 404 == web.get(f"{PATH}/none").status_code
