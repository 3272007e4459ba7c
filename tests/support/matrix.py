"""What every route of the web port answers to whom; and a furnished server to ask.

A new route gets its line here: who may, and with which body it is asked.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.types import ASGIApp

from agentaudit_backend.pages.site import COOKIE
from agentaudit_backend.store.store import Store
from tests.support.furnished import Furnished
from tests.support.routes import Answer, ask

CALLERS = ("anonymous", "ingest", "auditor", "admin")
Form = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a route answers to each of `CALLERS`, and with which body it is asked."""

    codes: tuple[int, int, int, int]
    form: Form | None = None
    json: object = None


def page(code: int = 200) -> Expected:
    """For whoever is logged in; others are led to the log-in, as holders of an ingest key are."""
    return Expected(codes=(303, 303, code, code))


def deed(code: int = 303, **form: str) -> Expected:
    """A form for admins."""
    return Expected(codes=(303, 303, 403, code), form=form)


def taking(code: int = 200, **form: str) -> Expected:
    """A form for whoever may read."""
    return Expected(codes=(303, 303, code, code), form=form)


def api_read(code: int = 200) -> Expected:
    """Read by JSON."""
    return Expected(codes=(401, 403, code, code))


def api_admin(code: int, body: object = None) -> Expected:
    """Change by JSON."""
    return Expected(codes=(401, 403, 403, code), json=body)


def anybody(*codes: int, **form: str) -> Expected:
    """Open to the world."""
    told = codes[0]
    return Expected(codes=(told, told, told, told), form=form or None)


