"""The pages of alerts: fired ones, rules, channels; and who may do what."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentaudit_backend.alerts.guard import Guard
from agentaudit_backend.alerts.postman import Postman
from agentaudit_backend.alerts.query import filter_of
from agentaudit_backend.alerts.service import Alerting
from agentaudit_backend.store.alert_views import ChannelKind, FiredAlert, Wanted
from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.model import EventKind
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_tool_call
from tests.support.receiving import Sink, a_sink
from tests.support.web import Web, a_dashboard
from tests.unit.backend.pages.conftest import NOW, ns

ALERTS, RULES = "/dashboard/alerts", "/dashboard/alerts/rules"
CHANNELS = "/dashboard/alerts/channels"
RULE = {"name": "Risky", "query": "risk:>=high", "threshold": "1", "window": "10", "quiet": "0"}
XSS = "<script>alert(1)</script>\u202e'\"><img src=x>"


@pytest.fixture
def postman() -> Postman:
    return Postman(guard=Guard(["127.0.0.0/8"]), mail=None, public_url="https://audit.example")


@pytest.fixture
def sending(tmp_path: Path, judge: Judge, postman: Postman) -> Iterator[Web]:
    """A dashboard of a server that may send to loopback."""
    web = a_dashboard(tmp_path, judge, clock=lambda: NOW, postman=postman)
    web.log_in()
    yield web
    web.store.close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with a_sink() as opened:
        yield opened


def do(web: Web, path: str, **fields: Any) -> Any:
    return web.post(path, {"csrf": web.csrf()} | fields)


def fire(web: Web, command: str = "rm -rf /home/alice/project", **rule: Any) -> FiredAlert:
    """An alert of one call."""
    assert 303 == do(web, RULES, **RULE | {"enabled": "on"} | rule).status_code
    at = ns(NOW) - 10**9
    web.record(
        a_tool_call(call_id="c9", arguments={"command": command}, started_ns=at, ended_ns=at + 1)
    )
    while web.store.alerts.look(filter_of, NOW) >= 0:
        pass
    return web.store.alerts.fired(web.organization)[0]


def test_before_there_is_a_rule_the_page_says_what_one_is_for(empty: Web) -> None:
    page = empty.get(ALERTS).text

    assert "Be told when it matters" in page
    assert f'href="{RULES}/new"' in page


def test_a_rule_is_kept_as_it_was_asked_for(empty: Web) -> None:
    answer = do(empty, RULES, **RULE | {"threshold": "3", "quiet": "15", "enabled": "on"})

    (rule,) = empty.store.alerts.rules(empty.organization)
    expected = Wanted(
        name="Risky",
        query="risk:>=high",
        threshold=3,
        window_s=600,
        quiet_s=900,
        channels=(),
        enabled=True,
    )
    assert (303, expected) == (answer.status_code, rule.wanted)
    assert "at 3 within 10 min" in empty.get(RULES).text


def test_a_rule_is_changed_and_removed(empty: Web) -> None:
    do(empty, RULES, **RULE)
    (rule,) = empty.store.alerts.rules(empty.organization)

    do(empty, RULES, **RULE | {"rule_id": rule.rule_id, "name": "Other"})
    changed = empty.store.alerts.rules(empty.organization)[0].wanted
    do(empty, f"{RULES}/{rule.rule_id}/remove")

    assert replace(rule.wanted, name="Other") == changed
    assert () == empty.store.alerts.rules(empty.organization)


def test_a_preview_says_what_would_have_been_and_keeps_nothing(web: Web) -> None:
    page = do(web, RULES, **RULE, deed="preview").text

    assert "<b>1 event</b> would have been found, and <b>1 alert</b> fired" in page
    assert "rm -rf /home/alice/project" in page
    assert () == web.store.alerts.rules(web.organization)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("query", "riks:high", "unknown field “riks”"),
        ("query", "x" * 301, "longer than 300"),
        ("name", " ", "expected 1 to 100 characters"),
        ("threshold", "0", "expected 1 to 10,000"),
        ("threshold", "many", "expected a whole number"),
        ("window", "99999", "expected 1 to 604,800"),
        ("channels", "none", "there is no channel"),
    ],
)
def test_what_cannot_be_is_told_at_its_field_and_not_kept(
    empty: Web, field: str, value: str, told: str
) -> None:
    answer = do(empty, RULES, **RULE | {field: value})

    assert 422 == answer.status_code
    assert told in answer.text
    assert () == empty.store.alerts.rules(empty.organization)


def test_a_search_can_be_made_a_rule(empty: Web) -> None:
    page = empty.get(f"{RULES}/new?query=tool%3ABash").text

    assert 'value="tool:Bash"' in page


def test_a_fired_alert_is_listed_with_its_events(empty: Web) -> None:
    alert = fire(empty)

    listed, page = empty.get(ALERTS).text, empty.get(f"{ALERTS}/{alert.alert_id}").text

    assert "1 open" in listed
    assert "rm -rf /home/alice/project" in page
    assert "q=risk" in page
    assert "its rule names no channel" in page


def test_an_alert_is_acknowledged_once_and_that_is_recorded(empty: Web) -> None:
    alert = fire(empty)
    path = f"{ALERTS}/{alert.alert_id}"

    first = do(empty, f"{path}/acknowledge", note="asked alice")
    known = empty.store.alerts.one(empty.organization, alert.alert_id)
    reviews = EventFilter(kinds=(EventKind.REVIEW,))

    assert 303 == first.status_code
    assert known is not None
    assert "asked alice" == known.note
    assert "Nothing is open" in empty.get(ALERTS).text
    (event,) = empty.store.list_events(empty.organization, reviews).items
    assert "key aa_live_" in event.user


def test_of_two_who_acknowledge_the_second_is_told_who_was_first(empty: Web) -> None:
    alert = fire(empty)
    path = f"{ALERTS}/{alert.alert_id}/acknowledge"
    empty.store.alerts.acknowledge(
        empty.organization,
        alert.alert_id,
        by="key aa_live_other…",
        note="mine",
        now=NOW.min.replace(year=2026, tzinfo=NOW.tzinfo),
    )

    answer = do(empty, path, note="also mine")

    assert 409 == answer.status_code
    assert "key aa_live_other… acknowledged this alert" in answer.text


def test_a_webhooks_secret_is_shown_once_and_an_address_never_whole(empty: Web) -> None:
    fields = {"name": "SIEM", "kind": "webhook", "address": "https://siem.example.com/in/token"}

    page = do(empty, CHANNELS, **fields).text

    assert re.search(r"whsec_[\w+/]{43}=", page)
    assert "whsec_" not in empty.get(CHANNELS).text
    assert "/in/token" not in empty.get(CHANNELS).text


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("slack", "file:///etc/passwd"),
        ("webhook", "https://user:pw@example.com/"),
        ("webhook", "not a url"),
        ("email", "nobody"),
        ("email", "a@example.com\r\nBcc: b@example.com"),
        ("fax", "123"),
    ],
)
def test_an_address_that_cannot_be_is_refused(empty: Web, kind: str, address: str) -> None:
    answer = do(empty, CHANNELS, name="x", kind=kind, address=address)

    assert 422 == answer.status_code
    assert () == empty.store.alerts.channels(empty.organization)


def test_a_test_message_arrives_and_says_that_it_is_one(sending: Web, sink: Sink) -> None:
    do(sending, CHANNELS, name="Slack", kind="slack", address=f"{sink.url}/services/x")
    (channel,) = sending.store.alerts.channels(sending.organization)

    page = do(sending, f"{CHANNELS}/{channel.channel_id}/test").text

    assert "has arrived" in page
    assert b"TEST" in sink.posted[0].body


def test_a_test_that_fails_says_why(sending: Web, sink: Sink) -> None:
    sink.answers = [404]
    do(sending, CHANNELS, name="Slack", kind="slack", address=f"{sink.url}/services/x")
    (channel,) = sending.store.alerts.channels(sending.organization)

    page = do(sending, f"{CHANNELS}/{channel.channel_id}/test").text

    assert "did not arrive: it answered 404" in page


def test_a_dead_letter_is_sent_again_from_the_page(
    sending: Web, sink: Sink, postman: Postman
) -> None:
    do(sending, CHANNELS, name="Slack", kind="slack", address=f"{sink.url}/services/x")
    (channel,) = sending.store.alerts.channels(sending.organization)
    sink.answers = [404]
    alert = fire(sending, channels=channel.channel_id)
    Alerting(sending.store, postman).send()
    path = f"{ALERTS}/{alert.alert_id}"

    page = sending.get(path).text
    delivery = re.search(r'name="delivery" value="(\w+)"', page)
    assert delivery
    do(sending, f"{path}/again", delivery=delivery[1])
    Alerting(sending.store, postman).send()

    assert "it answered 404" in page
    assert 2 == len(sink.posted)
    assert ">sent<" in sending.get(path).text


def test_an_auditor_sees_all_and_changes_nothing(empty: Web) -> None:
    alert = fire(empty)
    empty.store.alerts.add_channel(
        empty.organization, name="c", kind=ChannelKind.EMAIL, address="a@example.com", now=NOW
    )
    (rule,) = empty.store.alerts.rules(empty.organization)
    (channel,) = empty.store.alerts.channels(empty.organization)
    empty.log_in(empty.store.create_key(empty.organization, role="auditor", name="auditor"))
    changes = [
        RULES,
        f"{RULES}/{rule.rule_id}/remove",
        CHANNELS,
        f"{CHANNELS}/{channel.channel_id}/test",
        f"{CHANNELS}/{channel.channel_id}/remove",
        f"{ALERTS}/{alert.alert_id}/acknowledge",
        f"{ALERTS}/{alert.alert_id}/again",
    ]

    read = {empty.get(path).status_code for path in (ALERTS, RULES, CHANNELS)}
    changed = {do(empty, path).status_code for path in changes}

    assert ({200}, {403}) == (read, changed)


def test_what_agents_and_people_wrote_acts_on_no_page(empty: Web) -> None:
    do(empty, CHANNELS, name=XSS, kind="email", address="a@example.com")
    (channel,) = empty.store.alerts.channels(empty.organization)
    hostile = {"name": XSS, "query": '-"<script>alert(2)</script>"', "channels": channel.channel_id}
    alert = fire(empty, f"rm -rf / # {XSS}", **hostile)
    do(empty, f"{ALERTS}/{alert.alert_id}/acknowledge", note=XSS)
    (rule,) = empty.store.alerts.rules(empty.organization)
    paths = [
        f"{ALERTS}?state=all",
        f"{ALERTS}/{alert.alert_id}",
        RULES,
        f"{RULES}/{rule.rule_id}",
        CHANNELS,
    ]

    for path in paths:
        page = empty.get(path).text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "\u202e" not in page


@pytest.mark.parametrize("path", [f"{ALERTS}/none", f"{RULES}/none"])
def test_what_does_not_exist_is_404(empty: Web, path: str) -> None:
    assert 404 == empty.get(path).status_code
