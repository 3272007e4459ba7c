"""Which Events a verb speaks of: `--range 30d --query 'risk:>=high'`, as the pages ask."""

import argparse
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from agentaudit_backend.failure import WrongLine
from agentaudit_backend.pages.parameters import parse
from agentaudit_backend.pages.query import RANGES, BadQuery, Query
from agentaudit_backend.store.filters import EventFilter

BROAD = "30d"
_OPTIONS = {"q": "query"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A filter with both ends told; `until` is now where none was given."""

    query: Query
    where: EventFilter
    until: datetime
    now: datetime


def add_query(verb: argparse.ArgumentParser) -> None:
    """Give the parser the options that `asked` reads."""
    verb.add_argument(
        "--range",
        metavar="RANGE",
        help=f"the time that ends now: {', '.join(RANGES)}; default: {BROAD}",
    )
    verb.add_argument("--from", dest="since", metavar="TIME", help="from then on, ISO 8601")
    verb.add_argument("--to", dest="until", metavar="TIME", help="before then, ISO 8601")
    verb.add_argument("--query", default="", metavar="QUERY", help="such as 'risk:>=high'")


def asked(chosen: argparse.Namespace) -> Asked:
    """What the options ask for.

    Raises:
        WrongLine: one of them means nothing.
    """
    absolute = chosen.since or chosen.until
    given = {
        "q": chosen.query,
        "from": chosen.since or "",
        "to": chosen.until or "",
        "range": chosen.range or ("" if absolute else BROAD),
    }
    try:
        query = parse(given.items())
    except BadQuery as wrong:
        raise WrongLine(f"--{_OPTIONS.get(wrong.field, wrong.field)}: {wrong.message}") from None
    now = datetime.now(UTC)
    where = query.filter(now)
    until = where.until or now
    return Asked(query=query, where=replace(where, until=until), until=until, now=now)
