"""The policy document as YAML, as people read and write it: on a page, in a file, at a terminal."""

import re
from typing import Any

import yaml

from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_document import to_document

_UNSEEN = re.compile(
    "[\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]"
)
"""What would hide or reorder the text around it, and line ends of other scripts, which YAML folds.

Source: Unicode UAX 9 (bidi controls), UTS 39 (default ignorable characters).
"""


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines, packs above all, as they are."""


def _text(dumper: yaml.SafeDumper, value: str) -> Any:
    style = '"' if _UNSEEN.search(value) else "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def policy_yaml(policy: Policy) -> str:
    """Every field of the document; `policy_of` reads it back."""
    document = to_document(policy)
    told = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    # what is left of them is inside double quotes, where YAML reads an escape
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", told)
