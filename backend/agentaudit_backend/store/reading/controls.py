"""Controls that Events met: of one, of a page, and counted under a filter."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import Connection, RowMapping, select

from agentaudit_backend.store.reading.conditions import EVENTS
from agentaudit_backend.store.tables import Control, EventControl, table_of
from agentaudit_backend.store.views import ControlCount
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.model import ControlHit

_CONTROLS = table_of(Control)
_MET = table_of(EventControl)


def hits_by_pk(connection: Connection, pks: Sequence[int]) -> dict[int, tuple[ControlHit, ...]]:
    """What the Events of these rows met."""
    found = connection.execute(
        select(_MET.c.event_pk, _CONTROLS)
        .join(_MET, _MET.c.control_id == _CONTROLS.c.id)
        .where(_MET.c.event_pk.in_(pks))
        .order_by(_CONTROLS.c.framework, _CONTROLS.c.key, _CONTROLS.c.kind)
    )
    hits: dict[int, tuple[ControlHit, ...]] = {}
    for row in found.mappings():
        hits[row["event_pk"]] = (*hits.get(row["event_pk"], ()), _hit(row))
    return hits


def control_hits(
    connection: Connection, organization_id: int, event_ids: Sequence[str]
) -> dict[str, tuple[ControlHit, ...]]:
    """What each of a page's Events met, by event id."""
    found = connection.execute(
        select(EVENTS.c.event_id, _CONTROLS)
        .join(_MET, _MET.c.event_pk == EVENTS.c.pk)
        .join(_CONTROLS, _CONTROLS.c.id == _MET.c.control_id)
        .where(EVENTS.c.organization_id == organization_id)
        .where(EVENTS.c.event_id.in_(event_ids))
        .order_by(_CONTROLS.c.framework, _CONTROLS.c.key, _CONTROLS.c.kind)
    )
    hits: dict[str, tuple[ControlHit, ...]] = {}
    for row in found.mappings():
        hits[row["event_id"]] = (*hits.get(row["event_id"], ()), _hit(row))
    return hits


def control_counts(
    connection: Connection, events_by_id: Mapping[int, int]
) -> tuple[ControlCount, ...]:
    """The words of Controls by framework; each with how many Events met it, told by its id."""
    rows = [
        row
        for row in connection.execute(select(_CONTROLS)).mappings()
        if events_by_id.get(row["id"])
    ]
    alike: dict[tuple[str, str, str], list[RowMapping]] = {}
    for row in rows:
        alike.setdefault((row["framework"], row["control"], row["title"]), []).append(row)
    return tuple(_count(alike[key], events_by_id) for key in sorted(alike))


def _count(rows: Sequence[RowMapping], events_by_id: Mapping[int, int]) -> ControlCount:
    sums = Counter[str]()
    for row in rows:
        sums[row["kind"]] += events_by_id[row["id"]]
    row = rows[0]
    return ControlCount(
        framework=row["framework"],
        framework_name=_framework_names().get(row["framework"], row["framework"]),
        control=row["control"],
        title=row["title"],
        rationale=min(each["rationale"] for each in rows),
        evidence=sums["evidence"],
        attention=sums["attention"],
        readiness=all(each["readiness"] for each in rows),
    )


def _hit(row: RowMapping) -> ControlHit:
    return ControlHit(
        key=row["key"],
        framework=row["framework"],
        control=row["control"],
        title=row["title"],
        kind=row["kind"],
        strength=row["strength"],
        rationale=row["rationale"],
        readiness=row["readiness"],
    )


@cache
def _framework_names() -> dict[str, str]:
    return {item["id"]: item["name"] for item in load_frameworks()["frameworks"]}
