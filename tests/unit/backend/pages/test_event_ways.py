"""Ways on from an Event: its approval and the other call of it, its record, a rule made of it."""

import json
import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from agentaudit_backend.exports.record import record_of
from agentaudit_backend.store.approval_views import Approval, ApprovalState
from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.model import Action, EventKind, ToolCall
from tests.support.builders import a_fact, a_tool_call
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns
from tests.unit.backend.pages.test_event import text_of
from tests.unit.backend.pages.test_policy import SAVE, document_in

RULES = "/dashboard/policy/rules/new"
HOUR = timedelta(hours=1)


def a_deletion(call_id: str, **fields: object) -> ToolCall:
    told = {"arguments": {"command": "rm -rf /srv/shop"}, "started_ns": ns(NOW) - 10**9}
    return a_tool_call(call_id=call_id, **told | fields)


def asked(web: Web, call: ToolCall) -> Approval:
    policy = web.store.policy(web.organization)
    event = web.judge.examine(call, digest_key=policy.digest_key).event(policy)
    return web.store.approvals.ask(
        web.organization, event, call_key="k" * 16, key_id=9, valid=HOUR, now=NOW
    )


def approved(web: Web, question: Approval) -> None:
    web.store.approvals.decide(
        web.organization,
        question.approval_id,
        ApprovalState.APPROVED,
        by="bob",
        note="as agreed",
        valid=HOUR,
        now=NOW,
    )


@pytest.mark.parametrize("session", ["session-1", "another session"])
def test_a_stopped_call_and_the_one_that_ran_lead_to_each_other(empty: Web, session: str):
    first, second = a_deletion("c1"), a_deletion("c2", session_id=session)
    stopped, ran = empty.record(first, second)
    question = asked(empty, first)
    approved(empty, question)
    asked(empty, second)

    of_stopped = empty.get(f"/dashboard/events/{stopped}").text
    of_ran = empty.get(f"/dashboard/events/{ran}").text

    assert f'<a href="/dashboard/events/{ran}">The call that ran on it</a>' in of_stopped
    assert f'<a href="/dashboard/events/{stopped}">The call that was stopped first</a>' in of_ran
    for page in (of_stopped, of_ran):
        assert "bob" in text_of(page)
        assert "as agreed" in text_of(page)
        assert f'href="/dashboard/approvals/{question.approval_id}"' in page


def test_a_call_that_waited_for_its_answer_has_no_other(empty: Web):
    call = a_deletion("c1")
    (event_id,) = empty.record(call)
    question = asked(empty, call)
    approved(empty, question)
    empty.store.approvals.use(
        empty.organization,
        question.approval_id,
        session_id=call.session_id,
        call_id=call.call_id,
        now=NOW,
    )

    page = empty.get(f"/dashboard/events/{event_id}").text

    assert "approved, has run" in page
    assert "The call that" not in page


def test_a_call_that_nobody_was_asked_about_has_no_approval(web: Web):
    for event in web.store.list_events(web.organization, EventFilter()).items:
        page = web.get(f"/dashboard/events/{event.event_id}").text
        assert 'id="approval"' not in page


def test_the_whole_record_is_downloaded_and_that_it_was_is_recorded(empty: Web):
    big = "x" * 2_000_000
    (event_id,) = empty.record(a_deletion("c1", result={"stdout": big}))
    page = empty.get(f"/dashboard/events/{event_id}").text

    answer = empty.get(f"/dashboard/events/{event_id}/record")

    detail = empty.store.event(empty.organization, event_id)
    assert detail
    assert json.loads(json.dumps(record_of(detail))) == answer.json()
    assert f'attachment; filename="event-{event_id}.json"' == answer.headers["content-disposition"]
    assert "more characters are in the download" in page
    assert len(page) < 700_000
    exports = EventFilter(kinds=(EventKind.EXPORT,))
    assert 1 == empty.store.list_events(empty.organization, exports).total


def test_very_many_fields_make_no_endless_page(empty: Web):
    arguments = {f"field {n}": "v" * 100 for n in range(4_000)}
    call = a_tool_call("tool", action=Action.OTHER, arguments=arguments, started_ns=ns(NOW))
    (event_id,) = empty.record(call)

    page = empty.get(f"/dashboard/events/{event_id}").text
    record = empty.get(f"/dashboard/events/{event_id}/record").json()

    assert 100 == page.count("<dt>field ")
    assert "3,900 more fields are in the record below" in page
    assert len(page) < 700_000
    assert arguments == record["arguments"]


def test_the_record_of_no_event_is_not_there(empty: Web):
    assert 404 == empty.get("/dashboard/events/none/record").status_code


def test_the_command_that_asks_the_api_holds_no_key(web: Web):
    event = web.store.list_events(web.organization, EventFilter()).items[0]

    page = unescape(web.get(f"/dashboard/events/{event.event_id}").text)

    address = f"http://audit.example/v1/events/{event.event_id}"
    assert f'curl -H "Authorization: Bearer $AGENTAUDIT_API_KEY" {address}<' in page


def test_an_event_that_is_not_there_tells_when_retention_ran(empty: Web):
    before = empty.get("/dashboard/events/none").text
    purge = {"kind": EventKind.RETENTION_PURGE, "action": Action.OTHER, "name": "Retention"}
    empty.record(a_fact(fact_id="p", at_ns=ns(NOW) - 10**9, **purge))

    after = empty.get("/dashboard/events/none").text

    assert "removed by retention, or" in before
    assert "removed by retention, which last ran on 2026-11-22, or" in after


