"""The policy as YAML on the dashboard: changed, looked at through time, put back."""

import re
from dataclasses import replace
from typing import Any

import pytest

from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.model import EventKind, RiskLevel
from agentaudit_processor.policy_yaml import policy_yaml
from tests.support.web import Web

YAML, HISTORY = "/dashboard/policy/yaml", "/dashboard/policy/history"


def do(web: Web, path: str, **fields: Any) -> Any:
    return web.post(path, {"csrf": web.csrf()} | fields)


def text_of(web: Web, **changes: Any) -> str:
    return policy_yaml(replace(web.store.policy(web.organization), **changes))


def save(web: Web, text: str, version: int, note: str = "agreed") -> Any:
    return do(web, YAML, document=text, version=str(version), note=note)


def test_a_change_is_shown_before_it_is_saved(empty: Web) -> None:
    page = do(empty, f"{YAML}/review", document=text_of(empty, block_on=RiskLevel.LOW)).text

    assert '<span class="del">-  block_on: high</span>' in page
    assert '<span class="add">+  block_on: low</span>' in page
    assert 1 == empty.store.policy(empty.organization).version


def test_a_saved_document_is_a_version_and_an_event(empty: Web) -> None:
    answer = save(empty, text_of(empty, block_on=RiskLevel.LOW), 1)

    changes = EventFilter(kinds=(EventKind.POLICY_CHANGE,))
    saved = empty.store.policy(empty.organization)
    assert 303 == answer.status_code
    assert (2, RiskLevel.LOW) == (saved.version, saved.block_on)
    assert 1 == len(empty.store.list_events(empty.organization, changes).items)


def test_who_saves_second_is_told_and_led_to_the_others_version(empty: Web) -> None:
    save(empty, text_of(empty, block_on=RiskLevel.LOW), 1)

    second = save(empty, text_of(empty, block_on=RiskLevel.MEDIUM), 1)

    assert 409 == second.status_code
    assert "saved version 2" in second.text
    assert "+  block_on: low" in second.text  # theirs
    assert "+  block_on: medium" in second.text  # mine
    assert RiskLevel.LOW is empty.store.policy(empty.organization).block_on


def test_a_document_that_was_opened_before_somebody_saved_is_not_even_reviewed(
    empty: Web,
) -> None:
    opened = text_of(empty)
    save(empty, text_of(empty, block_on=RiskLevel.LOW), 1)

    assert 409 == do(empty, f"{YAML}/review", document=opened, version="1").status_code


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("logging_level: loud\n", "logging_level"),
        ("blocking_rules: [\n", "line 2"),
        ("rule_answers: {no.such_rule: block}\n", "there is no such rule"),
        ("a: &a [*a]\n", "unknown"),
        ("- 1\n", "expected fields"),
        ("x" * 50_001, "longer than"),
    ],
)
def test_what_is_no_policy_is_told_with_its_place_and_stays_in_the_field(
    empty: Web, text: str, told: str
) -> None:
    answer = do(empty, f"{YAML}/review", document=text)

    assert 422 == answer.status_code
    assert told in answer.text
    assert 1 == empty.store.policy(empty.organization).version


def test_every_version_is_listed_with_who_and_why_and_what_it_changed(empty: Web) -> None:
    save(empty, text_of(empty, block_on=RiskLevel.LOW), 1, "after the incident")

    listed, page = empty.get(HISTORY).text, empty.get(f"{HISTORY}/2").text

    assert "2 versions" in listed
    assert "after the incident" in listed
    assert "+  block_on: low" in page


def test_an_old_version_is_restored_as_a_new_one(empty: Web) -> None:
    first = text_of(empty)
    save(empty, text_of(empty, block_on=RiskLevel.LOW), 1)

    page = empty.get(f"{HISTORY}/1").text
    review = do(empty, f"{YAML}/review", document=first).text
    save(empty, first, 2, "back")

    assert "Restore it…" in page
    assert "+  block_on: high" in review
    saved = empty.store.policy(empty.organization)
    assert (3, RiskLevel.HIGH) == (saved.version, saved.block_on)


