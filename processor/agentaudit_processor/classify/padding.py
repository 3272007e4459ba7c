"""A command that is longer than one text is scanned, without its padding.

Of any other text head and tail are scanned and kept. Of a script that would leave the middle out,
and with it whatever somebody put between a hundred thousand times `echo a;`.
"""

from collections.abc import Mapping
from dataclasses import replace

from agentaudit_processor.classify.sheet import MAX_LEAF_CHARS
from agentaudit_processor.classify.shell.thinning import thinned
from agentaudit_processor.model import Activity, Fact, Json

_FIELDS = ("command", "cmd", "shell_command", "script")
_MOST_LEFT = MAX_LEAF_CHARS - 16 * 1024


def without_padding(activity: Activity, notes: dict[str, None]) -> Activity:
    """`activity`, its very long commands thinned; `notes` gets a line for each of them."""
    if isinstance(activity, Fact):
        return activity
    long = _long(activity.arguments)
    if not long:
        return activity
    changed = dict(activity.arguments)
    for name, text in long.items():
        changed[name] = left = "".join(thinned(text, _MOST_LEFT).pieces)
        notes[
            f"arguments.{name}: {len(left):,} of {len(text):,} characters kept, "
            "without what is repeated or does nothing"
        ] = None
    return replace(activity, arguments=changed)


def _long(arguments: Mapping[str, Json]) -> Mapping[str, str]:
    texts = ((name, arguments.get(name)) for name in _FIELDS)
    return {
        name: text for name, text in texts if isinstance(text, str) and len(text) > MAX_LEAF_CHARS
    }
