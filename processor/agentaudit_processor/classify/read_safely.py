"""Deeds of an Activity, also where a parser fails: then its text is split crudely, and it is said.

A parser that fails is a fault of ours, but the text that brought it about is the agent's: it must
neither stop the agent nor hide what it does.
"""

from collections.abc import Iterator

from agentaudit_processor.classify.deeds import MAX_DEEDS, Deed, DeedKind
from agentaudit_processor.classify.read import deeds_of
from agentaudit_processor.classify.relay_named import with_relay_named
from agentaudit_processor.classify.shell.grammar import split_crudely
from agentaudit_processor.classify.written import written_deeds
from agentaudit_processor.model import Activity, Fact, Json

_MAX_WORDS = 60
_MAX_CHARS = 16_384


def deeds_or_crude(activity: Activity, notes: dict[str, None]) -> tuple[Deed, ...]:
    """What the Activity does; `notes` gets a line where it could not be parsed."""
    try:
        return with_relay_named(activity, deeds_of(activity))
    except Exception as error:  # noqa: BLE001  a text that breaks a parser must not go unjudged
        notes[f"what it does: a parser failed, {type(error).__name__}"] = None
        return tuple(_crude(activity))


def written_or_none(activity: Activity, notes: dict[str, None]) -> tuple[tuple[str, Deed], ...]:
    """What files that are written would do; `notes` gets a line where they could not be parsed."""
    try:
        return written_deeds(activity)
    except Exception as error:  # noqa: BLE001  as above
        notes[f"what the written file does: a parser failed, {type(error).__name__}"] = None
        return ()


def _crude(activity: Activity) -> Iterator[Deed]:
    yield Deed(kind=DeedKind.UNREAD, text="A parser failed on it", crude=True)
    told = activity.data if isinstance(activity, Fact) else activity.arguments
    text = "\n".join(_texts(dict(told)))[:_MAX_CHARS]
    for words in split_crudely(text.encode("utf-8", "replace").decode())[: MAX_DEEDS - 1]:
        line = " ".join(words[:_MAX_WORDS])
        yield Deed(kind=DeedKind.COMMAND, text=line, crude=True)


def _texts(value: Json) -> Iterator[str]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            waiting += item.values()
