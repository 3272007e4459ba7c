"""`/v1/events` as clients of the first product use it, on a real store with the real judge."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from agentaudit_backend.store.store import Store
from tests.support.api import Api, served
from tests.support.audit_events import an_event, numbered_call, numbered_request
from tests.support.builders import a_fact, a_tool_call

FIELDS = {
    "id",
    "agent_id",
    "action",
    "data",
    "context",
    "reasoning",
    "risk_level",
    "pii_detected",
    "pii_fields",
    "frameworks",
    "created_at",
    "stored",
    "decision",
    "reason",
}


@pytest.fixture
def api(store: Store) -> Iterator[Api]:
    with served(store) as client:
        yield Api(store, client)


def test_a_posted_action_is_judged_stored_and_answered_with_every_field(api: Api) -> None:
    answer = api.post(
        data={"command": "cat /etc/passwd"},
        context={"session_id": "sess_abc123", "user_email": "alice@example.com", "branch": "main"},
        reasoning="To see who has an account",
    )

    assert set(answer) >= FIELDS
    assert ("claude-code", "shell_command") == (answer["agent_id"], answer["action"])
    assert {"command": "cat /etc/passwd"} == answer["data"]
    assert "main" == answer["context"]["branch"]
    assert "To see who has an account" == answer["reasoning"]
    assert (True, "allow", None) == (answer["stored"], answer["decision"], answer["reason"])
    assert datetime.fromisoformat(answer["created_at"]).tzinfo is not None
    assert answer == api("GET", f"/v1/events/{answer['id']}").json()
    assert "alice@example.com" == api.store.session(1, "sess_abc123").user  # type: ignore[union-attr]


def test_a_finding_is_stored_answered_and_exported_with_its_confidence(api: Api) -> None:
    event = api.post(data={"note": "pay DE89370400440532013000"})["id"]

    answered = api("GET", f"/v1/events/{event}").json()["findings"]
    exported = json.loads(api("GET", "/v1/events/export", params={"form": "jsonl"}).text)[
        "findings"
    ]

    assert ["high"] == [one["confidence"] for one in answered if one["pii"] == "iban"]
    assert ["high"] == [one["confidence"] for one in exported if one["pii"] == "iban"]


def test_personal_data_and_secrets_are_found_and_masked(api: Api) -> None:
    token = "ghp_" + "aB3dE5fG7hJ9kL1mN2" + "pQ4rS6tU8vW0xYz1A2"
    answer = api.post(data={"command": f"mail bob.miller@corp-mail.com; curl -H 'x: {token}' h.de"})

    assert (True, ["email"]) == (answer["pii_detected"], answer["pii_fields"])
    assert token not in str(answer)
    assert "bob.miller@corp-mail.com" not in str(answer)
    assert "gdpr" in answer["frameworks"]


def test_in_paranoid_mode_a_dangerous_action_is_answered_with_block(api: Api) -> None:
    rules = {"enabled": True, "block_on": "high"}
    policy = {"logging_level": "paranoid", "blocking_rules": rules}
    assert 200 == api("PUT", "/v1/org/policy", json=policy).status_code

    blocked = api.post(data={"command": "rm -rf / --no-preserve-root"})
    allowed = api.post(data={"command": "ls"})

    assert ("block", True) == (blocked["decision"], blocked["stored"])
    assert blocked["risk_level"] in ("high", "critical")
    assert blocked["reason"]
    assert ("allow", None) == (allowed["decision"], allowed["reason"])
    assert 1 == api("GET", "/v1/events/stats").json()["blocked_events"]


def test_an_event_is_answered_with_its_verdict_findings_and_controls(api: Api) -> None:
    answer = api.post(data={"command": "rm -rf src"})

    verdict, (finding,) = answer["verdict"], answer["findings"]
    assert ("high", "allow", "policy") == tuple(
        verdict[name] for name in ("risk_level", "decision", "decided_by")
    )
    assert (["1"], False, []) == (
        [verdict["policy_version"]],
        verdict["differs_from_hook"],
        verdict["not_covered"],
    )
    assert "destructive.delete_tree" == finding["rule_id"]
    assert "owasp.asi02:2026" in finding["tags"]
    for name in ("title", "where", "excerpt", "explanation", "advice", "pack"):
        assert finding[name]
    assert {"evidence", "attention"} >= {control["kind"] for control in answer["controls"]}
    assert all(control["rationale"] for control in answer["controls"])


def test_who_cannot_ask_a_person_is_told_to_stop(api: Api) -> None:
    rules = {"enabled": True, "block_on": "critical", "ask_on": "high"}
    api.put_policy(logging_level="paranoid", blocking_rules=rules)

    asked = api.post(data={"command": "rm -rf src"})

    assert ("block", "ask") == (asked["decision"], asked["context"]["verdict"])
    assert asked["reason"]


def test_an_action_of_the_clients_own_naming_keeps_its_name(api: Api) -> None:
    posted = api.post(action="database_query", data={"sql": "SELECT 1"})
    api.post(action="file_read", data={"file_path": "README.md"})

    found = api.list(action="database_query")

    assert "database_query" == posted["action"]
    assert ["database_query"] == [event["action"] for event in found["events"]]


@pytest.mark.parametrize("where", ["header", "context"])
def test_the_same_action_posted_again_is_one_event(api: Api, where: str) -> None:
    body: dict[str, Any] = {"agent_id": "a", "action": "b", "context": {"session_id": "s"}}
    headers = {"Idempotency-Key": "once"} if where == "header" else {}
    if where == "context":
        body["context"]["call_id"] = "once"

    first, second = (api("POST", "/v1/events", json=body, headers=headers) for _ in range(2))

    assert first.json()["id"] == second.json()["id"]
    assert 1 == api.list()["total"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "x"}, "agent_id"),
        ({"agent_id": "x"}, "action"),
        ({"agent_id": "", "action": "x"}, "agent_id"),
        ({"agent_id": "x", "action": "x" * 201}, "action"),
        ({"agent_id": "x", "action": "x", "data": "text"}, "data"),
        ({"agent_id": "x", "action": "x", "context": [1]}, "context"),
        ({"agent_id": "x", "action": "x", "colour": "red"}, "colour"),
        ([], "body"),
        ("text", "body"),
    ],
)
def test_a_wrong_body_is_refused_naming_the_field(api: Api, body: object, field: str) -> None:
    answer = api("POST", "/v1/events", json=body)

    assert 422 == answer.status_code
    assert [field] == [error["field"] for error in answer.json()["errors"]]
    assert field in answer.json()["detail"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"a":' * 5000])
def test_a_body_that_is_no_json_is_refused(api: Api, content: bytes) -> None:
    answer = api("POST", "/v1/events", content=content)

    assert 422 == answer.status_code
    assert answer.json()["detail"]


@pytest.mark.parametrize("is_chunked", [True, False])
def test_a_body_over_the_limit_is_refused(api: Api, is_chunked: bool) -> None:
    body = b'{"agent_id": "' + b"x" * (5 * 1024 * 1024)
    content: Any = (body[at : at + 65536] for at in range(0, len(body), 65536))

    answer = api("POST", "/v1/events", content=content if is_chunked else body)

    assert 413 == answer.status_code


def test_a_key_is_asked_for_before_the_body_is_read(api: Api) -> None:
    answer = api.client.post("/v1/events", content=b"not even JSON")

    assert 401 == answer.status_code
    assert "Bearer" == answer.headers["www-authenticate"]
    assert "agentaudit key create" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/v1/events", {"admin", "ingest"}),
        ("GET", "/v1/events", {"admin", "auditor"}),
        ("GET", "/v1/events/stats", {"admin", "auditor"}),
        ("GET", "/v1/events/some-id", {"admin", "auditor"}),
        ("GET", "/v1/org/policy", {"admin", "auditor"}),
        ("PUT", "/v1/org/policy", {"admin"}),
        ("GET", "/v1/hook/policy", {"admin", "auditor", "ingest"}),
        ("GET", "/v1/hook/events/x", {"admin", "auditor", "ingest"}),
    ],
)
def test_each_role_may_do_its_part_only(
    api: Api, method: str, path: str, allowed: set[str]
) -> None:
    answers = {role: api(method, path, role, json={}) for role in api.keys}

    assert allowed == {role for role, answer in answers.items() if answer.status_code != 403}
    refused = [answer.json()["detail"] for answer in answers.values() if answer.status_code == 403]
    assert all("role" in detail for detail in refused)


def fill(api: Api, count: int = 30) -> None:
    api.store.write(1, [an_event(numbered_call(number)) for number in range(count)])


@pytest.mark.parametrize("limit", [1, 7, 200])
def test_a_cursor_and_an_offset_lead_to_the_same_events(api: Api, limit: int) -> None:
    fill(api)
    by_cursor, by_offset, cursor = [], [], None
    while True:
        page = api.list(limit=limit, **({"cursor": cursor} if cursor else {}))
        by_cursor += [event["id"] for event in page["events"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    for offset in range(0, 30, limit):
        by_offset += [e["id"] for e in api.list(limit=limit, offset=offset)["events"]]

    assert by_cursor == by_offset
    assert (30, 30) == (len(set(by_cursor)), api.list()["total"])


def test_a_list_is_narrowed_by_every_parameter(api: Api) -> None:
    api.post(data={"command": "mail bob.miller@corp-mail.com"}, context={"session_id": "s1"})
    api.post(agent_id="codex", action="file_read", data={"file_path": "a"})

    for params in (
        {"agent_id": "claude-code"},
        {"action": "shell_command"},
        {"pii_detected": "true"},
        {"session_id": "s1"},
        {
            "agent_id": "claude-code",
            "risk_level": api.list(session_id="s1")["events"][0]["risk_level"],
        },
    ):
        assert ["claude-code"] == [e["agent_id"] for e in api.list(**params)["events"]], params


@pytest.mark.parametrize("zone", ["Z", "+00:00", ""])
def test_after_and_before_bound_the_time(api: Api, zone: str) -> None:
    fill(api, 10)  # one a minute from 14:13:20
    bounds = {"after": f"2026-09-21T14:15:20{zone}", "before": f"2026-09-21T14:18:20{zone}"}

    found = api.list(**bounds)["events"]

    times = [datetime.fromisoformat(event["created_at"]) for event in found]
    assert [17, 16, 15] == [at.astimezone(UTC).minute for at in times]
    assert 3 == api("GET", "/v1/events/stats", params=bounds).json()["total_events"]


@pytest.mark.parametrize("zone", ["Z", "+14:00", "-14:00"])
@pytest.mark.parametrize("at", ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"])
def test_times_at_the_calendars_ends_are_taken(api: Api, at: str, zone: str) -> None:
    fill(api, 3)

    for name in ("after", "before"):
        found = api.list(**{name: at + zone})["total"]
        stats = api("GET", "/v1/events/stats", params={name: at + zone})
        assert (200, found) == (stats.status_code, stats.json()["total_events"])
        assert found == (3 if (name == "after") is at.startswith("0001") else 0)


def test_the_query_language_narrows_the_list(api: Api) -> None:
    fill(api, 3)
    api.post(data={"command": "rm -rf /"})

    assert 1 == api.list(q="risk:>=high cmd:rm*")["total"]
    assert 3 == api.list(q="-risk:>=high")["total"]


def test_a_file_of_events_is_what_the_list_shows_and_is_recorded(api: Api) -> None:
    fill(api, 3)
    api.post(data={"command": "rm -rf /"})

    answer = api("GET", "/v1/events/export", params={"q": "risk:critical"}, role="auditor")

    lines = answer.text.splitlines()
    assert ["rm -rf /"] == [json.loads(line)["summary"] for line in lines]
    assert "jsonl of 1 events" in api.list(q="kind:export")["events"][0]["summary"]
    assert 403 == api("GET", "/v1/events/export", role="ingest").status_code
    table = api("GET", "/v1/events/export", params={"form": "csv", "q": "kind:tool_call"})
    assert 5 == len(table.text.splitlines())


@pytest.mark.parametrize("path", ["%00", "a%00b", "%F0%9F%A6%8A", "x" * 2000, "'%20OR%201=1"])
def test_a_strange_event_id_is_not_found(api: Api, path: str) -> None:
    assert 404 == api("GET", f"/v1/events/{path}").status_code


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "many"},
        {"offset": "-1"},
        {"offset": "10001"},
        {"cursor": "nonsense"},
        {"risk_level": "huge"},
        {"q": "riks:high"},
        {"q": "x" * 1001},
        {"pii_detected": "perhaps"},
        {"after": "yesterday"},
        {"cursor": "x", "offset": "5"},
    ],
    ids=str,
)
def test_a_wrong_parameter_is_refused_by_name(api: Api, params: dict[str, str]) -> None:
    answer = api("GET", "/v1/events", params=params)

    assert 422 == answer.status_code
    assert answer.json()["errors"][0]["field"] in params


def test_stats_count_what_the_list_shows(api: Api) -> None:
    fill(api)
    api.post(data={"command": "rm -rf /"})

    stats = api("GET", "/v1/events/stats").json()

    assert 31 == stats["total_events"] == sum(stats["by_risk_level"].values())
    assert {"claude-code": 31} == stats["by_agent"]
    assert {"shell_command": 31} == stats["by_action"]
    assert {"low", "medium", "high", "critical"} == set(stats["by_risk_level"])


def test_an_unknown_event_is_not_found(api: Api) -> None:
    answer = api("GET", "/v1/events/01JARQ5XKFBN3C8M4VG0ABCD12")

    assert 404 == answer.status_code
    assert {"detail"} == set(answer.json())


def test_a_recorded_call_shows_how_it_ended(api: Api) -> None:
    call = a_tool_call(exit_code=3, error_type="tool_error", error_message="it broke")
    api.store.write(1, [an_event(call)])

    event = api("GET", f"/v1/events/{an_event(call).event_id}").json()

    assert {"command": "echo hello"} == {"command": event["data"]["command"]}
    assert {"stdout": "hello", "stderr": ""} == event["data"]["result"]
    assert "it broke" == event["data"]["error"]
    shown = event["context"]
    assert ("toolu_1", "ended", 3) == (shown["call_id"], shown["phase"], shown["exit_code"])
    assert ("alice@example.com", "alice", "lap-7") == (
        shown["user_email"],
        shown["os_user"],
        shown["hostname"],
    )


def test_a_fact_has_no_call_id_and_a_pending_call_says_so(api: Api) -> None:
    fact, asked = an_event(a_fact()), an_event(numbered_request(3))
    api.store.write(1, [fact, asked])

    shown = [api("GET", f"/v1/events/{e.event_id}").json()["context"] for e in (fact, asked)]

    assert "call_id" not in shown[0]
    assert "requested" == shown[1]["phase"]


@pytest.mark.parametrize("text", ["\x00", "\ud800", "'; DROP TABLE event; --", "🦊", "\u202e"])
def test_hostile_text_is_answered_as_valid_json(api: Api, text: str) -> None:
    body = {"agent_id": "a" + text, "action": "b" + text, "data": {"command": text}}
    answer = api("POST", "/v1/events", content=json.dumps(body))

    assert answer.status_code in (201, 422)
    answer.json()
    assert 200 == api("GET", "/v1/events").status_code


def test_an_ingest_key_reads_no_event_by_naming_its_call(api: Api) -> None:
    call = a_tool_call(arguments={"command": "cat private-plan.txt"}, result={"stdout": "the plan"})
    api.store.write(api.store.default_organization(), [an_event(call)])
    context = {"session_id": "session-1", "call_id": "toolu_1"}
    body = {"agent_id": "x", "action": "shell_command", "context": context}

    answer = api("POST", "/v1/events", role="ingest", json=body)

    assert 409 == answer.status_code
    assert "plan" not in answer.text


def test_another_action_gets_no_verdict_of_an_earlier_one(api: Api) -> None:
    def post(command: str) -> httpx.Response:
        body = {"agent_id": "x", "action": "shell_command", "data": {"command": command}}
        return api("POST", "/v1/events", json=body, headers={"Idempotency-Key": "1"})

    statuses = [post(command).status_code for command in ("ls", "rm -rf /", "ls")]

    assert [201, 409, 201] == statuses
    assert 1 == api.list()["total"]
