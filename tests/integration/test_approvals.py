"""A stopped call, a person, and the call again: a real hook and its relay against a real server."""

import re
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.support.hook import HookHome, a_hook_home, eventually, payload
from tests.support.server import RunningServer

COMMAND = "rm -rf /home/alice/project"
PARANOID = {
    "logging_level": "paranoid",
    "blocking_rules": {"enabled": True, "block_on": "high"},
    "approvals": {
        "up_to": "critical",
        "rules": [],
        "wait_seconds": 0,
        "approvers": [],
        "self_approval": False,
    },
}


class Office:
    """A server with a policy, people who answer, and a developer's hook."""

    def __init__(self, server: RunningServer, hook: HookHome) -> None:
        self.server = server
        self.hook = hook

    def ask(self, method: str, path: str, key: str = "", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key or self.server.key}"}
        return httpx.request(method, f"{self.server.url}{path}", headers=headers, **more)

    def policy(self, **change: Any) -> None:
        told = self.ask("PUT", "/v1/org/policy", json=PARANOID | change)
        assert 200 == told.status_code, told.text

    def call(self, call_id: str, command: str = COMMAND) -> str:
        """What the agent is told about a call that is about to run; "" lets it run."""
        told = payload("PreToolUse-Bash", tool_use_id=call_id, tool_input={"command": command})
        return self.hook.tell("pre", told).stdout.decode()

    def pending(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", "/v1/approvals").json()["approvals"]
        return found

    def answer(self, approval_id: str, **told: str) -> httpx.Response:
        return self.ask("POST", f"/v1/approvals/{approval_id}", json=told)

    def events(self, query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", "/v1/events", params={"q": query}).json()
        return found["events"] if isinstance(found, dict) else found

    def has_run_approved(self, command: str) -> bool:
        """Whether a call of this command is recorded as approved."""
        return bool(self.events(f'kind:tool_call decision:approved "{command}"'))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    started = RunningServer(tmp_path_factory.mktemp("approvals"))
    started.start()
    yield started
    started.stop()


@pytest.fixture
def office(server: RunningServer, tmp_path: Path) -> Iterator[Office]:
    with a_hook_home(tmp_path, server.url, key=new_key(server, "ingest", "laptop")) as hook:
        office = Office(server, hook)
        office.policy()
        yield office
        for left in office.pending():
            office.answer(left["id"], decision="deny", note="the test is over")


def new_key(server: RunningServer, role: str, name: str) -> str:
    made = server.run_command("key", "create", "--role", role, "--name", name)
    found = re.search(r"aa_live_\w+", made.stdout)
    assert found, made
    return found[0]


def test_a_call_is_stopped_approved_and_runs_when_it_is_tried_again(office: Office) -> None:
    command = "rm -rf /home/alice/again"

    first = office.call("a1", command)
    (question,) = office.pending()
    office.answer(question["id"], decision="approve", note="on purpose")
    second, third = office.call("a2", command), office.call("a3", command)

    assert f"/dashboard/approvals/{question['id']}" in first
    assert (command, "alice@example.com") == (question["summary"], question["user"])
    assert "" == second
    assert "Waits for a person" in third


def test_another_call_does_not_run_on_it(office: Office) -> None:
    office.call("b1", "rm -rf /home/alice/this")
    (question,) = office.pending()

    office.answer(question["id"], decision="approve")

    assert "deny" in office.call("b2", "rm -rf /home/alice/that")


def test_who_waits_is_answered_while_waiting(office: Office) -> None:
    office.policy(approvals=PARANOID["approvals"] | {"wait_seconds": 8})
    told: list[str] = []
    waiting = Thread(target=lambda: told.append(office.call("c1", "rm -rf /home/alice/wait")))

    waiting.start()
    assert eventually(office.pending)
    office.answer(office.pending()[0]["id"], decision="approve")
    waiting.join()

    assert [""] == told
    assert eventually(lambda: office.has_run_approved("rm -rf /home/alice/wait"))


def test_a_denial_is_told_with_its_reason_and_asks_nobody_again(office: Office) -> None:
    command = "rm -rf /home/alice/no"
    office.call("d1", command)
    (question,) = office.pending()

    office.answer(question["id"], decision="deny", note="that is production")
    told = office.call("d2", command)

    assert "Denied by default" in told
    assert "that is production" in told
    assert [] == office.pending()


def test_of_two_who_answer_the_second_is_told_who_decided(office: Office) -> None:
    office.call("e1", "rm -rf /home/alice/two")
    (question,) = office.pending()

    first = office.answer(question["id"], decision="approve")
    second = office.answer(question["id"], decision="deny", note="no")

    assert (200, 409) == (first.status_code, second.status_code)
    assert "approved already by default" in second.text


def test_nobody_answers_for_themselves_unless_the_policy_lets_them(office: Office) -> None:
    own = new_key(office.server, "admin", "Alice@example.com")
    office.call("f1", "rm -rf /home/alice/own")
    (question,) = office.pending()
    path, told = f"/v1/approvals/{question['id']}", {"decision": "approve"}

    refused = office.ask("POST", path, own, json=told)
    office.policy(approvals=PARANOID["approvals"] | {"self_approval": True})
    taken = office.ask("POST", path, own, json=told)

    assert 403 == refused.status_code
    assert "a call of your own" in refused.text
    assert 200 == taken.status_code


def test_only_whom_the_policy_names_may_answer(office: Office) -> None:
    office.policy(approvals=PARANOID["approvals"] | {"approvers": ["*@security.example.com"]})
    lead = new_key(office.server, "admin", "lead@security.example.com")
    office.call("g1", "rm -rf /home/alice/named")
    (question,) = office.pending()
    path, told = f"/v1/approvals/{question['id']}", {"decision": "approve"}

    assert 403 == office.ask("POST", path, json=told).status_code
    assert 200 == office.ask("POST", path, lead, json=told).status_code


@pytest.mark.parametrize(
    "approvals", [{"up_to": None}, {"up_to": "medium"}, {"rules": ["secrets.*"]}]
)
def test_what_the_policy_leaves_to_nobody_is_stopped_as_ever(
    office: Office, approvals: dict[str, Any]
) -> None:
    office.policy(approvals=PARANOID["approvals"] | approvals)

    told = office.call("h1", "rm -rf /home/alice/off")

    assert "deny" in told
    assert "Waits for" not in told
    assert [] == office.pending()


def test_the_answer_is_an_event_and_so_is_the_call_that_ran_on_it(office: Office) -> None:
    command = "rm -rf /home/alice/recorded"
    office.call("i1", command)
    (question,) = office.pending()
    office.answer(question["id"], decision="approve", note="as agreed")
    office.call("i2", command)

    assert eventually(lambda: office.has_run_approved(command))
    recorded = office.ask("GET", "/v1/events", params={"q": "kind:approval"}).text
    assert question["id"] in recorded


def test_without_a_server_the_call_stays_stopped_and_says_so(office: Office) -> None:
    office.call("j1", "rm -rf /home/alice/offline")
    office.server.stop()
    try:
        told = office.call("j2", "rm -rf /home/alice/offline")
    finally:
        office.server.start()

    assert "deny" in told
    assert "could not be asked" in told


@pytest.mark.parametrize("role", ["ingest", "auditor"])
def test_only_an_admin_answers(office: Office, role: str) -> None:
    key = new_key(office.server, role, role)

    answer = office.ask("POST", "/v1/approvals/x", key, json={"decision": "approve"})

    assert 403 == answer.status_code
