"""The Policy's page: read, review, save; and who may not."""

from dataclasses import replace
from typing import Any

from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.model import EventKind, RiskLevel
from agentaudit_processor.policy import Exemption, LoggingLevel
from tests.support.web import Web

PARANOID = {
    "logging_level": "paranoid",
    "blocking_enabled": "on",
    "block_on": "critical",
    "frameworks": ["gdpr", "iso_42001"],
}


def form(web: Web, **fields: Any) -> dict[str, Any]:
    return PARANOID | {"csrf": web.csrf(), "version": "1", "note": "after the incident"} | fields


def test_the_page_shows_what_is_in_force(empty: Web):
    page = empty.get("/dashboard/policy").text

    assert "version 1, in force" in page
    assert "nothing is blocked" in page


def test_the_page_holds_the_whole_document_and_shows_it_harmlessly(empty: Web):
    exemption = Exemption(
        id="e1", rule_id="pii.*", owner="<b>bob</b>", reason="a\u202eb", expires_ns=2 * 10**18
    )
    policy = replace(empty.store.policy(empty.organization), exemptions=(exemption,))
    empty.store.save_policy(empty.organization, policy, author="test", note="x")

    page = empty.get("/dashboard/policy").text

    assert "rule: pii.*" in page
    assert "&lt;b&gt;bob&lt;/b&gt;" in page
    assert "<b>bob" not in page
    assert "\u202e" not in page


def test_a_change_by_the_form_keeps_what_the_form_does_not_show(empty: Web):
    policy = replace(empty.store.policy(empty.organization), redact_output=True, flags=("hipaa",))
    empty.store.save_policy(empty.organization, policy, author="test", note="x")

    empty.post("/dashboard/policy", form(empty, version="2"))

    saved = empty.store.policy(empty.organization)
    assert (3, True, ("hipaa",)) == (saved.version, saved.redact_output, saved.flags)


def test_stopped_calls_can_be_left_to_people_by_the_form(empty: Web):
    page = empty.post("/dashboard/policy/review", form(empty, approve_up_to="high")).text
    empty.post("/dashboard/policy", form(empty, approve_up_to="high"))
    on = empty.store.policy(empty.organization).approvals.up_to
    empty.post("/dashboard/policy", form(empty, version="2", approve_up_to="nobody"))

    assert "<del>none</del></td><td><ins>high</ins>" in page
    assert 'name="approve_up_to" value="high"' in page
    assert RiskLevel.HIGH is on
    assert empty.store.policy(empty.organization).approvals.up_to is None


def test_a_form_that_was_opened_before_somebody_saved_is_not_even_reviewed(empty: Web):
    empty.post("/dashboard/policy", form(empty))

    answer = empty.post("/dashboard/policy/review", form(empty, logging_level="minimal"))

    assert 409 == answer.status_code
    assert "your form began at version 1" in answer.text


def test_a_review_shows_each_change_and_saves_nothing(empty: Web):
    page = empty.post("/dashboard/policy/review", form(empty)).text

    assert "<del>full</del></td><td><ins>paranoid</ins>" in page
    assert "<del>off</del></td><td><ins>on</ins>" in page
    assert 1 == empty.store.policy(empty.organization).version


def test_saving_makes_a_new_version_and_an_event(empty: Web):
    answer = empty.post("/dashboard/policy", form(empty))

    policy = empty.store.policy(empty.organization)
    changes = EventFilter(kinds=(EventKind.POLICY_CHANGE,))
    (event,) = empty.store.list_events(empty.organization, changes).items
    assert "/dashboard/policy?saved=1" == answer.headers["location"]
    assert (2, LoggingLevel.PARANOID) == (policy.version, policy.logging_level)
    assert RiskLevel.CRITICAL is policy.threshold
    assert ("gdpr", "iso_42001") == policy.frameworks
    assert "key aa_live_" in event.user


def test_who_saves_second_is_told_and_overwrites_nothing(empty: Web):
    empty.post("/dashboard/policy", form(empty))

    answer = empty.post("/dashboard/policy", form(empty, logging_level="minimal"))

    assert 409 == answer.status_code
    assert LoggingLevel.PARANOID is empty.store.policy(empty.organization).logging_level


def test_a_change_without_a_reason_is_not_saved(empty: Web):
    answer = empty.post("/dashboard/policy", form(empty, note="  "))

    assert 422 == answer.status_code
    assert 1 == empty.store.policy(empty.organization).version


def test_values_that_mean_nothing_are_not_saved(empty: Web):
    for wrong in ({"logging_level": "all"}, {"block_on": "huge"}, {"frameworks": ["moon"]}):
        assert 422 == empty.post("/dashboard/policy", form(empty, **wrong)).status_code

    assert 1 == empty.store.policy(empty.organization).version


def test_an_auditor_reads_and_cannot_change(empty: Web):
    key = empty.store.create_key(empty.organization, role="auditor", name="auditor")
    empty.log_in(key)

    page = empty.get("/dashboard/policy").text
    refused = empty.post("/dashboard/policy", form(empty))

    assert "Changing the policy takes the role admin" in page
    assert "Review the change" not in page
    assert 403 == refused.status_code
    assert "takes the role admin" in refused.text


def test_blocking_that_would_have_no_effect_is_said(empty: Web):
    page = empty.post("/dashboard/policy/review", form(empty, logging_level="full")).text

    assert "nothing will be blocked until it is paranoid" in page
