"""The access log: who came in, looked, took away and changed what. Events like all others."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from agentaudit_backend.pages import framing
from agentaudit_backend.pages.query import BadQuery, Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.views import Counted, EventRow
from agentaudit_processor.model import EventKind

PATH: Final = "/dashboard/admin/access"
WHAT: Final = {
    "": (
        EventKind.LOG_ACCESS,
        EventKind.EXPORT,
        EventKind.CONFIG_CHANGE,
        EventKind.POLICY_CHANGE,
        EventKind.APPROVAL,
    ),
    "looked": (EventKind.LOG_ACCESS,),
    "exported": (EventKind.EXPORT,),
    "changed": (EventKind.CONFIG_CHANGE, EventKind.POLICY_CHANGE, EventKind.APPROVAL),
}
WORDS: Final = {
    "": "everything",
    "looked": "came in or looked",
    "exported": "took away",
    "changed": "changed or decided",
}
DAYS: Final = {"7": "7 days", "30": "30 days", "90": "90 days", "400": "400 days"}
DEEDS: Final = {
    "LogIn": "Logged in",
    "LogOut": "Logged out",
    "LogInRefused": "Was refused at the log-in",
    "LogAccess": "Read",
    "Export": "Took away",
    "KeyCreated": "Made a key",
    "KeyRevoked": "Revoked a key",
    "PersonInvited": "Invited somebody",
    "InvitationWithdrawn": "Withdrew an invitation",
    "PolicyChange": "Changed the policy",
    "ApprovalApproved": "Approved a call",
    "ApprovalDenied": "Denied a call",
    "AlertRuleMade": "Made an alert rule",
    "AlertRuleChanged": "Changed an alert rule",
    "AlertRuleRemoved": "Removed an alert rule",
    "AlertChannelMade": "Made an alert channel",
    "AlertChannelRemoved": "Removed an alert channel",
    "EventReviewed": "Reviewed an event",
    "RetentionPurge": "Removed what was past its time",
}
_FIELD = re.compile(r"(?:^|(?<=, ))(\w+)=", re.ASCII)
_FIELDS: Final = {
    "read": "",
    "how": "by ",
    "export": "",
    "key": "",
    "name": "for ",
    "sha256": "SHA-256 ",
}
"""How a field of what was done is said; another's name stands as it is."""
_OURS: Final = ("agentaudit",)
"""The agent that the server names itself: of laptops, changed settings are no access."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One entry."""

    event: EventRow
    href: str

    @property
    def deed(self) -> str:
        """What was done, in words; a name that has none stands as it is."""
        return DEEDS.get(self.event.tool, self.event.tool)

    @property
    def details(self) -> str:
        """To what, in words."""
        told = self.event.summary.removeprefix(self.event.tool).strip()
        return _FIELD.sub(lambda name: _FIELDS.get(name[1], f"{name[1]} "), told)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPage:
    """Context of access.html."""

    rows: tuple[Access, ...]
    total: str
    what: str
    words: dict[str, str]
    days: str
    all_days: dict[str, str]
    who: str
    people: tuple[Counted, ...]
    newer: str | None
    older: str | None
    query: str
    """The same as the timeline's query, for exports."""


def show(visit: Visit) -> Response:
    """The entries, the newest first."""
    asked = visit.request.query_params
    what, days, who = asked.get("what", ""), asked.get("days", "30"), asked.get("who", "")
    if what not in WHAT:
        raise BadQuery("what", f"expected one of {', '.join(filter(None, WHAT))}")
    if days not in DAYS:
        raise BadQuery("days", f"expected one of {', '.join(DAYS)}")
    until = visit.now + timedelta(minutes=1)  # what has just been done is in it
    everybody = _filter(what, until - timedelta(days=int(days)), until)
    where = everybody if not who else _filter(what, everybody.since, everybody.until, who)
    store = visit.site.store
    found = store.list_events(visit.organization_id, where, cursor=asked.get("cursor") or None)

    def link(cursor: str | None) -> str | None:
        told = {"what": what, "days": days, "who": who, "cursor": cursor}
        return f"{PATH}?{urlencode(told)}" if cursor else None

    named = store.facets(visit.organization_id, everybody).get("user", ())
    kinds = [("kind", kind.value) for kind in WHAT[what]]
    times = [("from", _iso(where.since)), ("to", _iso(where.until))]
    users = [("user", who)] if who else []
    context = AccessPage(
        rows=tuple(
            Access(event=each, href=framing.event_href(each.event_id, Query(range="all")))
            for each in found.items
        ),
        total=framing.total_words(found.total, 10_000, "record"),
        what=what,
        words=WORDS,
        days=days,
        all_days=DAYS,
        who=who,
        people=tuple(named),
        newer=link(found.newer),
        older=link(found.older),
        query=urlencode([*kinds, ("agent", "agentaudit"), *times, *users]),
    )
    return page(visit, "access.html", context, place="Admin")


def _filter(
    what: str, since: datetime | None, until: datetime | None, who: str = ""
) -> EventFilter:
    users = (who,) if who else ()
    return EventFilter(kinds=WHAT[what], agents=_OURS, since=since, until=until, users=users)


def _iso(at: datetime | None) -> str:
    return at.isoformat().replace("+00:00", "Z") if at else ""
