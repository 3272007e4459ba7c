"""The test bench: findings, risk, decision and near misses of a call that nobody made."""

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from markupsafe import escape

from agentaudit_backend.store.filters import USUAL_KINDS, EventFilter
from agentaudit_processor.policy import LoggingLevel
from tests.support.builders import a_tool_call
from tests.support.web import Web

PATH = "/dashboard/policy/test"


def tried(web: Web, text: str, kind: str = "command") -> Any:
    return web.post(PATH, {"csrf": web.csrf(), "kind": kind, "text": text})


def test_a_command_is_judged_by_the_policy_in_force(empty: Web) -> None:
    policy = empty.store.policy(empty.organization)
    strict = replace(policy, logging_level=LoggingLevel.PARANOID, blocking_enabled=True)
    empty.store.save_policy(empty.organization, strict, author="test", note="x")

    page = tried(empty, "rm -rf /home/alice/src").text

    assert "destructive.delete_tree" in page
    assert ">blocked</span>" in page


def test_the_examples_to_begin_with_are_all_found_and_go_once_something_is_typed(
    empty: Web,
) -> None:
    form = r'name="kind" value="(\w+)"><button class="button" name="text" value="([^"]+)"'
    offered = re.findall(form, empty.get(PATH).text)

    answers = [tried(empty, unescape(text), kind).text for kind, text in offered]

    assert len(offered) >= 4
    assert [1] * len(offered) == [
        answer.count('<section class="card" aria-labelledby="said"') for answer in answers
    ]
    assert all('<article class="finding' in answer for answer in answers)
    assert not any("For example" in answer for answer in answers)


def test_a_file_is_judged_as_what_is_read(empty: Web) -> None:
    assert "environment secrets" in tried(empty, "/home/alice/project/.env", "read").text


def test_nothing_of_it_is_stored(empty: Web) -> None:
    tried(empty, "rm -rf /")

    usual = EventFilter(kinds=USUAL_KINDS)  # beside the log-in
    assert () == empty.store.list_events(empty.organization, usual).items


def test_what_was_typed_stays_in_its_field_and_acts_nowhere(empty: Web) -> None:
    page = tried(empty, "echo '</textarea><script>alert(1)</script>\u202e' && rm -rf /").text

    assert "<script>alert" not in page
    assert "&lt;/textarea&gt;" in page


def test_an_auditor_may_try_too(empty: Web) -> None:
    empty.log_in(empty.store.create_key(empty.organization, role="auditor", name="auditor"))

    assert 200 == tried(empty, "ls").status_code


@pytest.mark.parametrize(("text", "kind"), [("x", "fly"), ("x" * 20_001, "command")])
def test_what_cannot_be_is_refused(empty: Web, text: str, kind: str) -> None:
    assert 422 == tried(empty, text, kind).status_code


@pytest.mark.parametrize(
    "told",
    [
        {"tool_name": "Bash", "tool_input": {"command": "rm -rf /srv"}, "cwd": "/work"},
        {"toolName": "bash", "toolArgs": json.dumps({"command": "rm -rf /srv"})},
        {"tool": "run_shell_command", "arguments": {"command": "rm -rf /srv"}},
    ],
    ids=lambda told: next(iter(told)),
)
def test_a_hook_s_json_is_a_call_whichever_agent_wrote_it(empty: Web, told: Any) -> None:
    page = tried(empty, json.dumps(told), "json").text

    assert "destructive.delete_tree" in page


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "no JSON"),
        ("[1]", "expected a JSON object"),
        ("{}", "it names no tool"),
        ('{"tool_name": "Bash", "tool_input": [1]}', "is no JSON object"),
        ('{"tool_name": "Bash", "tool_input": "x"}', "no JSON"),
        ("[" * 15_000, "no JSON"),
    ],
)
def test_json_that_is_no_call_stays_in_its_field_with_what_is_wrong(
    empty: Web, text: str, why: str
) -> None:
    answer = tried(empty, text, "json")

    assert 422 == answer.status_code
    assert why in answer.text
    assert str(escape(text)) in answer.text


def test_a_stored_call_is_tried_from_its_page(empty: Web) -> None:
    (event,) = empty.record(a_tool_call(arguments={"command": "git push --force"}))
    page = empty.get(f"/dashboard/events/{event}").text
    (link,) = re.findall(r'href="(/dashboard/policy/test[^"]*)"', page)

    form = empty.get(unescape(link)).text
    (text,) = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", form, re.DOTALL)
    answer = tried(empty, unescape(text), "json").text

    assert "git push --force" in unescape(text)
    assert "destructive_git.force_push" in answer


def test_an_event_that_is_not_there_cannot_be_tried(empty: Web) -> None:
    assert 404 == empty.get(f"{PATH}?event=none").status_code
