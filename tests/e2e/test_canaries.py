"""No secret is in clear anywhere on the whole way, and no personal data from the store onward.

Every recorded payload of the real clients, with a canary behind each of its texts, goes through the
installed hook, its relay and spool, a real server and its database, the sink behind it, the API,
the pages, the PDF and the exports; then every byte of all of them is searched.
"""

import gzip
import io
import json
import re
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pypdf import PdfReader

from tests.support.agents import RECORDINGS
from tests.support.canaries import PERSONAL, SECRETS, TELLING, files_below, planted, seen
from tests.support.hook import PAYLOADS, HookHome, Payload, a_hook_home
from tests.support.marked_secrets import COMMANDS, FIELDS, TEXTS, secrets_of, without_marks
from tests.support.server import RunningServer, a_server

CLEAR = {name: TELLING.get(name, secret) for name, secret in SECRETS.items()}
MARKED = {
    f"{at}: {secret[:12]}": secret
    for at, secret in enumerate(secrets_of([*COMMANDS, TEXTS, FIELDS]))
    if len(secret) >= 9
}
"""Shorter ones are words that stand elsewhere too (`summer`)."""
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
PAGES = ("/dashboard", "/dashboard/stats", "/dashboard/sessions", "/dashboard/policy")
FILTERED = ("/dashboard?risk=high", "/dashboard?q=risk%3A%3E%3Dhigh", "/dashboard/setup")

Places = list[tuple[Any, bytes]]


class Onward:
    """Takes what the server sends on, as bytes."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.port = 0

    @contextmanager
    def serving(self) -> Iterator["Onward"]:
        taken = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                zipped = self.headers.get("Content-Encoding") == "gzip"
                taken.append(gzip.decompress(body) if zipped else body)
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join(5)


@pytest.mark.timeout(600)
def test_no_canary_is_in_clear_anywhere(tmp_path: Path) -> None:
    with Onward().serving() as onward:
        forward = {
            "AGENTAUDIT_FORWARD_ENDPOINT": f"http://127.0.0.1:{onward.port}",
            "AGENTAUDIT_FORWARD_PROTOCOL": "http/protobuf",
        }
        with a_server(tmp_path / "server", **forward) as server:
            server.stop()
            with a_hook_home(tmp_path, server.url, key=server.key) as hook:
                answers = [("an answer", hook.tell("event", one).stdout) for one in told()]
                answers += told_by_others(replace(hook, more={"AI_AGENT": ""}))
                waiting = [*files_below(hook.home), *answers, *printed(hook)]
                server.start()
                hook.flush()
                delivered = [*files_below(hook.home), *printed(hook)]
            shown = [*read_back(server), *look_at(server)]
            server.stop()
        stored = list(files_below(tmp_path / "server"))
    passed_on = [(f"passed on {at}", body) for at, body in enumerate(onward.bodies)]

    on_the_laptop: Places = [*waiting, *delivered]
    behind: Places = [*stored, *passed_on, *shown]
    for places in (waiting, stored, passed_on, shown):  # what was searched can be read at all
        assert any(b"save_note" in content for _, content in places)
    assert [] == seen(CLEAR | MARKED, [*on_the_laptop, *behind])
    assert [] == seen(PERSONAL, behind)


@pytest.mark.timeout(300)
def test_no_canary_of_foreign_telemetry_is_in_clear_stored_shown_or_passed_on(
    tmp_path: Path,
) -> None:
    with Onward().serving() as onward:
        forward = {
            "AGENTAUDIT_FORWARD_ENDPOINT": f"http://127.0.0.1:{onward.port}",
            "AGENTAUDIT_FORWARD_PROTOCOL": "http/protobuf",
        }
        with a_server(tmp_path / "server", **forward) as server:
            sent = [
                server.request("POST", f"/v1/{signal}", json=body)
                for signal, body in foreign().items()
            ]
            shown = [*read_back(server), *look_at(server)]
            server.stop()
        stored = list(files_below(tmp_path / "server"))
    passed_on = [(f"passed on {at}", body) for at, body in enumerate(onward.bodies)]

    assert [one.text for one in sent if not one.is_success] == []
    for places in (stored, shown, passed_on):
        assert any(b"look_up" in content for _, content in places)
    for known in (b"their chat", b"their log", b"their metric"):
        assert any(known in content for _, content in passed_on)
    assert [] == seen(CLEAR, [*stored, *shown, *passed_on])


def foreign() -> dict[str, dict[str, Any]]:
    """Telemetry as another's SDK writes it, for each secret one of each, with it in every part."""
    secrets = list(enumerate(SECRETS.values(), start=1))
    return {
        "traces": {
            "resourceSpans": [_held(one, "scopeSpans", _spans(at, one)) for at, one in secrets]
        },
        "logs": {"resourceLogs": [_held(one, "scopeLogs", _records(one)) for _, one in secrets]},
        "metrics": {
            "resourceMetrics": [_held(one, "scopeMetrics", _metrics(one)) for _, one in secrets]
        },
    }


