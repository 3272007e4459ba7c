"""Controls that Events met: of one, of a page, and counted under a filter."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Integer, RowMapping, case, cast, func, select

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.reading.conditions import EVENTS, conditions
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
    connection: Connection, organization_id: int, where: EventFilter
) -> tuple[ControlCount, ...]:
    """How often each Control was met in the filtered Events, by framework."""
    control, met = _CONTROLS, _MET
    counts = (
        select(met.c.control_id, func.count().label("events"))
        .join(EVENTS, EVENTS.c.pk == met.c.event_pk)
        .where(*conditions(organization_id, where))
        .group_by(met.c.control_id)
        .subquery()
    )
    found = connection.execute(
        select(
            control.c.framework,
            control.c.control,
            control.c.title,
            func.min(control.c.rationale).label("rationale"),
            func.min(cast(control.c.readiness, Integer)).label("readiness"),
            _number_of(control, counts, "evidence"),
            _number_of(control, counts, "attention"),
        )
        .join(counts, counts.c.control_id == control.c.id)
        .group_by(control.c.framework, control.c.control, control.c.title)
        .order_by(control.c.framework, control.c.control)
    )
    return tuple(
        ControlCount(
            framework=row["framework"],
            framework_name=_framework_names().get(row["framework"], row["framework"]),
            control=row["control"],
            title=row["title"],
            rationale=row["rationale"],
            evidence=int(row["evidence"]),
            attention=int(row["attention"]),
            readiness=bool(row["readiness"]),
        )
        for row in found.mappings()
    )


def _number_of(control: Any, counts: Any, kind: str) -> Any:
    return func.sum(case((control.c.kind == kind, counts.c.events), else_=0)).label(kind)


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
