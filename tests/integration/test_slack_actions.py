"""Approve and deny from Slack: who clicked, with which signature, and what they are told."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from agentaudit_backend.alerts.guard import Guard
from agentaudit_backend.alerts.message import message_of
from agentaudit_backend.alerts.slack import slack_message
from agentaudit_backend.alerts.slack_app import APPROVE, DENY, REASON, SlackApp, signature
from agentaudit_backend.api.application import api_application
from agentaudit_backend.store.alert_views import FiredAlert
from agentaudit_backend.store.approval_views import Approval, ApprovalState
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import EventKind, RiskLevel
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Approvals
from tests.support.builders import a_tool_call, an_actor
from tests.support.receiving import Sink, a_sink
from tests.support.routes import Answer, ask
from tests.support.stores import a_store

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
JUDGE = Judge.load()
PEOPLE = {"U1": "lead@example.com", "U2": "auditor@example.com", "U3": "alice@example.com"}


class Slack:
    """What Slack does: it signs and sends."""

    def __init__(self, store: Store, sink: Sink) -> None:
        self.store = store
        self.sink = sink
        slack = SlackApp(signing_secret=SECRET, people=PEOPLE)
        guard = Guard(["127.0.0.0/8"])
        self.app = api_application(store=store, judge=JUDGE, slack=slack, guard=guard)

    def click(
        self, approval_id: str, action: str = APPROVE, *, user: str = "U1", reason: str = ""
    ) -> Answer:
        """A button is pressed, by a Slack user."""
        block = {f"{REASON}-{approval_id}": {REASON: {"value": reason or None}}}
        return self.send(
            {
                "type": "block_actions",
                "user": {"id": user, "username": "lead"},
                "actions": [{"action_id": action, "value": approval_id}],
                "state": {"values": block},
                "response_url": self.sink.url,
            }
        )

    def send(self, payload: Any, **changes: str) -> Answer:
        """A signed interaction; `changes` are headers that are not as they should be."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        at = str(int(time.time()))
        told = {
            "x-slack-request-timestamp": at,
            "x-slack-signature": signature(SECRET, at, body),
            "content-type": "application/x-www-form-urlencoded",
        }
        headers = told | {name.replace("_", "-"): value for name, value in changes.items()}
        return ask(self.app, "POST", "/v1/slack/actions", headers=headers, body=body)

    @property
    def said(self) -> list[str]:
        """What whoever clicked was told."""
        return [json.loads(each.body)["text"] for each in self.sink.posted]


@pytest.fixture
def slack(tmp_path: Path) -> Iterator[Slack]:
    with a_store(f"sqlite:///{tmp_path / 'a.db'}") as store:
        organization = store.default_organization()
        policy = replace(store.policy(organization), approvals=Approvals(up_to=RiskLevel.CRITICAL))
        store.save_policy(organization, policy, author="test", note="x")
        for role, name in (("admin", "lead@example.com"), ("auditor", "auditor@example.com")):
            store.create_key(organization, role=role, name=name)
        store.create_key(organization, role="admin", name="alice@example.com")
        with a_sink() as sink:
            yield Slack(store, sink)


def asked(slack: Slack) -> Approval:
    """Alice's agent wants to delete something."""
    store, organization = slack.store, slack.store.default_organization()
    call = a_tool_call(
        arguments={"command": "rm -rf /srv"}, actor=an_actor(user_email="alice@example.com")
    )
    event = JUDGE.examine(call).event(store.policy(organization))
    store.write(organization, [event])
    return store.approvals.ask(
        organization,
        event,
        call_key="1",
        key_id=999,
        valid=timedelta(minutes=60),
        now=datetime.now(UTC),
    )


def state_of(slack: Slack, approval: Approval) -> ApprovalState:
    organization = slack.store.default_organization()
    return slack.store.approvals.get(organization, approval.approval_id, datetime.now(UTC)).state


def test_a_click_approves_once_and_is_on_record(slack: Slack):
    approval = asked(slack)

    answer = slack.click(approval.approval_id)

    decided = EventFilter(kinds=(EventKind.APPROVAL,))
    (event,) = slack.store.list_events(slack.store.default_organization(), decided).items
    assert (200, b"") == (answer.status, answer.body)
    assert ApprovalState.APPROVED is state_of(slack, approval)
    assert ["It is approved."] == slack.said
    assert event.user.startswith("lead@example.com (key aa_live_")


