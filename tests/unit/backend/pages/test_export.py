"""Taking a list away from the timeline as a file."""

import csv
import io
import json
from hashlib import sha256
from typing import Any

import pytest

from agentaudit_backend.pages import export
from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.model import EventKind
from tests.support.web import Web

CALLS = EventFilter(kinds=(EventKind.TOOL_CALL,))


def take(web: Web, form: str, state: str = "range=24h") -> Any:
    fields = {"csrf": web.csrf(), "state": state, "form": form}
    return web.post("/dashboard/export", fields)


def test_the_file_holds_the_events_of_the_list(web: Web) -> None:
    answer = take(web, "jsonl", "range=24h&q=kind:tool_call")

    events = [json.loads(line) for line in answer.text.splitlines()]
    assert ["c3", "c2", "c1"] == [event["call_id"] for event in events]
    assert "application/x-ndjson" == answer.headers["content-type"]
    assert answer.headers["content-disposition"].endswith('.jsonl"')


def test_a_table_can_be_taken_too(web: Web) -> None:
    answer = take(web, "csv", "range=24h&action=file_read")

    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert ["README.md"] == [row["summary"] for row in rows]


def test_the_chosen_rows_alone_are_taken(web: Web) -> None:
    ids = [event.event_id for event in web.store.list_events(web.organization, CALLS).items]
    fields = {"csrf": web.csrf(), "chosen": "1", "state": "reviewed", "form": "jsonl"}

    answer = web.post("/dashboard/export", fields | {"event": [ids[0], ids[2], "none", "a*"]})

    taken = [json.loads(line)["event_id"] for line in answer.text.splitlines()]
    assert [ids[0], ids[2]] == taken
    assert "jsonl of 2 events" in web.get("/dashboard?kind=export").text
    assert f'value="{ids[0]}"' in web.get("/dashboard").text


@pytest.mark.parametrize("ids", [[], [str(n) for n in range(201)]])
def test_without_a_chosen_row_or_with_too_many_nothing_is_taken(web: Web, ids: list[str]) -> None:
    fields = {"csrf": web.csrf(), "chosen": "1", "state": "reviewed", "form": "csv", "event": ids}

    assert 422 == web.post("/dashboard/export", fields).status_code


def test_that_it_was_taken_is_recorded_with_the_hash(web: Web) -> None:
    answer = take(web, "csv")

    page = web.get("/dashboard?kind=export").text
    assert "csv of 4 events" in page
    record = take(web, "jsonl", "kind=export&to=2026-11-22T21:31").json()
    assert sha256(answer.content).hexdigest() == record["arguments"]["sha256"]


def test_more_than_a_download_holds_becomes_a_job(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "ROWS_LIMIT", 3)

    answer = take(web, "csv")

    assert (303, "/dashboard/exports") == (answer.status_code, answer.headers["location"])
    (job,) = web.store.export_jobs.list(web.organization)
    assert ("csv", "waiting", "every event") == (job.form, job.state, job.scope)
    assert 200 == take(web, "csv", "q=kind:tool_call").status_code


@pytest.mark.parametrize(("form", "state"), [("xlsx", ""), ("", ""), ("csv", "risk=huge")])
def test_what_cannot_be_exported_is_told(web: Web, form: str, state: str) -> None:
    assert 422 == take(web, form, state).status_code


def test_without_the_token_of_the_form_nothing_is_given(web: Web) -> None:
    answer = web.post("/dashboard/export", {"csrf": "x", "state": "", "form": "csv"})

    assert 403 == answer.status_code


def test_the_timeline_offers_it_under_its_own_filter(web: Web) -> None:
    page = web.get("/dashboard?range=7d&q=-risk:low").text

    assert 'action="/dashboard/export"' in page
    assert 'name="state" value="q=-risk%3Alow&amp;range=7d"' in page
