"""One Event's page: who, why, what, personal data, frameworks, proof, surroundings."""

import random
import re
from dataclasses import replace
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from agentaudit_backend.store.filters import EventFilter
from agentaudit_processor.model import Action, EventKind, Outcome, RiskLevel
from agentaudit_processor.policy import LoggingLevel
from tests.support.builders import a_request, a_tool_call, an_actor
from tests.support.web import Web
from tests.unit.backend.pages.conftest import NOW, ns

CALLS = EventFilter(kinds=(EventKind.TOOL_CALL,))


def text_of(page: str) -> str:
    main = re.search(r"<main.*?</main>", page, re.DOTALL)
    assert main
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main[0])).split())


def opened(web: Web, call: object) -> str:
    (event_id,) = web.record(call)  # type: ignore[arg-type]
    answer = web.get(f"/dashboard/events/{event_id}")
    assert answer.status_code == 200
    return answer.text


def test_a_command_is_shown_with_its_exit_status_and_output(empty: Web):
    page = text_of(
        opened(
            empty,
            a_tool_call(
                arguments={"command": "pytest -q", "description": "Run the tests"},
                result={"stdout": "1 failed", "stderr": "warning: slow"},
                exit_code=1,
                outcome=Outcome.FAILURE,
                error_type="tool_error",
            ),
        )
    )

    assert "$ pytest -q" in page
    assert "with a failure ( tool_error ), exit status 1 , after 60 ms" in page
    assert "Output 1 failed" in page
    assert "Error output warning: slow" in page
    assert "description Run the tests" in page


def test_each_finding_says_rule_where_why_and_what_to_do(empty: Web):
    page = opened(empty, a_tool_call(arguments={"command": "rm -rf /home/alice/project"}))
    event = empty.store.list_events(empty.organization, CALLS).items[0]
    detail = empty.store.event(empty.organization, event.event_id)

    assert detail
    assert detail.findings
    shown = text_of(page)
    for finding in detail.findings:
        for part in (finding.rule_id, finding.title, finding.explanation, finding.where):
            assert " ".join(part.split()) in shown
        assert finding.pack in shown
        assert finding.severity.label in shown
    assert "OWASP ASI02:2026 Tool Misuse and Exploitation" in shown


def test_a_call_that_a_person_was_asked_about_says_so(empty: Web):
    policy = replace(
        empty.store.policy(empty.organization),
        logging_level=LoggingLevel.PARANOID,
        blocking_enabled=True,
        block_on=RiskLevel.CRITICAL,
        ask_on=RiskLevel.HIGH,
    )
    empty.store.save_policy(empty.organization, policy, author="test", note="ask")

    page = text_of(opened(empty, a_request(arguments={"command": "rm -rf src"})))

    assert "a person was asked, and no answer is on record" in page
    assert "and asked , by the one finding below" in page


def test_a_secret_is_marked_and_never_in_clear(empty: Web):
    token = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
    page = opened(empty, a_tool_call(arguments={"command": f"curl -H 'token: {token}' x.example"}))

    assert token not in page
    assert re.search(r"<mark>\[secret:[^<]+\]</mark>", page)


def test_a_user_without_email_is_named_by_login_and_host(empty: Web):
    page = opened(empty, a_tool_call(actor=an_actor(user_email=None)))

    assert "alice @ lap-7" in text_of(page)


def test_an_edit_is_a_diff_with_signs(empty: Web):
    page = opened(
        empty,
        a_tool_call(
            "Edit",
            action=Action.FILE_EDIT,
            arguments={"file_path": "/p/a.py", "old_string": "a\nb", "new_string": "a\nc"},
            result={"filePath": "/p/a.py"},
        ),
    )

    assert '<span class="del">-b</span><span class="add">+c</span>' in page
    assert "File /p/a.py" in text_of(page)


def test_what_the_logging_level_did_not_keep_is_said(empty: Web):
    policy = replace(empty.store.policy(empty.organization), logging_level=LoggingLevel.MINIMAL)
    empty.store.save_policy(empty.organization, policy, author="test", note="keep little")

    page = text_of(opened(empty, a_tool_call(arguments={"command": "rm -rf /"})))

    assert "The excerpt was not kept" in page
    assert "The text of the call was not kept" in page
    assert "rm -rf" not in page


def test_a_request_whose_end_was_never_heard_says_so(empty: Web):
    assert "only the request is on record" in text_of(opened(empty, a_request()))


def test_the_line_about_compliance_and_the_leaf_are_there(empty: Web):
    page = text_of(opened(empty, a_tool_call()))

    assert "A record can support a control, it cannot decide compliance." in page
    assert re.search(r"Ledger leaf #\d+, ended .* Leaf hash [0-9a-f]{64}", page)
    assert "SOC 2" in page


