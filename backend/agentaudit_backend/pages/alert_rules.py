"""Rules of alerts: a form with a preview on history, and the list of those that stand."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.alerts.preview import would_have_fired
from agentaudit_backend.alerts.query import filter_of
from agentaudit_backend.alerts.wanted import BadWish, check_rule
from agentaudit_backend.pages.alerts import PATH as ALERTS
from agentaudit_backend.pages.alerts import records, timeline_of, who
from agentaudit_backend.pages.doors import admins_only
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.framing import LinkedRow, linked_row
from agentaudit_backend.pages.query import Query
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.alert_views import Channel, Rule, Wanted

PATH: Final = f"{ALERTS}/rules"
PREVIEW_DAYS = 7
_MOST_PREVIEWED = 10_000
_SHOWN = 5
_NEW = Wanted(
    name="", query="risk:>=high", threshold=1, window_s=600, quiet_s=900, channels=(), enabled=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRule:
    """A rule in the list."""

    rule: Rule
    href: str
    found_href: str
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesPage:
    """Context of alert_rules.html."""

    rules: tuple[ListedRule, ...]
    saved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What the rule would have done lately."""

    days: int
    found: int
    capped: bool
    fired: int
    href: str
    rows: tuple[LinkedRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePage:
    """Context of alert_rule.html."""

    rule_id: str
    """Empty for a new one."""
    wanted: Wanted
    channels: tuple[Channel, ...]
    wrong: BadWish | None
    preview: Preview | None
    year: int


def show_list(visit: Visit) -> Response:
    """The rules that stand."""
    context = RulesPage(rules=listed_rules(visit), saved="saved" in visit.request.query_params)
    return page(visit, "alert_rules.html", context, place="Alerts")


def listed_rules(visit: Visit) -> tuple[ListedRule, ...]:
    """Every rule that stands, by name."""
    alerts, organization = visit.site.store.alerts, visit.organization_id
    names = {each.channel_id: each.name for each in alerts.channels(organization)}
    return tuple(
        ListedRule(
            rule=rule,
            href=f"{PATH}/{rule.rule_id}",
            found_href=timeline_of(rule.wanted.query, "7d"),
            channels=tuple(names[id_] for id_ in rule.wanted.channels if id_ in names),
        )
        for rule in alerts.rules(organization)
    )


def show_form(visit: Visit) -> Response:
    """The form with a rule that stands, or for a new one; `?query=` comes from a search."""
    rule_id = str(visit.request.path_params.get("rule_id", ""))
    if rule_id:
        return _form(visit, rule_id, _standing(visit, rule_id).wanted)
    query = visit.request.query_params.get("query", _NEW.query)
    wanted = replace(_NEW, query=query)
    wrong = _wrong(visit, replace(wanted, name="new"))
    return _form(visit, "", wanted, wrong=wrong)


def save(visit: Visit, form: FormData) -> Response:
    """Keep a new rule or a changed one; or, asked to, show only what it would have done."""
    admins_only(visit, "change rules of alerts")
    rule_id = str(form.get("rule_id", ""))
    wanted, wrong = _read(visit, form)
    if wrong is not None:
        return _form(visit, rule_id, wanted, wrong=wrong, status=422)
    if form.get("deed") == "preview":
        return _form(visit, rule_id, wanted)
    alerts = visit.site.store.alerts
    if rule_id:
        _standing(visit, rule_id)
        alerts.change_rule(visit.organization_id, rule_id, wanted, who(visit), visit.now)
    else:
        alerts.add_rule(visit.organization_id, wanted, who(visit), visit.now)
    records(visit).rule("changed" if rule_id else "made", wanted)
    return RedirectResponse(f"{PATH}?saved=1", 303)


def remove(visit: Visit, _form: FormData) -> Response:
    """Take a rule away; its alerts stay."""
    admins_only(visit, "remove rules of alerts")
    rule = _standing(visit, str(visit.request.path_params["rule_id"]))
    visit.site.store.alerts.remove_rule(visit.organization_id, rule.rule_id, visit.now)
    records(visit).rule("removed", rule.wanted)
    return RedirectResponse(PATH, 303)


def _standing(visit: Visit, rule_id: str) -> Rule:
    for rule in visit.site.store.alerts.rules(visit.organization_id):
        if rule.rule_id == rule_id:
            return rule
    raise Problem(
        404,
        "No such rule",
        "It may have been removed.",
        "See the list.",
        href=PATH,
        link="All rules",
    )


def _read(visit: Visit, told: FormData) -> tuple[Wanted, BadWish | None]:
    """What the form says, and the first thing that is wrong with it."""
    wrong: BadWish | None = None

    def number(name: str, unit: int, usual: int) -> int:
        nonlocal wrong
        text = str(told.get(name, "")).strip()
        if text.isascii() and text.isdecimal() and len(text) < 8:
            return int(text) * unit
        wrong = wrong or BadWish(name, "expected a whole number")
        return usual

    wanted = Wanted(
        name=" ".join(str(told.get("name", "")).split()),
        query=" ".join(str(told.get("query", "")).split()),
        threshold=number("threshold", 1, _NEW.threshold),
        window_s=number("window", 60, _NEW.window_s),
        quiet_s=number("quiet", 60, _NEW.quiet_s),
        channels=tuple(str(each) for each in told.getlist("channels")),
        enabled=told.get("enabled") == "on",
    )
    return wanted, wrong or _wrong(visit, wanted)


def _wrong(visit: Visit, wanted: Wanted) -> BadWish | None:
    known = {each.channel_id for each in visit.site.store.alerts.channels(visit.organization_id)}
    try:
        check_rule(wanted, known)
    except BadWish as found:
        return found
    return None


def _form(
    visit: Visit,
    rule_id: str,
    wanted: Wanted,
    *,
    wrong: BadWish | None = None,
    status: int = 200,
) -> Response:
    context = RulePage(
        rule_id=rule_id,
        wanted=wanted,
        channels=visit.site.store.alerts.channels(visit.organization_id),
        wrong=wrong,
        preview=_preview(visit, wanted) if wrong is None else None,
        year=visit.now.year,
    )
    return page(visit, "alert_rule.html", context, place="Alerts", status=status)


def _preview(visit: Visit, wanted: Wanted) -> Preview:
    store, organization = visit.site.store, visit.organization_id
    where = replace(filter_of(wanted.query), since=visit.now - timedelta(days=PREVIEW_DAYS))
    times = store.alerts.times(organization, where, _MOST_PREVIEWED)
    rows = store.list_events(organization, where, limit=_SHOWN).items
    query = Query(range=f"{PREVIEW_DAYS}d", text=wanted.query or None)
    return Preview(
        days=PREVIEW_DAYS,
        found=len(times),
        capped=len(times) == _MOST_PREVIEWED,
        fired=would_have_fired(times, wanted),
        href=query.url("/dashboard"),
        rows=tuple(linked_row(row, query) for row in rows),
    )
