"""The policy document as YAML, as people read and write it."""

from typing import Any

import yaml

from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_document import to_document

_BREAKS = frozenset("\x85\u2028\u2029\ufeff")
"""Line ends of other scripts: plain, YAML would fold them into spaces."""


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines, packs above all, as they are."""


def _text(dumper: yaml.SafeDumper, value: str) -> Any:
    style = '"' if _BREAKS.intersection(value) else "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def policy_yaml(policy: Policy) -> str:
    """Every field of the document; `policy_of` reads it back."""
    document = to_document(policy)
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
