"""Texts go by the name that tells what they are, wherever an agent's JSON keeps it."""

from typing import Any

import pytest

from agentaudit_processor.classify.sheet import Sheet
from tests.support.builders import a_tool_call


def laid(arguments: dict[str, Any]) -> list[str]:
    """The lines on the sheet of a call with these arguments."""
    text = Sheet(a_tool_call(arguments=arguments, result=None)).text.decode()
    return text.split("\x00\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"headers": [{"name": "Authorization", "value": "x"}]}, "Authorization=x"),
        ({"headers": [{"value": "x", "key": "X-Api-Key"}]}, "X-Api-Key=x"),
        ({"p": [{"ParameterKey": "Pass", "ParameterValue": "x"}]}, "Pass=x"),
        ({"outputs": {"db_password": {"value": "x", "sensitive": True}}}, "db_password=x"),
        ({"people": [{"name": "Anna Schmidt", "value": "x"}]}, "people=x"),
        ({"headers": [["Cookie", "x"]]}, "Cookie=x"),
        ({"cookies": {"sid": "x"}}, "cookie:sid=x"),
        ({"cookies": [{"name": "sid", "value": "x"}]}, "cookie:sid=x"),
        ({"args": ["login", "-p", "x"]}, "args=login -p x"),
        ({"command": "docker", "args": ["login", "-p", "x"]}, "command=docker login -p x"),
        ({"argv": ["mysql", "-px", 3306]}, "argv=mysql -px"),
        ({"words": ["one", "-two"]}, "words=one -two"),
        ({"Date of birth": "x"}, "Date_of_birth=x"),
        ({"Passport No.": "x"}, "Passport_No=x"),
        ({"prénom": "x"}, "prénom=x"),
        ({"आधार": "x"}, "आधार=x"),
    ],
)
def test_a_text_goes_by_the_name_beside_it(arguments: dict[str, Any], line: str):
    assert line in laid(arguments)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"fruits": ["apple", "pear"]}, "fruits=pear"),
        ({"value": "x"}, "value=x"),
        ({"text": {"value": "x", **{f"k{n}": "v" for n in range(20)}}}, "value=x"),
    ],
)
def test_other_texts_go_by_their_own_key(arguments: dict[str, Any], line: str):
    assert line in laid(arguments)


def test_json_among_the_words_of_a_command_is_opened():
    lines = laid({"args": ["curl", "-d", '{"password": "x"}', "-v", "y"]})

    assert ["args=curl -d", "password=x", "args=-v y"] == lines[:3]