def test_neighbours_of_the_session_are_in_order_and_this_one_is_marked(web: Web):
    page = web.get("/dashboard?action=shell_command").text
    href = unescape(re.search(r'class="main wide"><a href="([^"]+)"', page)[1])  # type: ignore[index]

    event = web.get(href).text

    near = re.search(r'class="trail-mini">(.*?)</ol>', event, re.DOTALL)
    assert near
    times = re.findall(r'class="note">(\d\d:\d\d:\d\d)<', near[1])
    assert ["20:30:00", "20:30:12", "20:30:30", "20:36:00"] == times
    assert 1 == near[1].count('aria-current="true"')


def test_back_leads_to_the_list_one_came_from(web: Web):
    page = web.get("/dashboard?range=7d&action=shell_command").text
    href = unescape(re.search(r'class="main wide"><a href="([^"]+)"', page)[1])  # type: ignore[index]

    event = web.get(href).text

    back = unescape(re.search(r'<a href="([^"]+)">← Back', event)[1])  # type: ignore[index]
    assert {"action": ["shell_command"], "range": ["7d"]} == parse_qs(urlsplit(back).query)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "4 results"),
        ("?action=shell_command", "1 result"),
        ("?review=new", "4 results"),
        ("?q=project", "the results"),
    ],
)
def test_back_says_how_many_there_are_where_that_is_known(web: Web, query: str, told: str):
    page = web.get(f"/dashboard{query}").text
    href = unescape(re.search(r'class="main wide"><a href="([^"]+)"', page)[1])  # type: ignore[index]

    assert f">← Back to {told}</a>" in web.get(href).text


def test_older_and_newer_walk_through_the_list(web: Web):
    page = web.get("/dashboard").text
    here = unescape(re.search(r'class="main wide"><a href="([^"]+)"', page)[1])  # type: ignore[index]
    seen = [here]

    while older := re.search(r'rel="next" href="([^"]+)"', web.get(seen[-1]).text):
        seen.append(unescape(older[1]))
    newer = re.search(r'rel="prev" href="([^"]+)"', web.get(seen[-1]).text)

    assert 4 == len(seen)
    assert newer
    assert seen[-2] == unescape(newer[1])


def test_an_unknown_event_is_404_in_our_own_shape(web: Web):
    answer = web.get("/dashboard/events/00000000-0000-8000-8000-000000000000")

    assert 404 == answer.status_code
    assert "No such event" in answer.text
    assert answer.headers["x-request-id"] in answer.text


def test_an_event_of_another_organisation_is_not_found(web: Web):
    page = web.get("/dashboard").text
    event_id = re.search(r"/dashboard/events/([0-9a-f-]{36})", page)
    assert event_id

    assert web.store.event(web.organization + 1, event_id[1]) is None


def test_a_long_output_is_folded_and_a_huge_one_cut(empty: Web):
    page = opened(
        empty,
        a_tool_call(
            arguments={"command": "cat big"},
            result={"stdout": "line\n" * 14_000, "stderr": ""},
            started_ns=ns(NOW),
        ),
    )

    assert re.search(r"<summary>Output, [\d,]+ characters</summary>", page)
    assert len(page) < 700_000


def test_two_texts_that_take_long_to_compare_hold_nobody_up(empty: Web):
    signs = [chr(0x4E00 + number) for number in range(110)]
    dice = random.Random(1)
    old, new = ("\n".join(dice.choices(signs, k=30_000)) for _ in range(2))
    edit = {"file_path": "/a", "edits": [{"old_string": old, "new_string": new}] * 5}
    call = a_tool_call(
        "MultiEdit", action=Action.FILE_EDIT, arguments=edit, result=None, started_ns=ns(NOW)
    )
    empty.record(call)
    event = empty.store.list_events(empty.organization, CALLS).items[0]

    page = empty.get(f"/dashboard/events/{event.event_id}").text

    assert re.search(r"29\d,\d{3} more lines are not shown", text_of(page))


def test_what_is_checked_out_is_said_beside_who(empty: Web):
    call = a_tool_call(
        extra={
            "vcs.repository.url.full": "https://git.example.com/shop/api",
            "vcs.ref.head.name": "fix-<b>login</b>",
            "vcs.ref.head.revision": "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567",
        }
    )

    page = text_of(opened(empty, call))

    assert "Repository https://git.example.com/shop/api" in page
    assert "Checked out fix-<b>login</b> at 0f1e2d3c4b5a" in page


def test_a_finding_says_how_sure_it_is(empty: Web):
    page = text_of(opened(empty, a_request(arguments={"note": "pay DE89370400440532013000"})))

    assert "confidence high" in page
