"""Controls that Events met: of one, of a page, and counted under a filter; by their profiles."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import cache

from sqlalchemy import Connection, RowMapping, select

from agentaudit_backend.store.bulk import among
from agentaudit_backend.store.profiles import CONTROL, tags_by_profile
from agentaudit_backend.store.reading.conditions import EVENTS
from agentaudit_backend.store.tables import Control, table_of
from agentaudit_backend.store.views import ControlCount
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.model import ControlHit

_CONTROLS = table_of(Control)


def hits_by_profile(
    connection: Connection, profiles: Collection[int]
) -> dict[int, tuple[ControlHit, ...]]:
    """What the Events of each of these profiles met."""
    tags = tags_by_profile(connection, sorted(set(profiles)))
    ids = {
        profile: [int(value) for kind, value in each if kind == CONTROL]
        for profile, each in tags.items()
    }
    wanted = {control for each in ids.values() for control in each}
    words = connection.execute(
        select(_CONTROLS)
        .where(among(connection, _CONTROLS.c.id, wanted))
        .order_by(_CONTROLS.c.framework, _CONTROLS.c.key, _CONTROLS.c.kind)
    )
    hits = {row["id"]: _hit(row) for row in words.mappings()}
    return {
        profile: tuple(hit for id_, hit in hits.items() if id_ in each)
        for profile, each in ids.items()
    }


def control_hits(
    connection: Connection, organization_id: int, event_ids: Sequence[str]
) -> dict[str, tuple[ControlHit, ...]]:
    """What each of a page's Events met, by event id."""
    found = connection.execute(
        select(EVENTS.c.event_id, EVENTS.c.profile)
        .where(EVENTS.c.organization_id == organization_id)
        .where(among(connection, EVENTS.c.event_id, event_ids))
    ).all()
    hits = hits_by_profile(connection, [row.profile for row in found])
    return {row.event_id: hits[row.profile] for row in found if hits[row.profile]}


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
        keys=tuple(sorted({each["key"] for each in rows})),
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
