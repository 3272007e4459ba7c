"""Requirements as data: frameworks, controls, personal data types, signals."""

from functools import cache
from pathlib import Path
from typing import Any

from agentaudit_processor.kept_yaml import read_yaml


@cache
def load_frameworks() -> dict[str, Any]:
    """The whole of frameworks.yaml; its head describes the schema. Read once, never changed."""
    loaded = read_yaml(Path(__file__).with_name("frameworks.yaml").read_text("utf-8"))
    assert isinstance(loaded, dict)  # noqa: S101
    return loaded


def load_techniques() -> str:
    """The text of attack.tsv: a technique of MITRE ATT&CK a line; its head names the licence."""
    return Path(__file__).with_name("attack.tsv").read_text("utf-8")
