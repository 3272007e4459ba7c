"""`GET /v1/report`: what a PDF has attached, for programs; each one taken is recorded."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from agentaudit_backend.api.application import api_application
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import EventKind
from tests.support.api import Api, served


@pytest.fixture
def api(store: Store) -> Iterator[Api]:
    with served(store) as client:
        yield Api(store, client)


@pytest.fixture
def busy(api: Api) -> Api:
    """Two shell commands of Ann, one of which deletes, and one of Bob."""
    for user, command in (("ann", "ls"), ("ann", "rm -rf src"), ("bob", "ls docs")):
        api.post(
            data={"command": command},
            context={"session_id": user, "user_email": f"{user}@example.com"},
        )
    return api


def report(api: Api, **params: Any) -> Any:
    answer = api("GET", "/v1/report", "auditor", params=params)
    assert 200 == answer.status_code, answer.text
    return answer.json()


def test_it_counts_what_the_list_of_the_same_query_holds(busy: Api) -> None:
    found = report(busy, q="user:ann@example.com")

    assert "user:ann@example.com" == found["scope"]
    assert busy.list(q="user:ann@example.com")["total"] == found["stats"]["total"] == 2
    assert [f"F{number}" for number in range(1, 19)] == [each["figure"] for each in found["tables"]]


def test_every_row_of_its_tables_has_their_columns(busy: Api) -> None:
    for table in report(busy)["tables"]:
        assert {len(table["columns"])} >= {len(row) for row in table["rows"]}, table["figure"]


def test_its_times_bound_the_events_that_it_counts(busy: Api) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    hour = timedelta(hours=1)

    past = report(busy, before=(now - hour).isoformat())

    whole = report(busy, after=(now - hour).isoformat(), before=(now + hour).isoformat())

    assert (0, 3) == (past["stats"]["total"], whole["stats"]["total"])
    assert [None] == [past["since"]]
    assert now + hour == datetime.fromisoformat(whole["until"])


def test_a_report_that_was_taken_changes_no_figure_unless_asked_for(busy: Api) -> None:
    first, second = report(busy)["stats"], report(busy)["stats"]

    assert first["total"] == second["total"] == 3
    assert 2 == report(busy, q="kind:export")["stats"]["total"]


def test_it_is_recorded_with_hash_scope_and_key(busy: Api) -> None:
    answer = busy("GET", "/v1/report", "auditor", params={"q": "risk:high"})

    where = EventFilter(kinds=(EventKind.EXPORT,))
    (row,) = busy.store.list_events(1, where).items
    event = busy.store.event(1, row.event_id)
    assert event is not None
    told = str(event.arguments) + str(event.extra)
    assert sha256(answer.content).hexdigest() in told
    assert answer.json()["report_id"] in told
    assert "risk:high" in told
    assert row.user is not None
    assert row.user in busy.keys["auditor"]


def test_under_pseudonyms_it_names_nobody(busy: Api) -> None:
    answer = busy("GET", "/v1/report", "auditor", params={"pseudonyms": "true"})

    assert answer.json()["has_pseudonyms"]
    assert "ann@example.com" not in answer.text


@pytest.mark.parametrize("params", [{"q": "risk:purple"}, {"after": "soon"}, {"q": "a" * 9999}])
def test_what_cannot_be_understood_is_told_and_nothing_is_recorded(
    busy: Api, params: dict[str, str]
) -> None:
    answer = busy("GET", "/v1/report", "auditor", params=params)

    assert 422 == answer.status_code
    assert [] == list(busy.store.list_events(1, EventFilter(kinds=(EventKind.EXPORT,))).items)


def test_who_may_only_write_gets_no_report(busy: Api) -> None:
    assert 403 == busy("GET", "/v1/report", "ingest").status_code
    assert 401 == busy.client.get("/v1/report").status_code


def test_the_description_of_the_api_has_it() -> None:
    description = api_application(store=None, judge=None).openapi()  # type: ignore[arg-type]

    described = description["paths"]["/v1/report"]["get"]

    assert {"q", "after", "before", "pseudonyms"} == {
        each["name"] for each in described["parameters"]
    }
    answer = described["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer["$ref"].endswith("/ReportDocument")
