"""Channels of alerts: where messages go; a new one, a test, and away with it."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from agentaudit_backend.alerts.guard import Guard
from agentaudit_backend.alerts.message import example_message
from agentaudit_backend.alerts.posting import NotSent
from agentaudit_backend.alerts.wanted import BadWish, check_channel
from agentaudit_backend.alerts.webhook import shown_secret
from agentaudit_backend.pages.alerts import PATH as ALERTS
from agentaudit_backend.pages.alerts import records
from agentaudit_backend.pages.doors import admins_only
from agentaudit_backend.pages.errors import Problem
from agentaudit_backend.pages.render import page
from agentaudit_backend.pages.site import Visit
from agentaudit_backend.store.alert_views import Channel, ChannelKind

PATH: Final = f"{ALERTS}/channels"
KINDS: Final = {
    ChannelKind.SLACK: "Slack, an incoming webhook",
    ChannelKind.WEBHOOK: "Webhook, signed",
    ChannelKind.EMAIL: "E-mail",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedChannel:
    """A channel in the list; its address without what makes it a secret."""

    channel: Channel
    kind: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How a test went."""

    name: str
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelsPage:
    """Context of alert_channels.html."""

    channels: tuple[ListedChannel, ...]
    kinds: dict[ChannelKind, str]
    name: str = ""
    kind: str = ChannelKind.SLACK.value
    address: str = ""
    wrong: BadWish | None = None
    told: Told | None = None
    secret: str | None = None
    """Of a webhook made this moment: the only time that it can be read."""
    has_mail: bool = False


def show(visit: Visit) -> Response:
    """The channels that stand, and the form for another."""
    return _page(visit)


def add(visit: Visit, form: FormData) -> Response:
    """Make one. A webhook's secret is shown with the answer, and never again."""
    admins_only(visit, "add channels")
    name = " ".join(str(form.get("name", "")).split())
    asked, address = str(form.get("kind", "")), str(form.get("address", "")).strip()
    guard = visit.site.postman.guard if visit.site.postman else Guard()
    try:
        kind, kept = check_channel(name, asked, address, guard)
    except BadWish as wrong:
        return _page(visit, 422, name=name, kind=asked, address=address, wrong=wrong)
    channel = visit.site.store.alerts.add_channel(
        visit.organization_id, name=name, kind=kind, address=kept, now=visit.now
    )
    records(visit).channel("made", channel)
    if kind is ChannelKind.WEBHOOK:
        return _page(visit, secret=shown_secret(channel.secret))
    return RedirectResponse(PATH, 303)


def test(visit: Visit, _form: FormData) -> Response:
    """Send an example there, now, and say how it went."""
    admins_only(visit, "send tests")
    channel, postman = _asked(visit), visit.site.postman
    if postman is None:
        return _page(visit, told=Told(name=channel.name, problem="this server sends nothing"))
    message = example_message(channel.name, now=visit.now, public_url=postman.public_url)
    try:
        postman.send(channel, message, visit.now)
    except NotSent as why:
        return _page(visit, told=Told(name=channel.name, problem=str(why)))
    return _page(visit, told=Told(name=channel.name, problem=None))


def remove(visit: Visit, _form: FormData) -> Response:
    """Send nothing more there; its address and secret are forgotten."""
    admins_only(visit, "remove channels")
    channel = _asked(visit)
    visit.site.store.alerts.remove_channel(visit.organization_id, channel.channel_id, visit.now)
    records(visit).channel("removed", channel)
    return RedirectResponse(PATH, 303)


def _asked(visit: Visit) -> Channel:
    channel_id = str(visit.request.path_params["channel_id"])
    for channel in visit.site.store.alerts.channels(visit.organization_id):
        if channel.channel_id == channel_id:
            return channel
    raise Problem(
        404,
        "No such channel",
        "It may have been removed.",
        "See the list.",
        href=PATH,
        link="All channels",
    )


def _page(visit: Visit, status: int = 200, **told: object) -> Response:
    postman = visit.site.postman
    context = ChannelsPage(
        channels=tuple(
            ListedChannel(channel=each, kind=KINDS[each.kind], address=shown_address(each))
            for each in visit.site.store.alerts.channels(visit.organization_id)
        ),
        kinds=KINDS,
        has_mail=postman is not None and postman.mail is not None,
        **told,  # type: ignore[arg-type]
    )
    return page(visit, "alert_channels.html", context, place="Alerts", status=status)


def shown_address(channel: Channel) -> str:
    """The address; of a URL the host alone, for who knows the rest of Slack's may write there."""
    if channel.kind is ChannelKind.EMAIL:
        return channel.address
    parts = urlsplit(channel.address)
    return f"{parts.scheme}://{parts.netloc}/…{channel.address[-4:]}"
