"""What an agent does in the demonstration: tools, their arguments and what comes back.

In texts `<home>` `<repo>` `<module>` `<number>` stand for whatever a Session is about. Risk and
findings are not told here: the real judge says what it thinks of each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

from agentaudit_processor.model import Action, Json

ANYWHERE: Final = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that an agent may do. `weight` is how often, beside the others of its `work`."""

    number: int
    tool: str
    action: Action
    arguments: Mapping[str, Json]
    result: Json = None
    exit_code: int | None = None
    weight: int = 10
    work: str = ANYWHERE
    blocked: bool = False
    """The policy of whoever asks for it stops it before it runs."""
    mcp_server: str | None = None


@cache
def load_deeds() -> tuple[Deed, ...]:
    """The deeds of `deeds.yaml`."""
    text = files(__package__).joinpath("deeds.yaml").read_text(encoding="utf-8")
    told: list[dict[str, Any]] = yaml.safe_load(text)
    return tuple(
        Deed(**{**each, "action": Action(each["action"]), "number": number})
        for number, each in enumerate(_whole(each) for each in told)
    )


def _whole(told: dict[str, Any]) -> dict[str, Any]:
    """The short forms `bash: command` and `read: path` as what Claude Code sends for them."""
    rest = {name: value for name, value in told.items() if name not in ("bash", "read", "gives")}
    gives = told.get("gives", "")
    if "bash" in told:
        return {
            "tool": "Bash",
            "action": "shell_command",
            "arguments": {"command": told["bash"]},
            "result": {"stdout": gives, "stderr": "", "interrupted": False},
            **rest,
        }
    if "read" in told:
        file = {"filePath": told["read"], "content": gives, "numLines": gives.count("\n") + 1}
        return {
            "tool": "Read",
            "action": "file_read",
            "arguments": {"file_path": told["read"]},
            "result": {"type": "text", "file": file},
            **rest,
        }
    return rest


def placed(value: Json, places: Mapping[str, str]) -> Json:
    """`value` with every `<name>` of `places` filled in."""
    if isinstance(value, str):
        for name, text in places.items():
            value = value.replace(f"<{name}>", text)
        return value
    if isinstance(value, dict):
        return {key: placed(each, places) for key, each in value.items()}
    if isinstance(value, list):
        return [placed(each, places) for each in value]
    return value
