"""Alerts over the API: rules, channels, what was fired; and who may."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from agentaudit_backend.alerts.query import filter_of
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import EventKind
from tests.support.api import Api, served

RULE = {"name": "Risky", "query": "risk:>=high", "quiet_s": 0}


@pytest.fixture
def api(store: Store) -> Iterator[Api]:
    with served(store) as client:
        yield Api(store, client)


def made(api: Api, path: str, **body: Any) -> Any:
    answer = api("POST", path, json=body)
    assert 201 == answer.status_code, answer.text
    return answer.json()


def test_a_rule_with_a_channel_fires_and_is_acknowledged(api: Api) -> None:
    channel = made(api, "/v1/alerts/channels", name="mail", kind="email", address="a@example.com")
    rule = made(api, "/v1/alerts/rules", **RULE, channels=[channel["id"]])

    api.post(data={"command": "rm -rf /"})
    while api.store.alerts.look(filter_of, datetime.now(UTC)) >= 0:
        pass
    (alert,) = api("GET", "/v1/alerts", params={"state": "open"}).json()["alerts"]
    known = api("POST", f"/v1/alerts/{alert['id']}/acknowledge", json={"note": "mine"}).json()
    again = api("POST", f"/v1/alerts/{alert['id']}/acknowledge", json={"note": "no, mine"}).json()

    assert (rule["id"], 1, "waiting") == (
        alert["rule_id"],
        alert["events"],
        alert["deliveries"][0]["state"],
    )
    assert known == again
    assert "mine" == known["note"]
    assert [] == api("GET", "/v1/alerts", params={"state": "open"}).json()["alerts"]


def test_a_rule_is_changed_and_removed_and_each_is_recorded(api: Api) -> None:
    rule = made(api, "/v1/alerts/rules", **RULE)
    path = f"/v1/alerts/rules/{rule['id']}"

    changed = api("PUT", path, json=RULE | {"threshold": 5}).json()
    removed = api("DELETE", path)

    assert (5, 204) == (changed["threshold"], removed.status_code)
    assert {"rules": []} == api("GET", "/v1/alerts/rules").json()
    assert 404 == api("DELETE", path).status_code
    recorded = api.store.list_events(
        api.store.default_organization(), EventFilter(kinds=(EventKind.CONFIG_CHANGE,))
    )
    assert {"AlertRuleMade", "AlertRuleChanged", "AlertRuleRemoved"} == {
        event.tool for event in recorded.items
    }


def test_a_channel_tells_its_secret_once_and_its_address_never(api: Api) -> None:
    channel = made(
        api, "/v1/alerts/channels", name="w", kind="webhook", address="https://a.example/t0ken"
    )

    listed = api("GET", "/v1/alerts/channels").text

    assert channel["secret"].startswith("whsec_")
    assert "whsec_" not in listed
    assert "t0ken" not in listed
    assert 204 == api("DELETE", f"/v1/alerts/channels/{channel['id']}").status_code


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("rules", RULE | {"query": "riks:high"}, "query"),
        ("rules", RULE | {"threshold": 0}, "threshold"),
        ("rules", RULE | {"channels": ["none"]}, "channels"),
        ("rules", {"query": ""}, "name"),
        ("channels", {"name": "x", "kind": "slack", "address": "ftp://x"}, "address"),
        ("channels", {"name": "x", "kind": "pager", "address": "x"}, "kind"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    api: Api, path: str, body: dict[str, Any], field: str
) -> None:
    answer = api("POST", f"/v1/alerts/{path}", json=body)

    assert 422 == answer.status_code
    assert field in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/alerts/rules"),
        ("PUT", "/v1/alerts/rules/x"),
        ("DELETE", "/v1/alerts/rules/x"),
        ("POST", "/v1/alerts/channels"),
        ("DELETE", "/v1/alerts/channels/x"),
        ("POST", "/v1/alerts/x/acknowledge"),
    ],
)
def test_only_an_admin_changes(api: Api, method: str, path: str) -> None:
    assert {403} == {api(method, path, role, json={}).status_code for role in ("auditor", "ingest")}


@pytest.mark.parametrize("path", ["", "/rules", "/channels"])
def test_an_auditor_reads_and_a_laptop_does_not(api: Api, path: str) -> None:
    statuses = [api("GET", f"/v1/alerts{path}", role).status_code for role in ("auditor", "ingest")]

    assert [200, 403] == statuses
