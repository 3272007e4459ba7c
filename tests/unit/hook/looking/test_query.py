"""Queries of `tail`: the page's words, over what this machine knows."""

import pytest

from agentaudit_hook.looking.judged import Judged, Judging
from agentaudit_hook.looking.query import Query
from agentaudit_hook.looking.watch import Row, row_of
from agentaudit_hook.settings import Settings
from agentaudit_processor.ids import event_id_of
from agentaudit_processor.model import (
    Action,
    Activity,
    ClientVerdict,
    Decision,
    Outcome,
    Phase,
    RiskLevel,
)
from agentaudit_processor.query.language import QueryError
from agentaudit_processor.query.terms import CHOICES, Field
from tests.support.builders import a_fact, a_tool_call

JUDGING = Judging({"HOME": "/nonexistent"}, Settings())


def read_query(text: str) -> Query:
    return Query.of(text, JUDGING.judged)


def _call(level: RiskLevel = RiskLevel.HIGH, **fields: object) -> Row:
    verdict = ClientVerdict(
        decision=Decision.BLOCK, risk_level=level, policy_version="1", packs_version="1"
    )
    usual = {"tool_name": "Bash", "arguments": {"command": "psql -c 'DROP TABLE x'"}}
    return row_of(a_tool_call(client_verdict=verdict, **(usual | fields)))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "risk:high",
        "risk:high,critical",
        "risk:>=high",
        "risk:>low risk:<critical",
        "risk:*",
        "decision:block tool:Bash",
        "tool:ba*",
        "-tool:Read",
        "-risk:low",
        "cmd:psql*drop",
        "cmd:table",
        '"drop table"',
        'DROP -"select"',
        "kind:tool_call",
        "kind:*",
        "action:shell_command",
    ],
)
def test_what_matches(query: str) -> None:
    assert read_query(query).matches(_call())


@pytest.mark.parametrize(
    "query",
    [
        "risk:low",
        "risk:>high",
        "-risk:*",
        "tool:Read",
        "select",
        '-"drop"',
        "-drop",
        "path:*",
        "kind:session",
        "tool:B?sh",
    ],
)
def test_what_does_not_match(query: str) -> None:
    assert not read_query(query).matches(_call())


def test_a_record_without_a_level_is_in_no_comparison() -> None:
    fact = row_of(a_fact())

    assert not read_query("risk:>=low").matches(fact)
    assert not read_query("risk:*").matches(fact)
    assert read_query("-risk:>=low").matches(fact)


def test_how_a_call_ended_can_be_asked_for() -> None:
    ended = _call(phase=Phase.ENDED, outcome=Outcome.FAILURE)

    assert read_query("outcome:failure").matches(ended)
    assert not read_query("outcome:success").matches(ended)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("riks:high", "did you mean “risk”"),
        ("risk:huge", "“huge” is none of low, medium, high, critical"),
        ("risk:>=huge", "is none of low"),
        ('"open', "this quote is not closed"),
        ("decision:perhaps", "is none of allow"),
    ],
)
def test_what_means_nothing_is_named(query: str, words: str) -> None:
    with pytest.raises(QueryError, match=words):
        read_query(query)


def test_an_address_is_a_word() -> None:
    row = _call(arguments={"command": "curl https://example.com/x"})

    assert read_query("https://example.com").matches(row)


@pytest.mark.parametrize(
    "query",
    [
        "pii:email",
        "pii:*",
        "rule:pii.email*",
        "finding:pii.*",
        "framework:gdpr",
        "control:gdpr.*",
        "secret:none",
        "repo:api",
        "env:unknown",
        "-rule:secrets.*",
    ],
)
def test_what_is_found_in_a_record_can_be_asked_for(query: str) -> None:
    command = "echo 'mail to jane.roe@contoso-sales.com'"

    row = _call(arguments={"command": command}, cwd="/home/alice/api")

    assert read_query(query).matches(row)


@pytest.mark.parametrize("query", ["pii:none", "secret:*", "rule:secrets.*", "framework:none"])
def test_what_is_not_found_in_a_record_is_not_shown(query: str) -> None:
    row = _call(arguments={"command": "echo 'mail to jane.roe@contoso-sales.com'"})

    assert not read_query(query).matches(row)


def test_a_path_is_met_whole_or_by_its_end() -> None:
    row = _call(
        tool_name="Read", action=Action.FILE_READ, arguments={"file_path": "/home/alice/api/.env"}
    )

    for query in ("path:.env", "path:*.env", "path:/home/alice/api/.env", "path:api/.env"):
        assert read_query(query).matches(row), query
    assert not read_query("path:env").matches(row)


def test_an_id_is_that_of_the_call_or_of_its_event() -> None:
    row = _call()

    assert read_query(f"id:{row.id}").matches(row)
    assert read_query(f"id:{event_id_of(row.session, row.id)}").matches(row)


def test_every_field_of_the_page_is_one_of_ours() -> None:
    row = _call()

    for field in Field:
        value = next(iter(CHOICES.get(field, ("x",))))
        assert read_query(f"{field.value}:{value}").matches(row) in (True, False)


def test_nothing_is_judged_unless_the_query_speaks_of_what_is_found() -> None:
    def judge(_: Activity) -> Judged:
        raise AssertionError("not asked for")

    assert Query.of("risk:high drop", judge).matches(_call())