def _held(secret: str, scopes: str, items: dict[str, Any]) -> dict[str, Any]:
    scope = {"name": f"sdk {secret}", "version": secret, "attributes": _noted(secret)}
    resource = {"attributes": [*_pairs({"service.name": "theirs"}), *_noted(secret)]}
    return {"resource": resource, scopes: [{"scope": scope, **items}]}


def _spans(at: int, secret: str) -> dict[str, Any]:
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "look_up"}
    chat = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": f"use {secret}"}
    return {
        "spans": [
            _foreign_span(at, f"execute_tool look_up {secret}", tool, secret),
            _foreign_span(at + 500, f"their chat {secret}", chat, secret),
        ]
    }


def _foreign_span(at: int, name: str, told: dict[str, str], secret: str) -> dict[str, Any]:
    noted = _noted(secret)
    now = time.time_ns()
    return {
        "traceId": f"{at:032x}",
        "spanId": f"{at:016x}",
        "name": name,
        "kind": 1,
        "startTimeUnixNano": str(now - 1_000_000),
        "endTimeUnixNano": str(now),
        "attributes": [*_pairs(told), *noted],
        "status": {"code": 2, "message": f"refused {secret}"},
        "links": [{"traceId": f"{at + 99:032x}", "spanId": f"{at:016x}", "attributes": noted}],
        "events": [{"name": f"said {secret}", "timeUnixNano": str(now), "attributes": noted}],
    }


def _records(secret: str) -> dict[str, Any]:
    body = {"stringValue": f"their log {secret}"}
    record = {"timeUnixNano": str(time.time_ns()), "body": body, "attributes": _noted(secret)}
    return {"logRecords": [record]}


def _metrics(secret: str) -> dict[str, Any]:
    point = {"timeUnixNano": str(time.time_ns()), "asInt": "1", "attributes": _noted(secret)}
    name = "their metric"
    return {"metrics": [{"name": name, "description": secret, "gauge": {"dataPoints": [point]}}]}


def _noted(secret: str) -> list[dict[str, Any]]:
    """The secret in a sentence, in JSON, in the address of a page and in base64."""
    return _pairs(
        {
            "their.note": f"with {secret}",
            "their.json": json.dumps({"env": [{"deep": secret}]}),
            "their.page": f"https://x.intern/?q={quote(secret, safe='')}",
            "their.blob": b64encode(f"export TOKEN={secret}".encode()).decode(),
        }
    )


def _pairs(attributes: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]


def told() -> list[Payload]:
    """Recorded payloads with a canary behind each text, then calls with secrets where they live."""
    canaries = [
        text for pair in zip(SECRETS.values(), PERSONAL.values(), strict=False) for text in pair
    ]
    canaries += list(SECRETS.values())[len(PERSONAL) :]
    recorded = [json.loads(path.read_text()) for path in sorted(PAYLOADS.glob("[A-Z]*.json"))]
    found = []
    for at, one in enumerate(recorded):
        turned = canaries[at % len(canaries) :] + canaries[: at % len(canaries)]
        names = {name: one[name] for name in ("tool_name", "agent_type") if name in one}
        found.append(planted(one, turned) | names)
    return [*found, *_calls()]


