"""`/v1/hook/events/{id}`: a hook learns that its record is stored, and nothing of what is in it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from agentaudit_backend.store.database import writing
from agentaudit_backend.store.organizations import create_organization
from agentaudit_backend.store.store import Store
from tests.support.api import Api, served

SECRETIVE = {"command": "cat /srv/payroll.csv"}


@pytest.fixture
def api(store: Store) -> Iterator[Api]:
    with served(store) as client:
        yield Api(store, client)


@pytest.mark.parametrize("role", ["ingest", "auditor", "admin"])
def test_any_key_of_the_organisation_learns_kind_and_verdict(api: Api, role: str) -> None:
    posted = api.post(data=SECRETIVE)

    answer = api("GET", f"/v1/hook/events/{posted['id']}", role=role)

    told = answer.json()
    assert 200 == answer.status_code
    assert posted["id"] == told["id"]
    assert ("tool_call", posted["risk_level"]) == (told["kind"], told["risk_level"])
    assert posted["decision"] == told["decision"]
    assert told["policy_version"].isdigit()
    assert "payroll" not in answer.text


def test_what_is_not_stored_is_not_found(api: Api) -> None:
    assert 404 == api("GET", "/v1/hook/events/no-such", role="ingest").status_code


def test_without_a_key_nothing_is_told(api: Api) -> None:
    posted = api.post(data=SECRETIVE)

    assert 401 == api.client.get(f"/v1/hook/events/{posted['id']}").status_code


def test_another_organisation_learns_nothing(api: Api) -> None:
    posted = api.post(data=SECRETIVE)
    with writing(api.store._engine) as connection:
        other = create_organization(connection, "other", datetime.now(UTC))
    key = api.store.create_key(other, role="admin", name="theirs")

    answer = api.client.get(
        f"/v1/hook/events/{posted['id']}", headers={"Authorization": f"Bearer {key}"}
    )

    assert 404 == answer.status_code
