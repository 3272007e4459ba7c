"""The Policy's form: read, review, save; and who may not."""

import re
from dataclasses import replace
from html import unescape
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.model import EventKind, RiskLevel
from agentaudit_processor.policy import (
    Answer,
    Exemption,
    LegalHold,
    LoggingLevel,
    Policy,
    Project,
    Retention,
)
from agentaudit_processor.policy_document import to_document
from tests.support.policies import policies
from tests.support.web import Web

PATH, REVIEW, SAVE = "/dashboard/policy", "/dashboard/policy/review", "/dashboard/policy/yaml"
PARANOID = {
    "logging_level": "paranoid",
    "blocking_rules.enabled": "on",
    "blocking_rules.block_on": "critical",
    "frameworks": ["gdpr", "iso_42001"],
}
PROJECT = Project(
    id="pay",
    folder="*/pay",
    ask_on=RiskLevel.LOW,
    rule_answers={"pii.email": Answer.ASK, "destructive.delete_tree": Answer.BLOCK},
    tool_answers={"mcp__*": Answer.BLOCK},
)
_DOCUMENT = re.compile(r'<textarea name="document" hidden>\n(.*?)</textarea>', re.DOTALL)
_FIELD = re.compile(
    r'<input type="(hidden|text|checkbox|radio)"([^>]*)>'
    r"|<select[^>]* name=\"([^\"]+)\"[^>]*>(.*?)</select>"
    r"|<textarea[^>]* name=\"([^\"]+)\"[^>]*>\n?(.*?)</textarea>",
    re.DOTALL,
)


def form(web: Web, **fields: Any) -> dict[str, Any]:
    return PARANOID | {"csrf": web.csrf(), "version": "1"} | fields


def document_in(page: httpx.Response) -> str:
    found = _DOCUMENT.search(page.text)
    assert found, page.text
    return unescape(found[1])


def save(web: Web, note: str = "after the incident", version: str = "1", **fields: Any) -> Any:
    """Form, review, save: as a person does."""
    reviewed = web.post(REVIEW, form(web, version=version, **fields))
    told = {"csrf": web.csrf(), "version": version, "note": note}
    return web.post(SAVE, told | {"document": document_in(reviewed)})


def filled_in(page: str) -> dict[str, list[str]]:
    """The fields that a browser sends when nobody touches the form."""
    whole = page[page.index(f'action="{REVIEW}"') : page.index("</form>", page.index(REVIEW))]
    sent: dict[str, list[str]] = {}
    for kind, attributes, select, options, area, text in _FIELD.findall(whole):
        if kind:
            told = dict(re.findall(r'(name|value)="([^"]*)"', attributes))
            if kind in ("hidden", "text") or " checked" in attributes:
                sent.setdefault(told["name"], []).append(unescape(told.get("value", "on")))
        elif select:
            found = re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)', options)
            first = re.search(r'<option(?: value="([^"]*)")?>([^<]*)', options)
            chosen = found or first
            assert chosen
            value = chosen[1] if chosen[1] is not None else chosen[2]
            sent.setdefault(select, []).append(unescape(value))
        else:
            sent.setdefault(area, []).append(unescape(text))
    return sent


def test_the_page_shows_what_is_in_force(empty: Web):
    page = empty.get(PATH).text

    assert "version 1, in force" in page
    assert "nothing is blocked" in page


def test_the_page_holds_the_whole_document_and_shows_it_harmlessly(empty: Web):
    exemption = Exemption(
        id="e1", rule_id="pii.*", owner="<b>bob</b>", reason="a\u202eb", expires_ns=2 * 10**18
    )
    policy = replace(empty.store.policy(empty.organization), exemptions=(exemption,))
    empty.store.save_policy(empty.organization, policy, author="test", note="x")

    page = empty.get(PATH).text

    assert "rule: pii.*" in page
    assert "&lt;b&gt;bob&lt;/b&gt;" in page
    assert "<b>bob" not in page
    assert "\u202e" not in page


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(wanted=policies())
def test_a_form_that_nobody_touched_changes_nothing_whatever_the_policy_says(
    empty: Web, wanted: Policy
):
    known = replace(wanted, rule_answers={}, exemptions=(), packs=(), frameworks=(), flags=())
    legible = replace(
        known,
        capture=replace(known.capture, never_paths=("*.pem",), never_commands=()),
        tool_answers={"mcp__*": Answer.ASK},
        approvals=replace(known.approvals, rules=("pii.*",), approvers=("alice",)),
        retention=replace(known.retention, holds=()),
        projects=(PROJECT,),
    )
    saved = empty.store.save_policy(empty.organization, legible, author="test", note="x")

    page = empty.post(REVIEW, filled_in(empty.get(PATH).text))

    assert 200 == page.status_code
    assert "Nothing would change" in page.text
    assert saved == empty.store.policy(empty.organization)


def test_every_field_of_the_policy_has_its_place_in_the_form(empty: Web):
    document = to_document(empty.store.policy(empty.organization))
    names = {
        f"{name}.{inner}" if isinstance(value, dict) and value else name
        for name, value in document.items()
        for inner in (value if isinstance(value, dict) and value else [""])
    }

    sent = filled_in(empty.get(PATH).text)

    assert set() == {name for name in names if name not in sent and f"{name}.rows" not in sent}


