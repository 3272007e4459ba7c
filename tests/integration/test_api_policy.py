"""`/v1/org/policy` and `/v1/hook/policy`."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import EventKind
from agentaudit_processor.policy_bundle import policy_of_bundle
from tests.support.api import Api, served
from tests.support.packs import OWN_PACK


@pytest.fixture
def api(store: Store) -> Iterator[Api]:
    with served(store) as client:
        yield Api(store, client)


def test_the_first_policy_keeps_everything_and_blocks_nothing(api: Api) -> None:
    policy = api("GET", "/v1/org/policy").json()

    assert "full" == policy["logging_level"]
    assert {"enabled": False, "block_on": "high", "ask_on": None} == policy["blocking_rules"]
    on = {name for name, wanted in policy["frameworks"].items() if wanted}
    assert {"gdpr", "ai_act", "soc2"} == on


def test_a_change_leaves_alone_what_it_does_not_name(api: Api) -> None:
    api.put_policy(blocking_rules={"block_on": "critical"})
    api.put_policy(frameworks={"soc2": False})

    policy = api.put_policy(logging_level="paranoid")

    assert 4 == policy["version"]
    assert {"enabled": False, "block_on": "critical", "ask_on": None} == policy["blocking_rules"]
    assert (True, True, False) == tuple(policy["frameworks"][n] for n in ("gdpr", "ai_act", "soc2"))
    assert policy == api("GET", "/v1/org/policy").json()


@pytest.mark.parametrize("names", [["gdpr", "ai_act"], ["gdpr", "eu_ai_act"]])
def test_a_list_of_frameworks_means_these_and_no_others(api: Api, names: list[str]) -> None:
    frameworks = api.put_policy(frameworks=names)["frameworks"]

    assert {"gdpr", "ai_act"} == {name for name, wanted in frameworks.items() if wanted}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"logging_level": "loud"}, "logging_level"),
        ({"blocking_rules": {"block_on": "huge"}}, "blocking_rules.block_on"),
        ({"blocking_rules": {"enabled": "often"}}, "blocking_rules.enabled"),
        ({"blocking_rules": {"colour": "red"}}, "blocking_rules.colour"),
        ({"frameworks": {"gdpr": "often"}}, "frameworks.gdpr"),
        ({"frameworks": {"magic": True}}, "frameworks"),
        ({"frameworks": ["magic"]}, "frameworks"),
        ({"retention_days": 9}, "retention_days"),
        ({"exemptions": [{"id": "e"}]}, "exemptions[0].rule"),
        ({"capture": {"prompts": "some"}}, "capture.prompts"),
        ({"note": "x" * 501}, "note"),
        ({"flags": ["moon"]}, "flags"),
        ({"rule_answers": {"pii.moon": "ask"}}, "rule_answers.pii.moon"),
        ({"packs": ["pack: pii"]}, "packs[0]"),
        ({"packs": [OWN_PACK.replace("no_match", "never")]}, "packs[0]"),
    ],
)
def test_a_wrong_change_is_refused_naming_the_field(
    api: Api, change: dict[str, Any], field: str
) -> None:
    answer = api("PUT", "/v1/org/policy", json=change)

    assert 422 == answer.status_code
    assert field == answer.json()["errors"][0]["field"]
    assert 1 == api.store.policy(api.store.default_organization()).version


def test_everything_that_is_wrong_in_a_change_is_told(api: Api) -> None:
    change = {
        "logging_level": "loud",
        "retention": {"event_days": 0},
        "rule_answers": {"no": "ask"},
    }

    told = api("PUT", "/v1/org/policy", json=change).json()

    fields = [error["field"] for error in told["errors"]]
    assert ["logging_level", "retention.event_days", "rule_answers.no"] == fields
    assert all(error["message"] in told["detail"] for error in told["errors"])


def test_a_body_that_is_no_object_is_refused(api: Api) -> None:
    for body in ("[]", "{", "[" * 100_000):
        answer = api("PUT", "/v1/org/policy", content=body)

        assert (422, ["body"]) == (
            answer.status_code,
            [e["field"] for e in answer.json()["errors"]],
        )


def test_every_field_can_be_set_and_is_answered_and_given_to_hooks(api: Api) -> None:
    change = {
        "blocking_rules": {"ask_on": "medium"},
        "rule_answers": {"destructive.delete_tree": "ask"},
        "tool_answers": {"mcp__*": "ask"},
        "exemptions": [
            {
                "id": "migration",
                "rule": "destructive.*",
                "owner": "alice",
                "reason": "tables move",
                "expires": "2027-01-01T00:00:00Z",
                "command": "psql *",
            }
        ],
        "flags": ["hipaa"],
        "on_failure": "closed",
        "require_remote_record": True,
        "redact_output": True,
        "capture": {"prompts": "off", "never_paths": ["*.pem"]},
    }

    answer = api.put_policy(**change)

    hooks = api("GET", "/v1/hook/policy", "ingest").json()
    for name, value in change.items():
        for told in (answer, hooks):
            merged = isinstance(value, dict) and name in ("blocking_rules", "capture")
            assert value == ({k: told[name][k] for k in value} if merged else told[name])
    assert answer["capture"]["arguments"] == "full"
    kept = api.put_policy(blocking_rules={"block_on": "critical", "enabled": None})
    assert kept["blocking_rules"] == {"enabled": False, "block_on": "critical", "ask_on": "medium"}
    assert kept["exemptions"] == change["exemptions"]


def test_a_pack_of_the_policy_is_judged_by_at_once(api: Api) -> None:
    blocking = {"enabled": True, "block_on": "high"}
    api.put_policy(logging_level="paranoid", blocking_rules=blocking, packs=[OWN_PACK])

    posted = api.post(data={"command": "ledgerctl post 7"})

    assert ("block", "high") == (posted["decision"], posted["risk_level"])
    (event,) = api.store.list_events(1, EventFilter(kinds=(EventKind.POLICY_CHANGE,))).items
    detail = api.store.event(1, event.event_id)
    assert detail is not None
    assert "ledgerctl" not in str(detail.arguments)


def test_a_change_is_itself_an_event_that_says_who_and_what(api: Api, store: Store) -> None:
    api.put_policy(logging_level="paranoid", note="as agreed on Monday")

    where = EventFilter(kinds=(EventKind.POLICY_CHANGE,))
    (row,) = store.list_events(1, where).items
    detail = store.event(1, row.event_id)

    assert detail is not None
    assert row.user.startswith("aa_live_")
    assert {
        "version": 2,
        "changed": {"logging_level": ["full", "paranoid"]},
        "note": "as agreed on Monday",
    } == detail.arguments
    assert () == store.sessions(1, EventFilter()).items


def test_a_hook_gets_the_policy_once_and_then_not_modified(api: Api) -> None:
    api.put_policy(logging_level="paranoid", blocking_rules={"enabled": True})

    first = api("GET", "/v1/hook/policy")
    again = api("GET", "/v1/hook/policy", headers={"If-None-Match": first.headers["etag"]})
    api.put_policy(blocking_rules={"enabled": False})
    changed = api("GET", "/v1/hook/policy", headers={"If-None-Match": first.headers["etag"]})

    body = first.json()
    assert 32 == len(bytes.fromhex(body["digest_key"]))
    assert (2, "paranoid") == (body["version"], body["logging_level"])
    assert ["gdpr", "eu_ai_act", "soc2"] == body["frameworks"]
    assert {"enabled": True, "block_on": "high", "ask_on": None} == body["blocking_rules"]
    policy = api.store.policy(api.store.default_organization())
    assert replace(policy, version=2, blocking_enabled=True) == policy_of_bundle(
        body, api.keys["admin"]
    )
    assert (304, b"") == (again.status_code, again.content)
    assert (200, 3) == (changed.status_code, changed.json()["version"])


def test_health_says_whether_the_database_answers(api: Api) -> None:
    healthy = api.client.get("/health")
    broken = Store.open("postgresql://nobody@/nothing?host=/nonexistent")
    with served(broken) as other:
        sick, alive = other.get("/health"), other.get("/health/live")
    broken.close()

    assert (200, "ok") == (healthy.status_code, healthy.json()["status"])
    assert (503, "unavailable") == (sick.status_code, sick.json()["status"])
    assert 200 == alive.status_code


def test_a_database_that_is_away_is_answered_with_try_again() -> None:
    broken = Store.open("postgresql://nobody@/nothing?host=/nonexistent")
    headers = {"Authorization": "Bearer aa_live_" + "x" * 40}
    with served(broken) as client:
        answer = client.get("/v1/events", headers=headers)
    broken.close()

    assert 503 == answer.status_code
    assert "2" == answer.headers["retry-after"]
    assert "nobody" not in answer.text


def test_of_changes_at_the_same_time_none_is_lost(api: Api) -> None:
    names = list(api("GET", "/v1/org/policy").json()["frameworks"])[:8]

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: api.put_policy(frameworks={name: name == "hipaa"}), names))

    policy = api("GET", "/v1/org/policy").json()
    assert 1 + len(names) == policy["version"]
    assert [] == [name for name in names if policy["frameworks"][name]]


def test_a_change_that_cannot_be_recorded_is_not_made(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_more: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("agentaudit_backend.store.ingest._append_leaves", broken)

    answer = api("PUT", "/v1/org/policy", json={"logging_level": "minimal"})

    assert (500, "no-store") == (answer.status_code, answer.headers["cache-control"])
    assert "disk" not in answer.json()["detail"]
    assert 1 == api.store.policy(api.store.default_organization()).version


@pytest.mark.parametrize("path", ["/v1/events", "/v1/events/x", "/v1/nothing", "/health"])
def test_no_answer_may_be_kept_or_framed_or_guessed(api: Api, path: str) -> None:
    headers = api("GET", path).headers

    assert "no-store" == headers["cache-control"]
    assert "nosniff" == headers["x-content-type-options"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