OTLP = Expected(codes=(401, 200, 403, 200), json={})
POLICY_FORM = {"version": "2", "logging_level": "full"}
RULE = {"name": "r", "query": "risk:high", "threshold": "1", "window": "10", "quiet": "0"}
JSON_RULE = {"name": "r", "query": "risk:high"}
JSON_CALL = {
    "call_key": "a" * 32,
    "session_id": "s",
    "call_id": "c",
    "tool_name": "Bash",
    "action": "shell_command",
    "agent": "claude-code",
    "arguments": {"command": "rm -rf /srv"},
}
MATRIX = {
    "GET /": anybody(303),
    "GET /openapi.json": anybody(200),
    "GET /health": anybody(200),
    "GET /health/live": anybody(200),
    "GET /dashboard/static/{file:path}": anybody(200),
    "GET /dashboard/": anybody(303),
    "GET /dashboard/login": anybody(200),
    "POST /dashboard/login": anybody(401, key="aa_live_wrong"),
    "POST /dashboard/preferences": anybody(303, theme="dark"),
    "POST /dashboard/logout": taking(303),
    "GET /dashboard/invite/{token}": anybody(200),
    "POST /dashboard/invite/{token}": Expected(codes=(200, 404, 404, 404), form={}),
    "GET /dashboard/sso": anybody(404),
    "GET /dashboard/sso/callback": anybody(404),
    "GET /dashboard/sso/farewell": anybody(404),
    "GET /dashboard": page(),
    "GET /dashboard/stream": Expected(codes=(401, 401, 200, 200)),
    "POST /dashboard/columns": taking(303, cols="risk"),
    "POST /dashboard/views": taking(303, name="v", state="risk=high"),
    "POST /dashboard/views/remove": taking(303, view="none"),
    "POST /dashboard/reviews": taking(422, event="none", state="reviewed"),
    "GET /dashboard/facets/{name}": page(404),
    "POST /dashboard/export": taking(form="csv", filter="range=all"),
    "GET /dashboard/exports": page(),
    "GET /dashboard/exports/{export_id}/file": page(404),
    "GET /dashboard/exports/{export_id}/manifest": page(404),
    "GET /dashboard/events/{event_id}": page(),
    "GET /dashboard/events/{event_id}/menu": page(),
    "GET /dashboard/events/{event_id}/record": page(),
    "GET /dashboard/sessions": page(),
    "GET /dashboard/sessions/{session_id:text}": page(),
    "GET /dashboard/stats": page(),
    "GET /dashboard/users": page(),
    "GET /dashboard/agents": page(),
    "GET /dashboard/hosts": page(),
    "GET /dashboard/users/{name:text}": page(),
    "GET /dashboard/agents/{name:text}": page(),
    "GET /dashboard/hosts/{name:text}": page(),
    "POST /dashboard/stats/report.json": taking(200, state="range=1h"),
    "POST /dashboard/stats/report.pdf": taking(422, state="range=no"),  # a press takes seconds
    "GET /dashboard/policy": page(),
    "POST /dashboard/policy/review": deed(200, **POLICY_FORM),
    "GET /dashboard/policy/yaml": page(),
    "POST /dashboard/policy/yaml": deed(version="2", document="logging_level: full", note="why"),
    "POST /dashboard/policy/impact": deed(200, document="logging_level: full"),
    "GET /dashboard/policy/rules": page(),
    "POST /dashboard/policy/rules": deed(
        200, version="2", rule="destructive.delete_tree", answer="off"
    ),
    "POST /dashboard/policy/yaml/review": deed(200, version="2", document="logging_level: full"),
    "GET /dashboard/policy/rules/new": page(),
    "POST /dashboard/policy/rules/new": deed(422, version="2", pack="pack: own"),
    "GET /dashboard/policy/test": page(),
    "POST /dashboard/policy/test": taking(kind="command", text="rm -rf /srv"),
    "GET /dashboard/policy/history": page(),
    "GET /dashboard/policy/history/{version}": page(),
    "GET /dashboard/alerts": page(),
    "GET /dashboard/alerts/rules": page(),
    "POST /dashboard/alerts/rules": deed(**RULE),
    "GET /dashboard/alerts/rules/new": page(),
    "GET /dashboard/alerts/rules/{rule_id}": page(),
    "POST /dashboard/alerts/rules/{rule_id}/remove": deed(),
    "GET /dashboard/alerts/channels": page(),
    "POST /dashboard/alerts/channels": deed(
        name="c", kind="slack", address="https://hooks.example.com/x"
    ),
    "POST /dashboard/alerts/channels/{channel_id}/test": deed(200),
    "POST /dashboard/alerts/channels/{channel_id}/remove": deed(),
    "GET /dashboard/alerts/{alert_id}": page(),
    "POST /dashboard/alerts/{alert_id}/acknowledge": deed(note="seen"),
    "POST /dashboard/alerts/{alert_id}/again": deed(delivery="none"),
    "GET /dashboard/admin/keys": page(),
    "POST /dashboard/admin/keys": deed(200, name="k", role="ingest", days=""),
    "POST /dashboard/admin/keys/{key_id}/revoke": deed(),
    "GET /dashboard/admin/people": page(),
    "POST /dashboard/admin/people": deed(200, name="p", role="auditor"),
    "POST /dashboard/admin/people/{key_id}/deactivate": deed(),
    "POST /dashboard/admin/people/invitations/{invitation_id}/withdraw": deed(),
    "GET /dashboard/admin/access": page(),
    "GET /dashboard/admin/system": page(),
    "GET /dashboard/approvals": page(),
    "GET /dashboard/approvals/{approval_id}": page(),
    "POST /dashboard/approvals/{approval_id}": deed(decision="deny", note="no"),
    "GET /dashboard/setup": page(),
    "GET /dashboard/setup/key": page(),
    "POST /dashboard/setup/key": deed(200, name="k"),
    "POST /dashboard/setup/test": deed(),
    "POST /dashboard/setup/demo": deed(409),
    "POST /dashboard/setup/demo/remove": deed(),
    "POST /v1/slack/actions": anybody(404),
    "POST /v1/traces": OTLP,
    "POST /v1/logs": OTLP,
    "POST /v1/metrics": OTLP,
    "POST /v1/otlp/v1/traces": OTLP,
    "POST /v1/otlp/v1/logs": OTLP,
    "POST /v1/otlp/v1/metrics": OTLP,
    "GET /v1/events": api_read(),
    "POST /v1/events": Expected(
        codes=(401, 201, 403, 201), json={"agent_id": "a", "action": "shell_command"}
    ),
    "GET /v1/events/stats": api_read(),
    "GET /v1/events/export": api_read(),
    "GET /v1/report": api_read(),
    "GET /v1/events/{event_id}": api_read(),
    "GET /v1/hook/events/{event_id}": Expected(codes=(401, 200, 200, 200)),
    "GET /v1/org/policy": api_read(),
    "PUT /v1/org/policy": api_admin(200, {"logging_level": "standard"}),
    "GET /v1/hook/policy": Expected(codes=(401, 200, 200, 200)),
    "POST /v1/hook/approvals": Expected(codes=(401, 200, 200, 200), json=JSON_CALL),
    "GET /v1/approvals": api_read(),
    "POST /v1/approvals/{approval_id}": api_admin(200, {"decision": "deny", "note": "no"}),
    "GET /v1/alerts": api_read(),
    "POST /v1/alerts/{alert_id}/acknowledge": api_admin(200, {"note": "seen"}),
    "GET /v1/alerts/rules": api_read(),
    "POST /v1/alerts/rules": api_admin(201, JSON_RULE),
    "PUT /v1/alerts/rules/{rule_id}": api_admin(200, JSON_RULE),
    "DELETE /v1/alerts/rules/{rule_id}": api_admin(204),
    "GET /v1/alerts/channels": api_read(),
    "POST /v1/alerts/channels": api_admin(
        201, {"name": "c", "kind": "slack", "address": "https://hooks.example.com/x"}
    ),
    "DELETE /v1/alerts/channels/{channel_id}": api_admin(204),
}
FORMS = [name for name in MATRIX if name.startswith("POST /dashboard")]
PAGES = [name for name in MATRIX if name.startswith("GET /dashboard") and "static" not in name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One furnished server of a test's own."""

    app: ASGIApp
    store: Store
    furnished: Furnished

    def ask(
        self,
        route: str,
        caller: str = "admin",
        *,
        query: str = "",
        csrf: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer of a route to a caller, asked as its entry says."""
        method, _, pattern = route.partition(" ")
        expected = MATRIX[route]
        told = dict(headers or {})
        form = dict(expected.form or {})
        if "/dashboard" in pattern and caller in ("auditor", "admin"):
            token, own = self.log_in(caller)
            told["cookie"] = f"{COOKIE}={token}"
            form["csrf"] = own if csrf is None else csrf
        elif caller != "anonymous":
            told["authorization"] = f"Bearer {self.furnished.keys[caller]}"
        body = b""
        if expected.json is not None:
            body = json.dumps(expected.json).encode()
            told["content-type"] = "application/json"
        elif method == "POST":
            body = urlencode(form).encode()
            told["content-type"] = "application/x-www-form-urlencoded"
        path = self.furnished.path(pattern.replace("{file:path}", "app.css"))
        address = f"{path}?{query}" if query else path
        return ask(self.app, method, address, headers=told, body=body)

    def log_in(self, role: str) -> tuple[str, str]:
        """The cookie's token and the token of forms."""
        token = self.store.create_web_session(self.furnished.keys[role])
        assert token
        session = self.store.web_session(token)
        assert session
        return token, session.csrf_token
