"""Queries of `tail`: the page's words, over what this machine knows."""

import pytest

from agentaudit_hook.looking.query import BadQuery, read_query
from agentaudit_hook.looking.watch import Row, row_of
from agentaudit_processor.model import ClientVerdict, Decision, Outcome, Phase, RiskLevel
from tests.support.builders import a_fact, a_tool_call


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
        'cmd:"psql*"',
        '"drop table"',
        "DROP -select",
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
        "-drop",
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
        ("riks:high", "unknown field riks; there are risk, decision"),
        ("risk:huge", "unknown level 'huge'; there are low, medium, high, critical"),
        ("risk:>=huge", "unknown level 'huge'"),
        ("rule:x.*", "rule is known to the server alone"),
        ('"open', "a quote is left open"),
    ],
)
def test_what_means_nothing_is_named(query: str, words: str) -> None:
    with pytest.raises(BadQuery, match=words.replace("*", ".")):
        read_query(query)


def test_an_address_is_a_word() -> None:
    row = _call(arguments={"command": "curl https://example.com/x"})

    assert read_query("https://example.com").matches(row)
