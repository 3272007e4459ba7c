"""The page of the system, as the whole server fills it: what came in, and what goes on."""

import json

from tests.support.matrix import Server
from tests.support.routes import ask

SPAN = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "x"}


def test_it_tells_what_was_received_and_where_it_goes(server: Server):
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]}).encode()
    key = {"authorization": f"Bearer {server.furnished.keys['ingest']}"}
    ask(
        server.app,
        "POST",
        "/v1/traces",
        headers=key | {"content-type": "application/json"},
        body=body,
    )

    page = server.ask("GET /dashboard/admin/system").body.decode()

    assert "1 spans, 0 log records, 0 metric points; 0 refused" in page
    assert "<dt>Forwarding</dt><dd>nowhere</dd>" in page
