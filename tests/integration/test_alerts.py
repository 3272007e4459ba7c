"""Alerts, from what is recorded to what arrives: both databases, real receivers."""

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentaudit_backend.alerts.guard import Guard
from agentaudit_backend.alerts.mail import mail_server
from agentaudit_backend.alerts.postman import Postman
from agentaudit_backend.alerts.query import filter_of
from agentaudit_backend.alerts.service import WAITS, Alerting
from agentaudit_backend.alerts.webhook import shown_secret
from agentaudit_backend.store.alert_views import (
    Channel,
    ChannelKind,
    DeliveryState,
    FiredAlert,
    Rule,
    Wanted,
)
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import AuditEvent, Phase, RiskLevel
from tests.support.audit_events import an_event
from tests.support.builders import a_tool_call
from tests.support.receiving import Mailbox, Sink, a_mailbox, a_sink

NOW = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with a_sink() as opened:
        yield opened


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with a_mailbox() as opened:
        yield opened


def ns(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000_000


def a_risky(call_id: str, at: datetime = NOW, **fields: Any) -> AuditEvent:
    call = a_tool_call(call_id=call_id, started_ns=ns(at), ended_ns=ns(at) + 1)
    return an_event(call, **{"risk": RiskLevel.HIGH, "summary": f"rm -rf {call_id}"} | fields)


def a_rule(store: Store, **fields: Any) -> Rule:
    usual = {
        "name": "Risky",
        "query": "risk:>=high",
        "threshold": 1,
        "window_s": 600,
        "quiet_s": 0,
        "channels": (),
        "enabled": True,
    }
    wanted = Wanted(**usual | fields)
    return store.alerts.add_rule(store.default_organization(), wanted, "test", NOW)


def a_channel(store: Store, kind: ChannelKind, address: str) -> Channel:
    return store.alerts.add_channel(
        store.default_organization(), name="on call", kind=kind, address=address, now=NOW
    )


def record(store: Store, *events: AuditEvent) -> None:
    store.write(store.default_organization(), events)


def look(store: Store, now: datetime = NOW) -> tuple[FiredAlert, ...]:
    while store.alerts.look(filter_of, now) >= 0:
        pass
    return store.alerts.fired(store.default_organization())


def a_postman(mail_url: str | None = None, allowed: tuple[str, ...] = LOOPBACK) -> Postman:
    mail = mail_server(mail_url, "audit@example.com") if mail_url else None
    return Postman(guard=Guard(allowed), mail=mail, public_url="https://audit.example.com")


def sent(store: Store, postman: Postman) -> FiredAlert:
    """Fire for one Event, send what is due, and give what became of it."""
    record(store, a_risky("one"))
    look(store)
    Alerting(store, postman).send()
    (alert,) = store.alerts.fired(store.default_organization())
    return alert


# --- what fires ----------------------------------------------------------------------------------
def test_an_event_that_the_query_finds_fires(store: Store) -> None:
    rule = a_rule(store)

    record(store, a_risky("one"), a_risky("two", risk=RiskLevel.LOW))
    (alert,) = look(store)

    assert (rule.rule_id, 1, RiskLevel.HIGH) == (alert.rule_id, alert.events, alert.risk)
    (event,) = store.alerts.events_of(store.default_organization(), alert.alert_id, 5)
    assert "rm -rf one" == event.summary


def test_what_was_there_before_the_rule_does_not_fire(store: Store) -> None:
    record(store, a_risky("before"))

    a_rule(store)

    assert () == look(store)


def test_a_call_that_ends_is_not_found_a_second_time(store: Store) -> None:
    a_rule(store)
    ended = a_risky("one")
    requested = an_event(
        a_tool_call(call_id="one", phase=Phase.REQUESTED, started_ns=ns(NOW), ended_ns=None),
        risk=RiskLevel.HIGH,
    )

    record(store, requested)
    look(store)
    record(store, ended)

    assert 1 == len(look(store))


def test_a_threshold_waits_for_as_many_within_the_window(store: Store) -> None:
    a_rule(store, threshold=3, window_s=60)

    record(store, a_risky("1", NOW), a_risky("2", NOW + timedelta(seconds=10)))
    assert () == look(store)
    record(store, a_risky("late", NOW + timedelta(seconds=65)))
    assert () == look(store)
    record(store, a_risky("3", NOW + timedelta(seconds=66)))

    (alert,) = look(store)
    assert 3 == alert.events


def test_a_window_and_a_quiet_time_go_on_over_a_restart(store: Store, database_url: str) -> None:
    a_rule(store, threshold=3, window_s=600, quiet_s=900)
    record(store, a_risky("1"), a_risky("2"))
    before = look(store)
    restarted = Store.open(database_url)
    try:
        record(restarted, a_risky("3"))
        (fired,) = look(restarted, NOW + timedelta(seconds=30))
    finally:
        restarted.close()
    record(store, a_risky("4"))
    (after,) = look(store, NOW + timedelta(minutes=10))

    assert ((), 3) == (before, fired.events)
    assert (fired.alert_id, 4) == (after.alert_id, after.events)


def test_what_comes_late_and_together_is_told_whole(store: Store) -> None:
    a_rule(store, window_s=60)

    record(store, *(a_risky(str(day), NOW - timedelta(days=day)) for day in range(5)))

    (alert,) = look(store)
    assert 5 == alert.events


def test_events_too_far_from_each_other_are_not_told_with_those_close_by(store: Store) -> None:
    a_rule(store, threshold=2, window_s=60)
    seconds = (0, 500, 510, 900, 1300, 1310, 1320)

    record(store, *(a_risky(str(each), NOW + timedelta(seconds=each)) for each in seconds))

    (alert,) = look(store)
    found = store.alerts.events_of(store.default_organization(), alert.alert_id, 20)
    assert {"rm -rf 510", "rm -rf 500", "rm -rf 1300", "rm -rf 1310", "rm -rf 1320"} == {
        event.summary for event in found
    }


def test_while_it_is_quiet_events_are_counted_with_the_alert(store: Store) -> None:
    a_rule(store, quiet_s=900)

    record(store, a_risky("1"))
    look(store, NOW)
    record(store, a_risky("2", risk=RiskLevel.CRITICAL), a_risky("3"))
    (alert,) = look(store, NOW + timedelta(minutes=5))
    record(store, a_risky("4"))
    alerts = look(store, NOW + timedelta(minutes=16))

    assert (3, RiskLevel.CRITICAL) == (alert.events, alert.risk)
    assert [1, 3] == [each.events for each in alerts]


def test_two_servers_that_look_at_once_fire_once(store: Store) -> None:
    a_rule(store)
    record(store, a_risky("one"))

    fired = [store.alerts.look(filter_of, NOW) for _ in range(3)]

    assert [1, -1, -1] == fired


def test_a_rule_that_is_off_looks_at_nothing_even_later(store: Store) -> None:
    rule = a_rule(store, enabled=False)
    organization = store.default_organization()

    record(store, a_risky("while off"))
    on = Wanted(**{n: getattr(rule.wanted, n) for n in Wanted.__slots__} | {"enabled": True})
    store.alerts.change_rule(organization, rule.rule_id, on, "test", NOW)

    assert () == look(store)


def test_many_events_are_looked_at_in_steps(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentaudit_backend.store.alert_matching.LEAVES_AT_ONCE", 7)
    a_rule(store, threshold=20)

    record(store, *(a_risky(str(number)) for number in range(20)))

    (alert,) = look(store)
    assert 20 == alert.events


# --- what arrives --------------------------------------------------------------------------------
def test_a_webhook_gets_a_signed_cloud_event(store: Store, sink: Sink) -> None:
    channel = a_channel(store, ChannelKind.WEBHOOK, f"{sink.url}/hooks?team=1")
    a_rule(store, channels=(channel.channel_id,))

    alert = sent(store, a_postman())

    (posted,) = sink.posted
    told = json.loads(posted.body)
    assert "/hooks?team=1" == posted.path
    assert "application/cloudevents+json; charset=utf-8" == posted.headers["content-type"]
    assert ("1.0", "io.agentaudit.alert.fired.v1") == (told["specversion"], told["type"])
    assert ("high", "rm -rf one") == (
        told["data"]["risk_level"],
        told["data"]["first"][0]["summary"],
    )
    assert DeliveryState.SENT is alert.deliveries[0].state
    key = b64decode(shown_secret(channel.secret).removeprefix("whsec_"))
    signed = b".".join(
        [
            posted.headers["webhook-id"].encode(),
            posted.headers["webhook-timestamp"].encode(),
            posted.body,
        ]
    )
    expected = b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert f"v1,{expected}" == posted.headers["webhook-signature"]


def test_slack_gets_who_what_and_a_link(store: Store, sink: Sink) -> None:
    channel = a_channel(store, ChannelKind.SLACK, f"{sink.url}/services/T/B/x")
    a_rule(store, channels=(channel.channel_id,))

    alert = sent(store, a_postman())

    told = json.loads(sink.posted[0].body)
    text = json.dumps(told["blocks"])
    assert "HIGH · Risky · 1 event" == told["text"]
    assert all(each in text for each in ("alice@example.com", "rm -rf one", "shell_command"))
    assert f"https://audit.example.com/dashboard/alerts/{alert.alert_id}" in text


def test_everybody_named_gets_a_letter(store: Store, mailbox: Mailbox) -> None:
    channel = a_channel(store, ChannelKind.EMAIL, "ann@example.com, bob@example.com")
    a_rule(store, channels=(channel.channel_id,))

    sent(store, a_postman(mailbox.url))

    (letter,) = mailbox.letters
    assert [["ann@example.com", "bob@example.com"]] == mailbox.to
    assert "[AgenticAudit] HIGH · Risky · 1 event" == letter["Subject"]
    assert "rm -rf one" in letter.get_content()


# --- what goes wrong -----------------------------------------------------------------------------
def test_a_message_that_fails_is_sent_again_with_the_same_id(store: Store, sink: Sink) -> None:
    channel = a_channel(store, ChannelKind.WEBHOOK, sink.url)
    a_rule(store, channels=(channel.channel_id,))
    sink.answers = [503]

    waiting = sent(store, a_postman()).deliveries[0]
    again = store.alerts.take(waiting.due_at)
    assert again is not None
    service = Alerting(store, a_postman())
    service._send(again)

    assert (DeliveryState.WAITING, "it answered 503") == (waiting.state, waiting.problem)
    assert 2 == len(sink.posted)
    assert 1 == len({each.headers["webhook-id"] for each in sink.posted})
    (alert,) = store.alerts.fired(store.default_organization())
    assert (DeliveryState.SENT, 2) == (alert.deliveries[0].state, alert.deliveries[0].attempts)


def test_after_the_last_attempt_it_is_a_dead_letter_that_can_be_sent_again(
    store: Store, sink: Sink
) -> None:
    channel = a_channel(store, ChannelKind.WEBHOOK, sink.url)
    a_rule(store, channels=(channel.channel_id,))
    sink.answers = [500] * (len(WAITS) + 1)
    organization = store.default_organization()

    alert = sent(store, a_postman())
    service = Alerting(store, a_postman())
    for _ in WAITS:
        due = store.alerts.take(datetime.now(UTC) + timedelta(days=2))
        assert due is not None
        service._send(due)
    (given_up,) = store.alerts.fired(organization)

    assert DeliveryState.FAILED is given_up.deliveries[0].state
    assert (0, 1) == store.alerts.outbox(organization)
    assert store.alerts.take(datetime.now(UTC) + timedelta(days=9)) is None
    assert store.alerts.again(organization, alert.deliveries[0].delivery_id, datetime.now(UTC))
    assert (1, 0) == store.alerts.outbox(organization)
    service.send()
    (alert,) = store.alerts.fired(organization)
    assert DeliveryState.SENT is alert.deliveries[0].state


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(store: Store, sink: Sink, status: int) -> None:
    channel = a_channel(store, ChannelKind.WEBHOOK, f"{sink.url}/first")
    a_rule(store, channels=(channel.channel_id,))
    sink.answers, sink.location = [status], f"{sink.url}/second"

    delivery = sent(store, a_postman()).deliveries[0]

    assert ["/first"] == [each.path for each in sink.posted]
    assert f"it answered {status}" == delivery.problem


def test_a_private_address_is_not_reached_unless_it_is_allowed(store: Store, sink: Sink) -> None:
    channel = a_channel(store, ChannelKind.WEBHOOK, sink.url)
    a_rule(store, channels=(channel.channel_id,))

    delivery = sent(store, a_postman(allowed=())).deliveries[0]

    assert [] == sink.posted
    assert DeliveryState.FAILED is delivery.state
    assert "private network" in (delivery.problem or "")


def test_a_mail_server_that_is_busy_gets_the_letter_later(store: Store, mailbox: Mailbox) -> None:
    channel = a_channel(store, ChannelKind.EMAIL, "ann@example.com")
    a_rule(store, channels=(channel.channel_id,))
    mailbox.refuse = True

    delivery = sent(store, a_postman(mailbox.url)).deliveries[0]

    assert DeliveryState.WAITING is delivery.state
    assert "the mail server: SMTPDataError" == delivery.problem


def test_what_waits_for_a_removed_channel_is_given_up(store: Store, sink: Sink) -> None:
    channel = a_channel(store, ChannelKind.WEBHOOK, sink.url)
    a_rule(store, channels=(channel.channel_id,))
    record(store, a_risky("one"))
    look(store)

    store.alerts.remove_channel(store.default_organization(), channel.channel_id, NOW)
    Alerting(store, a_postman()).send()

    (alert,) = store.alerts.fired(store.default_organization())
    assert [] == sink.posted
    assert "the channel was removed" == alert.deliveries[0].problem


def test_the_threads_of_the_server_look_and_send(store: Store, sink: Sink) -> None:
    channel = a_channel(store, ChannelKind.WEBHOOK, sink.url)
    a_rule(store, channels=(channel.channel_id,))
    service = Alerting(store, a_postman(), look_s=0.02)
    service.start()

    record(store, a_risky("one"))
    deadline = datetime.now(UTC) + timedelta(seconds=20)
    while not sink.posted and datetime.now(UTC) < deadline:
        service._stopping.wait(0.02)
    service.stop()

    assert 1 == len(sink.posted)
