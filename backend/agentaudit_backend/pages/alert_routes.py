"""The addresses of everything about alerts."""

from typing import Final

from starlette.routing import Route

from agentaudit_backend.pages import alert_channels, alert_rules, alerts
from agentaudit_backend.pages.doors import changing, reading

_GET: Final = ["GET"]
_POST: Final = ["POST"]


def alert_routes() -> list[Route]:
    """The named ones first: an alert's id would match them too."""
    rules, channels, one = alert_rules.PATH, alert_channels.PATH, f"{alerts.PATH}/{{alert_id}}"
    rule, channel = f"{rules}/{{rule_id}}", f"{channels}/{{channel_id}}"
    return [
        Route(alerts.PATH, reading(alerts.show_list), methods=_GET),
        Route(rules, reading(alert_rules.show_list), methods=_GET),
        Route(rules, changing(alert_rules.save), methods=_POST),
        Route(f"{rules}/new", reading(alert_rules.show_form), methods=_GET),
        Route(rule, reading(alert_rules.show_form), methods=_GET),
        Route(f"{rule}/remove", changing(alert_rules.remove), methods=_POST),
        Route(channels, reading(alert_channels.show), methods=_GET),
        Route(channels, changing(alert_channels.add), methods=_POST),
        Route(f"{channel}/test", changing(alert_channels.test), methods=_POST),
        Route(f"{channel}/remove", changing(alert_channels.remove), methods=_POST),
        Route(one, reading(alerts.show_one), methods=_GET),
        Route(f"{one}/acknowledge", changing(alerts.acknowledge), methods=_POST),
        Route(f"{one}/again", changing(alerts.again), methods=_POST),
    ]
