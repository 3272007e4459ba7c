"""Records that were dropped for want of room, lost to damage or refused → the Facts that say so."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from agentaudit_hook.relay.records import Unreadable, is_result, unpack_record
from agentaudit_hook.relay.segments import Damage
from agentaudit_hook.relay.set_aside import Refused
from agentaudit_hook.relay.spool import Segment
from agentaudit_processor.model import Action, Activity, EventKind, Fact, Json, ToolCall

RECORDS_DROPPED = "RecordsDropped"
RECORDS_DAMAGED = "RecordsDamaged"
RECORDS_REFUSED = "RecordsRefused"
_COUNTS = ("requests", "results", "facts")


@dataclass(slots=True)
class _Loss:
    """What one session lost."""

    last: Activity
    counts: Counter[str] = field(default_factory=Counter)
    times_ns: list[int] = field(default_factory=list)


def dropped_facts(segment: Segment, reason: str, at_ns: int) -> list[Fact]:
    """What was in `segment`, by session. A fact of an earlier drop passes its counts on.

    The same segment gives the same ids. Records that cannot be read belong to no session and are
    left out: they could not have been delivered either.
    """
    losses: dict[str, _Loss] = {}
    for _, payload in segment.records:
        try:
            activity, _ = unpack_record(payload)
        except Unreadable:
            continue
        loss = losses.setdefault(activity.session_id, _Loss(activity))
        loss.last = activity
        loss.counts.update(_counts_of(activity))
        loss.times_ns.append(_time_of(activity))
    stem = f"dropped|{segment.expendable}|{segment.number}|"
    return [_fact_of(loss, reason, at_ns, stem) for loss in losses.values()]


def damage_facts(damage: Damage, at_ns: int) -> list[Fact]:
    """That records were lost beside those of a session, one for each session that stands beside.

    How many, and whose, is no longer to be read; the same damage gives the same ids.
    """
    near = _by_session(damage.beside)
    stem = f"damaged|{damage.segment}|{damage.at}|"
    return [
        _gap(
            beside[-1],
            RECORDS_DAMAGED,
            at_ns,
            stem,
            {
                "reason": "a file of the spool was damaged on disk",
                "bytes": damage.size_bytes,
                "from": _iso(min(map(_time_of, beside))),
                "to": _iso(max(map(_time_of, beside))),
            },
        )
        for beside in near.values()
    ]


def refused_facts(refused: Refused, at_ns: int) -> list[Fact]:
    """That the receiver took a batch without some of its records, one for each session in it.

    Which ones, it does not say. Of such facts themselves there are none, else it would not end.
    """
    packed = [payload for _, payload in refused.batch]
    sessions = _by_session(packed, but=RECORDS_REFUSED)
    stem = f"refused|{refused.batch[0][0]}|"
    return [
        _gap(
            found[-1],
            RECORDS_REFUSED,
            at_ns,
            stem,
            {
                "reason": refused.reason,
                "refused": refused.count,
                "of_records": len(packed),
                "of_this_session": len(found),
                "from": _iso(min(map(_time_of, found))),
                "to": _iso(max(map(_time_of, found))),
            },
        )
        for found in sessions.values()
    ]


def _by_session(payloads: Iterable[bytes], but: str = "") -> dict[str, list[Activity]]:
    """Those that can be read, but for facts of a name."""
    found: dict[str, list[Activity]] = {}
    for payload in payloads:
        with suppress(Unreadable):
            activity, _ = unpack_record(payload)
            if not (isinstance(activity, Fact) and activity.name == but):
                found.setdefault(activity.session_id, []).append(activity)
    return found


def _counts_of(activity: Activity) -> dict[str, int]:
    if isinstance(activity, ToolCall):
        return {"results" if is_result(activity) else "requests": 1}
    if activity.name != RECORDS_DROPPED:
        return {"facts": 1}
    told = activity.data
    return {key: count for key in _COUNTS if isinstance(count := told.get(key), int)}


def _fact_of(loss: _Loss, reason: str, at_ns: int, stem: str) -> Fact:
    last = loss.last
    data: dict[str, Json] = {
        "reason": reason,
        **{key: loss.counts[key] for key in _COUNTS},
        "from": _iso(min(loss.times_ns)),
        "to": _iso(max(loss.times_ns)),
    }
    return _gap(last, RECORDS_DROPPED, at_ns, stem, data)


def _gap(last: Activity, name: str, at_ns: int, stem: str, data: Mapping[str, Json]) -> Fact:
    return Fact(
        fact_id=sha256((stem + last.session_id).encode("utf-8", "replace")).hexdigest()[:32],
        kind=EventKind.GAP,
        action=Action.OTHER,
        name=name,
        session_id=last.session_id,
        actor=last.actor,
        trace_id=last.trace_id,
        at_ns=at_ns,
        cwd=last.cwd,
        data=data,
    )


def _time_of(activity: Activity) -> int:
    return activity.started_ns if isinstance(activity, ToolCall) else activity.at_ns


def _iso(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns / 1e9, UTC).isoformat(timespec="seconds")
