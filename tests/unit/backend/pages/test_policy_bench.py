"""The test bench: findings, risk, decision and near misses of a call that nobody made."""

from dataclasses import replace
from typing import Any

import pytest

from agentaudit_backend.store.filters import USUAL_KINDS, EventFilter
from agentaudit_processor.policy import LoggingLevel
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
