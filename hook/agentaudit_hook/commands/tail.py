"""`tail`: the newest records of this machine, as they come."""

import argparse
import json
import os
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from agentaudit_hook.commands.speech import CONFIGURATION, GLYPHS, USAGE, fail, remark, say
from agentaudit_hook.places import usable_place
from agentaudit_hook.settings import BadSettings, Settings, load_settings
from agentaudit_processor.redact import one_line

if TYPE_CHECKING:
    from agentaudit_hook.commands.speech import GLYPHS, Verbs
    from agentaudit_hook.looking.judged import Judged
    from agentaudit_hook.looking.query import Judge
    from agentaudit_hook.looking.watch import Row
    from agentaudit_processor.model import Activity

POLL_SECONDS = 0.25
LINE_CHARS = 160
FORMAT = 1
"""Of the lines of `--json`."""


def add(verbs: "Verbs") -> None:
    """Give the verb to the parser."""
    sub = verbs.add_parser(
        "tail",
        help="show the newest records of this machine",
        description="Example: agentaudit-hook tail -f 'risk:>=high'. Shows what the relay has "
        "recorded here lately, sent or not; the dashboard shows everything. The query is the "
        "page's, with all of its fields: field:value, a,b, val*, risk:>=high, pii:email, rule:*, "
        "words; -field:value behind a -- of its own.",
    )
    sub.add_argument("query", nargs="*", metavar="QUERY", help="what to show; everything, if none")
    sub.add_argument("-f", "--follow", action="store_true", help="go on with what comes")
    sub.add_argument("-n", type=int, default=20, metavar="COUNT", help="how many; default: 20")
    sub.add_argument("--json", action="store_true", help="a line of JSON for each")
    sub.set_defaults(verb=_tail)


def _tail(chosen: argparse.Namespace) -> int:
    from agentaudit_hook.looking.query import Query  # noqa: PLC0415  the model takes time
    from agentaudit_hook.looking.watch import Watch  # noqa: PLC0415
    from agentaudit_processor.query.language import QueryError  # noqa: PLC0415

    place = usable_place(os.environ)
    if place is None:
        return fail("no state folder can be written; set XDG_STATE_HOME")
    try:
        query = Query.of(" ".join(chosen.query), _judge_of(load_settings(os.environ)))
    except QueryError as error:
        return fail(f"query: {error}", USAGE)
    except BadSettings as error:
        return fail(str(error), CONFIGURATION)
    watch = Watch(Path(place.state))
    rows = filter(query.matches, watch.news())
    newest = deque(rows, maxlen=max(chosen.n, 0))
    _show(newest, is_json=chosen.json)
    if not newest and not chosen.follow:
        remark("Nothing of this kind was recorded here since the relay started.")
    while chosen.follow:
        time.sleep(POLL_SECONDS)
        _show(filter(query.matches, watch.news()), is_json=chosen.json)
    return 0


def _judge_of(settings: Settings) -> "Judge":
    """Judges a record, with packs that are loaded the first time that one has to be."""
    from agentaudit_hook.looking.judged import Judging  # noqa: PLC0415

    loaded: list[Judging] = []

    def judge(activity: "Activity") -> "Judged":
        if not loaded:
            loaded.append(Judging(os.environ, settings))
        return loaded[0].judged(activity)

    return judge


def _show(rows: "Iterable[Row]", *, is_json: bool) -> None:
    for row in rows:
        if is_json:
            say(json.dumps({"format": FORMAT, **row.plain()}))
        else:
            say(line_of(row))


def line_of(row: "Row") -> str:
    """One line for a person; agents' text in it cannot steer the terminal."""
    from agentaudit_hook.looking.watch import iso  # noqa: PLC0415

    risk = f"{GLYPHS[row.risk]} {row.risk}" if row.risk in GLYPHS else ""
    told = (iso(row.at_ns), f"{risk:<10}", f"{row.decision:<7}", f"{row.state or row.kind:<9}")
    head = "  ".join(told)
    tool = "" if row.summary.startswith(row.tool) else f"{row.tool}: "
    return f"{head}  {one_line(f'{tool}{row.summary}', LINE_CHARS)}"
