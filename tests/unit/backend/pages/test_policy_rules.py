"""The rules on their page: found, counted, answered."""

import re
from dataclasses import replace
from html import unescape

import pytest

from agentaudit_backend.pages import policy_rules
from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.policy import Answer, LoggingLevel
from tests.support.web import Web
from tests.unit.backend.pages.test_policy import SAVE, document_in

PATH = "/dashboard/policy/rules"
RULE = "destructive.delete_tree"


def test_the_rules_that_found_something_come_first_with_a_way_to_the_events(web: Web):
    found = web.store.facets(web.organization, EventFilter())["rule"]

    page = web.get(PATH).text

    listed = re.findall("<summary><code>([^<]+)</code>", page)
    assert {each.value for each in found} == set(listed[: len(found)])
    assert f'<a href="/dashboard?q=rule%3A{listed[0]}&amp;range=30d">1</a>' in page
    assert "Nothing is stopped now" in page
    assert '<a class="button" href="/dashboard/policy/rules/new">New rule</a>' in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=delete_tree", {RULE}),
        ("pack=destructive&level=critical", {"destructive.delete_everything"}),
        ("q=zzz+no+such", set()),
        ("q=%3Cscript%3E", set()),
        ("answer=block", set()),
    ],
)
def test_rules_are_found_by_words_pack_level_and_answer(web: Web, query: str, expected: set[str]):
    page = web.get(f"{PATH}?{query}").text

    known = [rule.id for rule in web.judge.packs.rules]
    assert expected <= {rule for rule in known if f"<code>{rule}</code>" in page}
    assert "No rule meets this" in page or expected
    assert "<script>" not in page


def test_every_pack_fits_on_a_page(web: Web):
    packs = [rule.pack for rule in web.judge.packs.rules]

    assert max(map(packs.count, set(packs))) <= policy_rules.SHOWN


def test_another_answer_is_reviewed_and_saved_like_any_other_change(empty: Web):
    asked = {"csrf": empty.csrf(), "version": "1", "rule": RULE, "answer": "off"}
    reviewed = empty.post(PATH, asked)
    told = {"csrf": empty.csrf(), "version": "1", "note": "too loud"}
    before = empty.store.policy(empty.organization).rule_answers
    empty.post(SAVE, told | {"document": document_in(reviewed)})

    after = empty.store.policy(empty.organization)
    back = empty.post(PATH, asked | {"version": "2", "answer": ""})

    assert {} == before
    assert {RULE: Answer.OFF} == after.rule_answers
    assert f'<th scope="row">rule_answers.{RULE}</th>' in reviewed.text
    assert "rule_answers: {}" in document_in(back)


@pytest.mark.parametrize(("answer", "is_said"), [("block", True), ("allow", False)])
def test_that_an_answer_stops_nothing_yet_is_said(empty: Web, answer: str, is_said: bool):
    version = empty.store.policy(empty.organization).version
    form = {"rule": "tests.run", "answer": answer, "version": version, "csrf": empty.csrf()}

    page = empty.post("/dashboard/policy/rules", form).text

    assert is_said == ("none is stopped yet" in page)


def test_what_a_level_comes_to_is_said_where_calls_are_stopped(empty: Web):
    policy = empty.store.policy(empty.organization)
    strict = replace(policy, logging_level=LoggingLevel.PARANOID, blocking_enabled=True)
    empty.store.save_policy(empty.organization, strict, author="test", note="x")

    page = empty.get(f"{PATH}?q=delete_everything").text

    assert "by its level: block" in page
    assert "Nothing is stopped now" not in page


def test_where_blocking_is_off_the_impact_is_seen_with_it_on(web: Web):
    answered = {"csrf": web.csrf(), "version": "1", "rule": RULE, "answer": "block"}
    without = web.post(PATH, answered).text
    form = (
        r'action="/dashboard/policy/yaml/review".*?<textarea name="document" hidden>\n(.*?)</text'
    )
    (document,) = re.findall(form, without, re.DOTALL)

    told = {"csrf": web.csrf(), "version": "1", "document": unescape(document)}
    reviewed = web.post("/dashboard/policy/yaml/review", told).text
    weighed = web.post("/dashboard/policy/impact", told).text

    assert "<ins>paranoid</ins>" in reviewed
    assert "See it with blocking on" not in reviewed
    assert re.search("<b>blocked [1-9][0-9]* more</b>", weighed)


def test_an_answer_to_a_rule_that_does_not_exist_is_refused(empty: Web):
    for rule, answer in (("no.such", "off"), (RULE, "maybe")):
        asked = {"csrf": empty.csrf(), "version": "1", "rule": rule, "answer": answer}
        assert 422 == empty.post(PATH, asked).status_code
