"""Tools of stores without SQL, as the command lines of the stores' clients."""

from dataclasses import replace

import pytest

from agentaudit_processor.classify.rules import Example
from agentaudit_processor.classify.store_tools import client_lines
from agentaudit_processor.model import Json, ToolCall
from agentaudit_processor.rule_examples import call_of


def a_call(server: str | None, tool: str, arguments: dict[str, Json]) -> ToolCall:
    example = Example(
        name="a call", matches=True, call={"tool": tool, "action": "connector_access"}
    )
    return replace(call_of(example), mcp_server=server, arguments=arguments)


@pytest.mark.parametrize(
    ("server", "tool", "arguments", "lines"),
    [
        ("redis", "execute", {"command": "FLUSHALL"}, ["redis-cli FLUSHALL"]),
        ("redis", "execute", {"command": "DEL", "args": ["k"]}, ["redis-cli DEL k"]),
        ("cache", "valkey_flushdb", {}, ["redis-cli flushdb"]),
        (
            "mongodb",
            "dropDatabase",
            {"database": "shop"},
            ["mongosh shop --eval db.dropDatabase()"],
        ),
        ("mongodb", "delete-many", {"filter": "{ }"}, ["mongosh --eval db.deleteMany({})"]),
        ("mongodb", "delete-many", {"filter": "{id: 7}"}, []),
        ("mongodb", "update-many", {"filter": {}}, ["mongosh --eval db.updateMany({})"]),
        ("mongodb", "updateMany", {"filter": {"id": 7}}, []),
        ("mongodb", "drop-index", {"collection": "a"}, ["mongosh --eval db.a.dropIndexes()"]),
        ("notes", "drop-database", {}, []),
        (None, "execute", {"command": "FLUSHALL"}, []),
    ],
)
def test_a_tool_of_a_store_is_read_as_its_client_would_be_told(
    server: str | None, tool: str, arguments: dict[str, Json], lines: list[str]
):
    call = a_call(server, tool, arguments)

    told = list(client_lines(call))

    assert lines == told