def told_by_others(hook: HookHome) -> Iterator[tuple[str, bytes]]:
    """Recorded sessions of the other agents, planted likewise, told; with what was answered."""
    canaries = list(SECRETS.values())
    for recording in RECORDINGS:
        for at, name in enumerate(recording.order):
            payload = recording.payload(name)
            names = {key: payload[key] for key in ("tool_name", "toolName") if key in payload}
            turned = canaries[at % len(canaries) :] + canaries[: at % len(canaries)]
            stdin = json.dumps(planted(payload, turned) | names).encode()
            answer = hook.run(*recording.command(name), stdin=stdin)
            yield f"an answer to {recording.agent}", answer.stdout + answer.stderr


def _calls() -> Iterator[Payload]:
    end = json.loads((PAYLOADS / "PostToolUse-mcp__notes__save_note.json").read_text())
    secrets = list(SECRETS.values())
    for at, name in enumerate(("tool_name", "agent_type", "permission_mode", "session_title")):
        yield end | {"tool_use_id": f"toolu_named_{at}", name: f"save {secrets[at]}"}
    inputs: list[Any] = [
        {"commands": [{"command": one} for one in COMMANDS]},
        {"fields": list(FIELDS.values())},
        {"texts": list(TEXTS.values())},
        *({"file_path": f"{one}.txt", "content": TEXTS[one]} for one in list(TEXTS)[::9]),
    ]
    for at, one in enumerate(inputs):
        given = without_marks(one)
        yield end | {
            "tool_use_id": f"toolu_marked_{at}",
            "tool_input": given,
            "tool_response": given,
        }


def printed(hook: HookHome) -> Iterator[tuple[str, bytes]]:
    """What the management verbs say on the terminal."""
    for verb in (("status",), ("doctor",), ("tail", "-n", "500"), ("tail", "-n", "500", "--json")):
        answer = hook.run(*verb)
        yield f"agentaudit-hook {' '.join(verb)}", answer.stdout + answer.stderr


def read_back(server: RunningServer) -> Iterator[tuple[str, bytes]]:
    """The API's lists and events, and both exports."""
    for offset in (0, 100):
        listed = server.request("GET", "/v1/events", params={"limit": 200, "offset": offset})
        yield f"the list of events from {offset}", listed.content
    for path in (f"/v1/events/{one}" for one in stored_ids(server)):
        yield path, server.request("GET", path).content
    for form in ("csv", "jsonl"):
        answer = server.request("GET", "/v1/events/export", params={"form": form})
        assert answer.is_success, answer.text
        yield f"the export as {form}", answer.content


def stored_ids(server: RunningServer) -> list[str]:
    """Ids of all events."""
    exported = server.request("GET", "/v1/events/export", params={"form": "jsonl"})
    return [json.loads(line)["event_id"] for line in exported.text.splitlines()]


def fetched(browser: httpx.Client, path: str) -> httpx.Response:
    """The file of an export, as soon as it is whole."""
    for _ in range(600):
        answer = browser.get(path)
        if answer.status_code != HTTPStatus.NOT_FOUND:
            break
        time.sleep(0.5)
    return answer


def look_at(server: RunningServer) -> Iterator[tuple[str, bytes]]:
    """The dashboard's pages, each event's page, and the text of the PDF."""
    with httpx.Client(base_url=server.url, timeout=60, follow_redirects=True) as browser:
        browser.post("/dashboard/login", data={"key": server.key}).raise_for_status()
        for path in (*PAGES, *FILTERED):
            yield path, browser.get(path).raise_for_status().content
        links = {f"/dashboard/events/{one}" for one in stored_ids(server)}
        for path in PAGES:
            links |= set(re.findall(r'href="(/dashboard/sessions/[^"?#]+)', browser.get(path).text))
        for path in sorted(links):
            yield path, browser.get(path).raise_for_status().content
        found = _CSRF.search(browser.get("/dashboard/stats").text)
        assert found
        pdf = browser.post("/dashboard/stats/report.pdf", data={"csrf": found[1]})
        if waited := pdf.url.params.get("wait"):  # a busy machine makes it in the background
            pdf = fetched(browser, f"/dashboard/exports/{waited}/file")
        pdf.raise_for_status()
        pages = PdfReader(io.BytesIO(pdf.content)).pages
        yield "the PDF", "\n".join(page.extract_text() for page in pages).encode()
