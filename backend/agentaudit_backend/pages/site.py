"""What every page shares: the store, the judge, the clock, and who is asking."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from anyio import CapacityLimiter
from starlette.requests import Request

from agentaudit_backend.alerts.postman import Postman
from agentaudit_backend.exports.jobs import Exporter
from agentaudit_backend.impact.weighing import Scales
from agentaudit_backend.pages.throttle import Throttle
from agentaudit_backend.reports.pdf import Printer
from agentaudit_backend.sso.vouching import Vouching
from agentaudit_backend.store.store import Store, WebSession
from agentaudit_processor.pipeline import Judge

COOKIE = "agentaudit_session"
PREFERENCES = "agentaudit_preferences"


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One dashboard."""

    store: Store
    judge: Judge
    throttle: Throttle = field(default_factory=Throttle)
    printer: Printer = field(default_factory=Printer)
    scales: Scales = field(default_factory=Scales)
    exporter: Exporter | None = None
    postman: Postman | None = None
    provider: Vouching | None = None
    """Who else vouches for people (SSO)."""
    provider_threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(4))
    """Those that wait for it: one that hangs must not hold the threads of pages."""
    system: Callable[[], Mapping[str, str]] = dict
    """What this process says of itself, by name, for the page of the system."""
    clock: Callable[[], datetime] = _utc_now
    report_patience_s: float = 10.0
    """How long the answer waits for a report before it becomes a job."""
    patience_s: tuple[float, ...] = (5.0, 1.5, 1.5, 1.5)
    """How long a list may take as it was asked for, then over ever shorter times."""
    public_url: str = ""
    """How people reach the server, without a slash at the end; empty: nobody has said it."""
    organisation: str = ""
    """Its name on the report's cover; empty: none is printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request by somebody who is logged in."""

    site: Site
    request: Request
    session: WebSession
    now: datetime
    token: str
    """Of the browser's cookie."""

    @property
    def organization_id(self) -> int:
        """Whose Events may be seen."""
        return self.session.caller.organization_id

    @property
    def person(self) -> str:
        """Who is asking, as records name them."""
        return f"{self.session.name} (key {self.session.key_prefix}…)"

    @property
    def address(self) -> str:
        """Where people reach this server: as the operator says, else as the browser just did."""
        url = self.request.url
        return self.site.public_url or f"{url.scheme}://{url.netloc}"

    @property
    def is_admin(self) -> bool:
        """May change policy."""
        return self.session.caller.role == "admin"


def site_of(request: Request) -> Site:
    """The Site that this request came to."""
    found: Site = request.app.state.site
    return found


def by_tls(request: Request) -> bool:
    """Whether the browser speaks TLS, be it to a proxy in front that tells nothing of it."""
    url, told = request.url, urlsplit(site_of(request).public_url)
    return url.scheme == "https" or (told.scheme == "https" and told.netloc == url.netloc)


def address_of(request: Request) -> str:
    """Where it comes from, as failures are counted by."""
    return request.client.host if request.client else "unknown"
