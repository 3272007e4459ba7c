"""How this browser's reader likes the pages: theme, keys, columns, time zone. Kept in a cookie."""

from collections.abc import Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from agentaudit_backend.pages.columns import read_columns
from agentaudit_backend.pages.site import PREFERENCES, by_tls
from agentaudit_backend.templates.zones import USUAL, zone_of

_YEAR_SECONDS = 365 * 24 * 3600
_NOT_USUAL: Final[Mapping[str, Callable[[str], bool]]] = {
    "theme": lambda value: value in ("light", "dark"),
    "keys": lambda value: value == "off",
    "zone": lambda value: zone_of(_zone(value)) is not None and value != USUAL,
    "columns": lambda value: value == ".".join(read_columns(value.replace(".", ","))) != "",
}
"""What each wish may be; anything else is the usual and is not kept."""


def preferences(request: Request) -> dict[str, str]:
    """The wishes: `theme:dark-keys:off-columns:time.user`, unknown words left out."""
    pairs = (part.partition(":") for part in request.cookies.get(PREFERENCES, "").split("-"))
    return _known({name: value for name, _, value in pairs})


def kept_columns(request: Request) -> tuple[str, ...]:
    """The columns that this reader keeps; none: the usual ones."""
    return read_columns(preferences(request).get("columns", "").replace(".", ","))


def kept_zone(request: Request) -> str | None:
    """The name of the time zone that this reader keeps; None: UTC."""
    zone = preferences(request).get("zone")
    return _zone(zone) if zone else None


def zone_wish(name: str) -> str:
    """`America/Port-au-Prince` as the cookie keeps it, whose own signs are `-` and `:`."""
    return name.replace("-", "~").replace("/", ".")


def _zone(wish: str) -> str:
    return wish.replace("~", "-").replace(".", "/")


def remember(request: Request, answer: Response, wishes: Mapping[str, str]) -> None:
    """Have the browser keep these wishes beside its earlier ones, for a year."""
    kept = _known(preferences(request) | dict(wishes))
    answer.set_cookie(
        PREFERENCES,
        "-".join(f"{name}:{value}" for name, value in kept.items()),
        max_age=_YEAR_SECONDS,
        path="/dashboard",
        httponly=True,
        samesite="lax",
        secure=by_tls(request),
    )


def _known(wishes: Mapping[str, str]) -> dict[str, str]:
    return {n: v for n, v in wishes.items() if n in _NOT_USUAL and _NOT_USUAL[n](v)}