def test_a_denial_needs_the_reason_that_stands_beside_the_button(slack: Slack):
    approval = asked(slack)

    slack.click(approval.approval_id, DENY)
    before = state_of(slack, approval)
    slack.click(approval.approval_id, DENY, reason="not on a Friday")

    assert ApprovalState.PENDING is before
    assert ApprovalState.DENIED is state_of(slack, approval)
    assert "needs a reason" in slack.said[0]


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ("U9", "stands for no admin"),
        ("U2", "stands for no admin"),  # an auditor
        ("U3", "a call of your own"),
    ],
)
def test_who_may_not_answer_here_may_not_there(slack: Slack, user: str, told: str):
    approval = asked(slack)

    slack.click(approval.approval_id, user=user)

    assert ApprovalState.PENDING is state_of(slack, approval)
    assert told in slack.said[0]


def test_whose_key_was_revoked_may_not_either(slack: Slack):
    approval, organization = asked(slack), slack.store.default_organization()
    key = next(k for k in slack.store.list_keys(organization) if k.name == PEOPLE["U1"])
    slack.store.revoke_key(organization, str(key.id))

    slack.click(approval.approval_id)

    assert ApprovalState.PENDING is state_of(slack, approval)


def test_the_second_click_is_told_who_was_first(slack: Slack):
    approval = asked(slack)

    slack.click(approval.approval_id)
    slack.click(approval.approval_id, DENY, reason="no")

    assert ApprovalState.APPROVED is state_of(slack, approval)
    assert "it is approved already by lead@example.com" in slack.said[1]


@pytest.mark.parametrize(
    "headers",
    [
        {"x_slack_signature": "v0=" + "0" * 64},
        {"x_slack_signature": ""},
        {"x_slack_signature": "v1=x"},
        {"x_slack_request_timestamp": "1"},
        {"x_slack_request_timestamp": ""},
        {"x_slack_request_timestamp": "9" * 11},
        pytest.param({"x_slack_request_timestamp": str(int(time.time()) - 301)}, id="too old"),
    ],
    ids=str,
)
def test_what_slack_has_not_signed_now_is_refused(slack: Slack, headers: dict[str, str]):
    approval = asked(slack)
    action = {"action_id": APPROVE, "value": approval.approval_id}
    payload = {"type": "block_actions", "user": {"id": "U1"}, "actions": [action]}

    answer = slack.send(payload, **headers)

    assert 401 == answer.status
    assert ApprovalState.PENDING is state_of(slack, approval)


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "view_submission"},
        {"type": "block_actions", "actions": [{"action_id": "alert"}]},
        [],
        {"type": "block_actions", "actions": [{"action_id": APPROVE}]},
        {"type": "block_actions", "actions": [{"action_id": APPROVE, "value": "x"}], "user": 7},
        {"type": "block_actions", "actions": "x"},
    ],
    ids=str,
)
def test_what_is_about_none_of_our_buttons_changes_nothing(slack: Slack, payload: Any):
    approval = asked(slack)

    answer = slack.send(payload)

    assert answer.status in (200, 422)
    assert ApprovalState.PENDING is state_of(slack, approval)


def test_the_example_of_slacks_own_documentation_has_its_signature():
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2F"
        b"commands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"

    assert expected == signature("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body)


def test_a_message_asks_only_where_a_click_can_be_heard_and_something_waits(slack: Slack):
    approval, organization = asked(slack), slack.store.default_organization()
    rows = slack.store.list_events(organization, EventFilter()).items
    alert = FiredAlert(
        alert_id="a",
        rule_id="r",
        rule_name="Risky",
        query="",
        fired_at=datetime.now(UTC),
        events=1,
        risk=RiskLevel.HIGH,
        acknowledged_by=None,
        acknowledged_at=None,
        note="",
        deliveries=(),
    )
    waiting = {approval.event_id: approval.approval_id}
    told = [
        json.dumps(slack_message(message, buttons=buttons))
        for buttons in (True, False)
        for message in (
            message_of(alert, rows, message_id="m", public_url="https://a", approvals=waiting),
            message_of(alert, rows, message_id="m", public_url="https://a"),
        )
    ]

    assert [True, False, False, False] == [APPROVE in text for text in told]
    assert [True, False, False, False] == [approval.approval_id in text for text in told]
