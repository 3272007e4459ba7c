"""Short numbers and truths are looked at where their key tells of a person, and only there."""

import pytest

from agentaudit_processor.classify.telling_keys import is_telling
from agentaudit_processor.model import Action, ToolCall
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from tests.support.builders import a_tool_call

JUDGE = Judge.load()


def as_text(value: str) -> ToolCall:
    return a_tool_call("Write", arguments={"file_path": "x", "content": value}, result=None)


@pytest.mark.parametrize("key", ["salary", "annual_salary", "cvv", "card_pin", "age", "employeeId"])
def test_a_key_of_personal_data_is_telling(key: str):
    assert is_telling(key)


@pytest.mark.parametrize(
    "key", ["exit_code", "count", "durationMs", "numLines", "page", "pin", "status", "port", ""]
)
def test_what_tools_count_is_not_telling(key: str):
    assert not is_telling(key)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ('{"salary": 74500}', "salary", "74500"),
        ('[{"id": 1, "annual_salary": 74500}]', "salary", "74500"),
        ('{"cvv": 737}', "card_security_code", "737"),
        ('{"card_pin": 4821}', "card_pin", "4821"),
        ('{"employee_id": 20417}', "employee_id", "20417"),
        ('{"union_member": true}', "trade_union_membership", "true"),
        ('{"last_name": "Schmidt", "age": 47}', "age", "47"),
        ('{"performance_rating": 2}', "performance_review", "2"),
    ],
)
def test_a_short_value_of_text_that_is_all_json_is_found_and_masked(
    text: str, kind: str, value: str
):
    event = JUDGE.examine(as_text(text)).event(Policy())

    assert kind in event.pii_types
    assert value not in str(event.activity.arguments["content"])


def test_a_short_number_in_the_arguments_themselves_is_found():
    call = a_tool_call("save", action=Action.OTHER, arguments={"salary": 74500}, result=None)

    event = JUDGE.examine(call).event(Policy())

    assert ("salary",) == event.pii_types
    assert event.activity.arguments["salary"] != 74500


def test_other_short_values_stay_as_they_are():
    told = {"count": 47, "ok": True, "share": 0.5, "code": 0, "pin": 13}
    call = a_tool_call("save", action=Action.OTHER, arguments=told, result=None)

    event = JUDGE.examine(call).event(Policy())

    assert told == event.activity.arguments