def test_a_rule_is_made_of_a_call_and_finds_the_next(empty: Web):
    (event_id,) = empty.record(a_tool_call(arguments={"command": "ledgerctl post 7"}))
    page = empty.get(f"/dashboard/events/{event_id}").text
    href = re.search(r'href="([^"]+)">Make a rule from this', page)
    assert href

    drafted = empty.get(unescape(href[1])).text
    pack = pack_in(drafted)
    reviewed = empty.post(RULES, {"csrf": empty.csrf(), "version": "1", "pack": pack})
    told = {"csrf": empty.csrf(), "version": "1", "note": "new", "document": document_in(reviewed)}
    saved = empty.post(SAVE, told)
    again = pack_in(empty.get(unescape(href[1])).text)

    policy = empty.store.policy(empty.organization)
    assert "command: '^ledgerctl post(?:\\W|$)'" in pack.replace(
        "command: ^", "command: '^"
    ).replace("(?:\\W|$)\n", "(?:\\W|$)'\n")
    assert (200, 303) == (reviewed.status_code, saved.status_code)
    assert (pack.strip(),) == tuple(text.strip() for text in policy.packs)
    assert again.startswith(pack.rstrip())
    assert ["own.runs_ledgerctl_post", "own.runs_ledgerctl_post_2"] == re.findall(
        r"id: (\S+)", again
    )


def test_a_second_rule_takes_the_place_of_its_packs_text(empty: Web):
    (event_id,) = empty.record(a_tool_call(arguments={"command": "ledgerctl post 7"}))
    address = f"{RULES}?event={event_id}"
    for version in ("1", "2"):
        form = {"csrf": empty.csrf(), "version": version, "pack": pack_in(empty.get(address).text)}
        reviewed = empty.post(RULES, form)
        told = {"csrf": empty.csrf(), "version": version, "note": "n"}
        empty.post(SAVE, told | {"document": document_in(reviewed)})

    (pack,) = empty.store.policy(empty.organization).packs

    assert 2 == pack.count("- id: own.")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("severity: medium", "severity: huge"), "own.yaml:4"),
        (("command: ledgerctl post\n", "command: other\n"), "is not found"),
        (("pack: own", "pack: secrets"), "there is a pack secrets already"),
        (("rules:", "rules: ["), "packs"),
    ],
)
def test_a_rule_that_is_not_right_is_told_and_kept_in_the_field(
    empty: Web, change: tuple[str, str], told: str
):
    (event_id,) = empty.record(a_tool_call(arguments={"command": "ledgerctl post 7"}))
    pack = pack_in(empty.get(f"{RULES}?event={event_id}").text)
    assert change[0] in pack
    form = {"csrf": empty.csrf(), "version": "1", "event": event_id}

    answer = empty.post(RULES, form | {"pack": pack.replace(*change)})

    assert 422 == answer.status_code
    assert told in unescape(answer.text)
    assert change[1] in pack_in(answer.text)
    assert () == empty.store.policy(empty.organization).packs


def test_whoever_saved_first_is_told_of(empty: Web):
    (event_id,) = empty.record(a_tool_call(arguments={"command": "ledgerctl post 7"}))
    pack = pack_in(empty.get(f"{RULES}?event={event_id}").text)
    policy = empty.store.policy(empty.organization)
    empty.store.save_policy(empty.organization, policy, author="other", note="x")

    answer = empty.post(RULES, {"csrf": empty.csrf(), "version": "1", "pack": pack})

    assert 409 == answer.status_code


def test_without_a_call_a_rule_begins_as_one_to_write_over_that_passes(web: Web):
    facts = EventFilter(kinds=(EventKind.SESSION,))
    event = web.store.list_events(web.organization, facts).items[0]

    drafts = [pack_in(web.get(f"{RULES}{more}").text) for more in ("", f"?event={event.event_id}")]
    reviewed = web.post(RULES, {"csrf": web.csrf(), "version": "1", "pack": drafts[0]})

    assert 1 == len(set(drafts))
    assert "id: own.deploy_tool" in drafts[0]
    assert 200 == reviewed.status_code
    assert ">Make a rule from this<" not in web.get(f"/dashboard/events/{event.event_id}").text


def test_without_a_call_the_packs_own_rules_are_there_to_change(empty: Web):
    pack = pack_in(empty.get(RULES).text)
    reviewed = empty.post(RULES, {"csrf": empty.csrf(), "version": "1", "pack": pack})
    told = {"csrf": empty.csrf(), "version": "1", "note": "n", "document": document_in(reviewed)}
    empty.post(SAVE, told)

    assert pack.strip() == pack_in(empty.get(RULES).text).strip()


def test_a_finding_leads_to_the_answer_to_its_rule(empty: Web):
    (event_id,) = empty.record(a_deletion("c1"))
    page = unescape(empty.get(f"/dashboard/events/{event_id}").text)
    href = re.search(r'<a[^>]* href="(/dashboard/policy/rules\?[^"]+)"', page)
    assert href

    (rule,) = parse_qs(urlsplit(href[1]).query)["q"]

    assert f"<code>{rule}</code>" in empty.get(href[1]).text


def pack_in(page: str) -> str:
    found = re.search(r'<textarea id="pack"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found
    return unescape(found[1])
