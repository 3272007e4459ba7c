"""The API's own description, which programs and fuzzers read: whole, and true of errors."""

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agentaudit_backend.api.application import api_application
from agentaudit_backend.api.errors import TryAgain, WrongRequest
from agentaudit_backend.store import database
from agentaudit_backend.store.store import Store
from tests.support.api import Api, served
from tests.support.stores import a_store


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return api_application(store=None, judge=None).openapi()  # type: ignore[arg-type]


@pytest.fixture
def api(store: Store) -> Iterator[Api]:
    with served(store) as client:
        yield Api(store, client)


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def resolved(description: Any, reference: str) -> Any:
    found = description
    for step in reference.removeprefix("#/").split("/"):
        found = found.get(step, {})
    return found


def test_every_reference_in_it_leads_somewhere(description: dict[str, Any]) -> None:
    lost = {one for one in references(description) if not resolved(description, one)}

    assert set() == lost


def test_a_wrong_request_is_described_in_the_one_shape_of_errors(
    description: dict[str, Any],
) -> None:
    told = {
        answers["422"]["content"]["application/json"]["schema"]["$ref"]
        for operations in description["paths"].values()
        for operation in operations.values()
        if "422" in (answers := operation["responses"])
    }

    assert {f"#/components/schemas/{WrongRequest.__name__}"} == told


def test_a_wrong_request_is_answered_as_described(api: Api) -> None:
    answer = api("POST", "/v1/events", json={"agent_id": "a"})

    assert 422 == answer.status_code
    assert "action" in [
        one.field for one in WrongRequest.model_validate(answer.json()).errors or ()
    ]


def test_a_database_that_is_away_is_described_on_every_route(description: dict[str, Any]) -> None:
    told = {
        path: "Retry-After" in operation["responses"]["503"].get("headers", {})
        for path, operations in description["paths"].items()
        for operation in operations.values()
    }

    assert ["/health"] == [path for path, says_when in told.items() if not says_when]


def test_while_the_database_is_locked_a_write_is_answered_as_described_and_then_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 200)
    asked = {
        "call_key": "a" * 32,
        "session_id": "session-1",
        "call_id": "toolu_1",
        "tool_name": "Bash",
        "action": "shell_command",
        "agent": "claude-code",
    }
    with a_store(f"sqlite:///{tmp_path / 'test.db'}") as opened, served(opened) as client:
        ask = partial(Api(opened, client), "POST", "/v1/hook/approvals", json=asked)
        other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        locked = ask()
        other.execute("ROLLBACK")
        other.close()
        free = ask()

    assert 503 == locked.status_code
    assert locked.headers["Retry-After"].isdecimal()
    assert "try again" in TryAgain.model_validate(locked.json()).detail
    assert 200 == free.status_code
