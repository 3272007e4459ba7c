"""Activities that once broke the judge, as files: what they were, and back.

    {"why": "…", "fact": false, "fields": {"arguments": …, "result": …, "tool_name": …}}

Only the fields that differ from the builders' are there. A number that JSON cannot say stands as
`{"power_of_ten": 4300}`.
"""

from collections.abc import Mapping
from typing import Any

from agentaudit_processor.model import Action, Activity, Fact
from tests.support.builders import a_fact, a_tool_call

_FIELDS = """
arguments result extra error_message error_type tool_name mcp_server cwd permission_mode session_id
call_id fact_id name data action
"""


def activity_of(told: Mapping[str, Any]) -> Activity:
    """The Activity that a file tells."""
    fields = {name: _numbers(value) for name, value in told["fields"].items()}
    if "action" in fields:
        fields["action"] = Action(fields["action"])
    if told.get("fact"):
        return a_fact(**fields)
    return a_tool_call(fields.pop("tool_name", "Bash"), **fields)


def told_of(activity: Activity, why: str) -> dict[str, Any]:
    """What a file tells of an Activity."""
    plain = a_fact() if isinstance(activity, Fact) else a_tool_call()
    fields = {
        name: getattr(activity, name)
        for name in _FIELDS.split()
        if getattr(activity, name, None) != getattr(plain, name, None)
    }
    return {"why": why, "fact": isinstance(activity, Fact), "fields": fields}


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"power_of_ten"}:
            return 10 ** value["power_of_ten"]
        return {key: _numbers(item) for key, item in value.items()}
    return [_numbers(item) for item in value] if isinstance(value, list) else value