def test_an_auditor_reads_all_and_changes_nothing(empty: Web) -> None:
    document = text_of(empty)
    empty.log_in(empty.store.create_key(empty.organization, role="auditor", name="auditor"))

    read = {empty.get(path).status_code for path in (YAML, HISTORY, f"{HISTORY}/1")}
    refused = {do(empty, f"{YAML}/review", document=document).status_code}
    refused.add(save(empty, document, 1).status_code)

    assert ({200}, {403}) == (read, refused)


def test_what_people_wrote_acts_on_no_page(empty: Web) -> None:
    hostile = "<script>alert(1)</script>"
    document = text_of(empty) + f"# {hostile}\n"
    named = document.replace("never_commands: []", f'never_commands: ["{hostile}</textarea>"]')
    save(empty, named, 1, hostile)
    pages = [empty.get(path).text for path in (YAML, HISTORY, f"{HISTORY}/2")]
    pages.append(do(empty, f"{YAML}/review", document="x: </textarea><script>alert(1)").text)

    for page in pages:
        assert "<script>alert" not in page
    assert 2 == empty.store.policy(empty.organization).version


@pytest.mark.parametrize("version", ["0", "99", "x", "9" * 30])
def test_a_version_that_does_not_exist_is_404(empty: Web, version: str) -> None:
    assert 404 == empty.get(f"{HISTORY}/{version}").status_code


def test_a_draft_is_weighed_on_the_calls_of_the_last_days(web: Web):
    strict = "logging_level: paranoid\nblocking_rules: {enabled: true, block_on: high}\n"
    asked = {"csrf": web.csrf(), "document": strict}
    reviewed = web.post(f"{YAML}/review", asked | {"version": "1"})

    whole = web.post("/dashboard/policy/impact", asked)
    part = web.post("/dashboard/policy/impact", asked, hx_request="true", hx_request_type="partial")

    assert "See what it would have changed" in reviewed.text
    assert "blocked 1 more" in whole.text
    assert "rm -rf /home/alice/project" in whole.text
    assert "Save version 2" in whole.text
    assert "blocked 1 more" in part.text
    assert "<html" not in part.text
    assert 1 == web.store.policy(web.organization).version


def test_a_draft_is_told_to_wait_while_another_is_weighed(web: Web):
    web.site.scales._one_at_a_time.acquire()

    answer = web.post("/dashboard/policy/impact", {"csrf": web.csrf(), "document": "flags: []"})

    assert 503 == answer.status_code
    assert "One at a time" in answer.text


def test_what_is_no_yaml_leads_to_its_line_among_numbered_ones(empty: Web):
    page = do(
        empty, f"{YAML}/review", document="logging_level: full\nflags: x: y\n", version="1"
    ).text

    (line,) = re.findall(r'<a href="#document" data-line="(\d+)">Line \1</a>: ', page)
    (numbers,) = re.findall(r'<pre class="numbers mono" aria-hidden="true">(.*?)</pre>', page, re.S)
    assert "2" == line
    assert "30" == re.findall(r'<textarea id="document"[^>]* rows="(\d+)"', page)[0]
    assert [str(number) for number in range(1, 31)] == numbers.split()


def test_everything_wrong_in_the_document_is_listed_and_linked_by_its_line(empty: Web):
    document = """\
logging_level: loud
exemptions:
  - {id: <b>, rule: pii.*, reason: r, expires: 2027-01-01}
retention:
  event_days: 0
"""

    answer = do(empty, f"{YAML}/review", document=document, version="1")

    listed = re.findall(
        r'<li><a href="#document" data-line="(\d+)">Line \1</a>: (\S+):', answer.text
    )
    assert 422 == answer.status_code
    assert [
        ("1", "logging_level"),
        ("3", "exemptions[0].owner"),
        ("5", "retention.event_days"),
    ] == listed
    assert "3 things are wrong" in answer.text
    assert "<b>" not in answer.text


def test_a_hold_whose_query_means_nothing_is_told_before_it_is_saved(empty: Web):
    document = "retention:\n  holds:\n    - {id: h, owner: o, reason: r, query: 'riks:high'}\n"

    answer = do(empty, f"{YAML}/review", document=document, version="1")

    assert 422 == answer.status_code
    assert 'data-line="3">Line 3</a>: retention.holds[0].query: unknown field' in answer.text
