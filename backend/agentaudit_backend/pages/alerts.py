"""Alerts that were fired: what was found, who was told, who has it in hand."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.alerts.recorded import AlertRecords
from agentaudit_backend.pages.doors import admins_only
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.framing import LinkedRow, linked_row
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.alert_views import FiredAlert
from agentaudit_backend.store.alerts import LISTED
from agentaudit_backend.store.values import to_nanoseconds

PATH: Final = "/dashboard/alerts"
NOTE_LIMIT = 500
_SHOWN_EVENTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsPage:
    """Context of alerts.html."""

    alerts: tuple[FiredAlert, ...]
    open_only: bool
    open_count: int
    has_rules: bool
    state: str
    """What stands for these rows when they are taken away."""
    newest: str | None
    older: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPage:
    """Context of alert.html."""

    alert: FiredAlert
    rows: tuple[LinkedRow, ...]
    all_href: str
    """The timeline with the rule's query, about the time of the alert."""
    year: int


def show_list(visit: Visit) -> Response:
    """The latest alerts; those that nobody acknowledged, unless asked for all."""
    alerts, organization = visit.site.store.alerts, visit.organization_id
    asked = visit.request.query_params
    open_only = asked.get("state") != "all"
    after = alerts.one(organization, asked["after"]) if "after" in asked else None
    found = alerts.fired(organization, open_only=open_only, after=after, most=LISTED + 1)
    shown = found[:LISTED]
    state = "open" if open_only else "all"
    context = AlertsPage(
        alerts=shown,
        state=urlencode({"state": state}),
        newest=f"{PATH}?{urlencode({'state': state})}" if after else None,
        older=f"{PATH}?{urlencode({'state': state, 'after': shown[-1].alert_id})}"
        if len(found) > LISTED
        else None,
        open_only=open_only,
        open_count=alerts.count_open(organization),
        has_rules=bool(alerts.rules(organization)),
    )
    return page(visit, "alerts.html", context, place="Alerts")


def show_one(visit: Visit) -> Response:
    """One alert with its Events and messages."""
    alert = _asked(visit)
    events = visit.site.store.alerts.events_of(visit.organization_id, alert.alert_id, _SHOWN_EVENTS)
    query = Query(range="all", text=alert.query or None)
    about = query.between(alert.fired_at - timedelta(days=1), alert.fired_at + timedelta(days=1))
    context = AlertPage(
        alert=alert,
        rows=tuple(linked_row(event, query) for event in events),
        all_href=about.url("/dashboard"),
        year=visit.now.year,
    )
    return page(visit, "alert.html", context, place="Alerts")


def acknowledge(visit: Visit, form: FormData) -> Response:
    """Say that somebody has it in hand, with a note.

    Raises:
        Problem: 409, somebody else was first.
    """
    admins_only(visit, "acknowledge an alert")
    alert, author = _asked(visit), who(visit)
    note = " ".join(str(form.get("note", "")).split())[:NOTE_LIMIT]
    known = visit.site.store.alerts.acknowledge(
        visit.organization_id, alert.alert_id, by=author, note=note, now=visit.now
    )
    if known.acknowledged_at != visit.now:
        raise Problem(
            409,
            "Somebody was first",
            f"{known.acknowledged_by} acknowledged this alert.",
            "Their note is on its page.",
            href=href_of(alert),
            link="Open the alert",
        )
    records(visit).acknowledged(known)
    return RedirectResponse(href_of(alert), 303)


def again(visit: Visit, form: FormData) -> Response:
    """Send a message that was given up once more."""
    admins_only(visit, "send messages again")
    alert = _asked(visit)
    delivery_id = str(form.get("delivery", ""))
    visit.site.store.alerts.again(visit.organization_id, delivery_id, visit.now)
    return RedirectResponse(href_of(alert), 303)


def href_of(alert: FiredAlert) -> str:
    """The alert's page."""
    return f"{PATH}/{alert.alert_id}"


def who(visit: Visit) -> str:
    """The person as the log names them."""
    return visit.person


def records(visit: Visit) -> AlertRecords:
    """What writes the acts of this person."""
    return AlertRecords(
        visit.site.store,
        visit.site.judge,
        visit.organization_id,
        who(visit),
        to_nanoseconds(visit.now),
    )


def timeline_of(query: str, range_: str) -> str:
    """The timeline under a rule's query."""
    pairs = {"q": query, "range": range_} if query else {"range": range_}
    return f"/dashboard?{urlencode(pairs)}"


def _asked(visit: Visit) -> FiredAlert:
    alert_id = str(visit.request.path_params["alert_id"])
    found = visit.site.store.alerts.one(visit.organization_id, alert_id)
    if found is None:
        raise Problem(
            404,
            "No such alert",
            "There is none of this id.",
            "See the list.",
            href=PATH,
            link="All alerts",
        )
    return found