def test_rows_of_exemptions_holds_and_answers_are_added_and_removed(empty: Web):
    added = filled_in(empty.get(PATH).text) | {
        "exemptions.0.id": ["old-shop"],
        "exemptions.0.rule": ["destructive.*"],
        "exemptions.0.owner": ["alice"],
        "exemptions.0.reason": ["it is taken down"],
        "exemptions.0.expires": ["2027-03-31"],
        "retention.holds.0.id": ["case"],
        "retention.holds.0.owner": ["legal"],
        "retention.holds.0.reason": ["dispute"],
        "tool_answers.1.name": ["mcp__*"],
        "tool_answers.1.answer": ["ask"],
        "rule_answers.0.name": ["destructive.delete_tree"],
        "rule_answers.0.answer": ["block"],
    }
    saved = save(empty, **added)
    first = empty.store.policy(empty.organization)
    removed = filled_in(empty.get(PATH).text) | {
        "exemptions.0.remove": ["on"],
        "retention.holds.0.remove": ["on"],
        "tool_answers.0.name": [""],
    }
    save(empty, version="2", **{name: each for name, each in removed.items() if name != "version"})
    second = empty.store.policy(empty.organization)

    assert 303 == saved.status_code
    assert ("old-shop", "alice") == (first.exemptions[0].id, first.exemptions[0].owner)
    assert (LegalHold(id="case", owner="legal", reason="dispute"),) == first.retention.holds
    assert {"mcp__*": Answer.ASK} == first.tool_answers
    assert {"destructive.delete_tree": Answer.BLOCK} == first.rule_answers == second.rule_answers
    assert ((), (), {}) == (second.exemptions, second.retention.holds, second.tool_answers)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("logging_level", "all", "logging_level"),
        ("blocking_rules.block_on", "huge", "blocking_rules.block_on"),
        ("retention.event_days", "ten", "retention.event_days"),
        ("approvals.wait_seconds", "100", "approvals.wait_seconds"),
        ("frameworks", ["moon"], "moon"),
    ],
)
def test_what_means_nothing_is_said_beside_what_was_typed(
    empty: Web, field: str, value: Any, told: str
):
    fields = {field: value, "approvals.approvers": "my own words"}

    page = empty.post(REVIEW, form(empty, **fields))

    assert 422 == page.status_code
    assert told in page.text
    assert "my own words" in page.text
    assert 1 == empty.store.policy(empty.organization).version


def test_a_change_by_the_form_keeps_what_the_form_does_not_show(empty: Web):
    policy = replace(empty.store.policy(empty.organization), redact_output=True, flags=("hipaa",))
    empty.store.save_policy(empty.organization, policy, author="test", note="x")

    save(empty, version="2")

    saved = empty.store.policy(empty.organization)
    assert (3, True, ("hipaa",)) == (saved.version, saved.redact_output, saved.flags)


def test_stopped_calls_can_be_left_to_people_by_the_form(empty: Web):
    page = empty.post(REVIEW, form(empty, **{"approvals.up_to": "high"})).text
    save(empty, **{"approvals.up_to": "high"})
    on = empty.store.policy(empty.organization).approvals.up_to
    save(empty, version="2", **{"approvals.up_to": ""})

    assert "<del>none</del></td><td><ins>high</ins>" in page
    assert RiskLevel.HIGH is on
    assert empty.store.policy(empty.organization).approvals.up_to is None


def test_a_form_that_was_opened_before_somebody_saved_is_shown_both(empty: Web):
    save(empty)

    answer = empty.post(REVIEW, form(empty, logging_level="minimal"))

    assert 409 == answer.status_code
    assert "your form began at version 1" in answer.text
    assert "+logging_level: paranoid" in answer.text  # theirs
    assert "+logging_level: minimal" in answer.text  # mine


def test_a_review_shows_each_change_and_saves_nothing(empty: Web):
    page = empty.post(REVIEW, form(empty)).text

    assert "<del>full</del></td><td><ins>paranoid</ins>" in page
    assert "<del>off</del></td><td><ins>on</ins>" in page
    assert 1 == empty.store.policy(empty.organization).version


def test_saving_makes_a_new_version_and_an_event(empty: Web):
    answer = save(empty)

    policy = empty.store.policy(empty.organization)
    changes = EventFilter(kinds=(EventKind.POLICY_CHANGE,))
    (event,) = empty.store.list_events(empty.organization, changes).items
    assert "/dashboard/policy?saved=1" == answer.headers["location"]
    assert (2, LoggingLevel.PARANOID) == (policy.version, policy.logging_level)
    assert RiskLevel.CRITICAL is policy.threshold
    assert ("gdpr", "iso_42001") == policy.frameworks
    assert "key aa_live_" in event.user


def test_a_change_without_a_reason_is_not_saved(empty: Web):
    answer = save(empty, note="  ")

    assert 422 == answer.status_code
    assert 1 == empty.store.policy(empty.organization).version


def test_an_auditor_reads_and_cannot_change(empty: Web):
    key = empty.store.create_key(empty.organization, role="auditor", name="auditor")
    empty.log_in(key)

    page = empty.get(PATH).text
    refused = empty.post(REVIEW, form(empty))

    assert "Changing the policy takes the role admin" in page
    assert "Review the change" not in page
    assert 403 == refused.status_code
    assert "takes the role admin" in refused.text


def test_blocking_that_would_have_no_effect_is_said(empty: Web):
    page = empty.post(REVIEW, form(empty, logging_level="full")).text

    assert "nothing will be blocked until it is paranoid" in page


def test_a_shorter_time_than_a_framework_wants_is_said(empty: Web):
    fields = {"frameworks": ["eu_ai_act", "pci_dss"], "retention.event_days": "183"}

    page = empty.post(REVIEW, form(empty, **fields)).text

    assert "Art. 19(1) and 26(6), for high-risk systems asks for at least 184" in page
    assert "10.5.1 asks for at least 366" in page
    assert Retention().event_days == empty.store.policy(empty.organization).retention.event_days
