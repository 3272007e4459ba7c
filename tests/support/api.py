"""The API on loopback, in this process, with a client that speaks real HTTP to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from agentaudit_backend.api.application import api_application
from agentaudit_backend.store.store import Store
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.receivers.http import HttpReceiver

JUDGE = Judge.load()


class Api:
    """The API with a key of each role."""

    def __init__(self, store: Store, client: httpx.Client) -> None:
        organization_id = store.default_organization()
        self.store = store
        self.client = client
        self.keys = {
            role: store.create_key(organization_id, role=role, name=role)
            for role in ("admin", "auditor", "ingest")
        }

    def __call__(self, method: str, path: str, role: str = "admin", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.keys[role]}"} | more.pop("headers", {})
        return self.client.request(method, path, headers=headers, **more)

    def post(self, **fields: Any) -> Any:
        """Post an action (a shell command, unless told otherwise); gives the answer's JSON."""
        body = {"agent_id": "claude-code", "action": "shell_command"} | fields
        answer = self("POST", "/v1/events", json=body)
        assert 201 == answer.status_code, answer.text
        return answer.json()

    def list(self, **params: Any) -> Any:
        """A page of Events."""
        answer = self("GET", "/v1/events", params=params)
        assert 200 == answer.status_code, answer.text
        return answer.json()

    def put_policy(self, **change: Any) -> Any:
        """Change the Policy; gives the new one."""
        answer = self("PUT", "/v1/org/policy", json=change)
        assert 200 == answer.status_code, answer.text
        return answer.json()


@contextmanager
def served(store: Store) -> Iterator[httpx.Client]:
    """A client of the API on `store`."""
    receiver = HttpReceiver.start(api_application(store=store, judge=JUDGE), port=0)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{receiver.port}", timeout=30) as client:
            yield client
    finally:
        receiver.stop()
