"""The template engine: autoescape on, unknown names are errors, our filters."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from agentaudit_backend.reports import charts
from agentaudit_backend.store.clocks import clock_note
from agentaudit_backend.templates import text, zones
from agentaudit_processor.classify.tags import label_of


@cache
def environment() -> Environment:
    """The one Environment of pages and PDF."""
    made = Environment(
        loader=PackageLoader("agentaudit_backend"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for each in (
        text.visible,
        text.cell,
        text.line_told,
        text.breakable,
        text.marked,
        text.number,
        text.moment,
        text.iso,
        text.duration,
        text.offset,
        text.words,
        text.share,
        zones.local,
        zones.told_fully,
    ):
        made.filters[each.__name__] = each
    made.filters["tag_label"] = label_of
    made.filters["clock_note"] = clock_note
    made.globals["charts"] = charts
    made.globals["zone"] = zones.zone
    made.globals["zone_name"] = zones.zone_name
    return made
