"""A browser without a screen: requests straight into the dashboard's ASGI application."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from agentaudit_backend.pages.application import dashboard
from agentaudit_backend.pages.site import Site
from agentaudit_backend.store.store import Store
from agentaudit_processor.model import Activity
from agentaudit_processor.pipeline import Judge

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(kw_only=True)
class Web:
    """One person at one dashboard; keeps cookies, follows no redirect."""

    app: ASGIApp
    store: Store
    judge: Judge
    key: str
    site: Site
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)
    base_url: str = "http://audit.example"

    @property
    def organization(self) -> int:
        """The one organisation."""
        return self.store.default_organization()

    def get(self, path: str, **headers: str) -> httpx.Response:
        """GET; header names with `_` for `-`."""
        return self._send("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def post(self, path: str, data: Mapping[str, Any], **headers: str) -> httpx.Response:
        """POST a form."""
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        return self._send("POST", path, data=dict(data), headers=named)

    def log_in(self, key: str | None = None) -> httpx.Response:
        """With the default admin key, or another."""
        return self.post("/dashboard/login", {"key": key or self.key})

    def csrf(self, path: str = "/dashboard/stats") -> str:
        """The token that the page's forms carry."""
        found = _CSRF.search(self.get(path).text)
        assert found
        return found[1]

    def record(self, *activities: Activity) -> list[str]:
        """Judge and store; the ids of the Events."""
        policy = self.store.policy(self.organization)
        events = [
            self.judge.examine(each, digest_key=policy.digest_key).event(policy)
            for each in activities
        ]
        self.store.write(self.organization, events)
        return [event.event_id for event in events]

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url=self.base_url, cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **options)
                self.cookies = client.cookies
                return answer

        return asyncio.run(send())


def a_dashboard(folder: Path, judge: Judge, **site: Any) -> Web:
    """A dashboard on a fresh database; nobody is logged in."""
    store = Store.open(f"sqlite:///{folder / 'agentaudit.db'}")
    store.migrate()
    key = store.first_start()
    assert key
    patient: dict[str, Any] = {"patience_s": (600.0,)}  # a loaded machine must not change an answer
    made = Site(store=store, judge=judge, **(patient | site))
    return Web(app=dashboard(made), store=store, judge=judge, key=key, site=made)
