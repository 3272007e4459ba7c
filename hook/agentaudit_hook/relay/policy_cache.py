"""The Policy in force, fetched from the server and kept in a file for times without one."""

import json
import logging
import threading
import time
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import OpenerDirector, Request

from agentaudit_hook.network import opener_of
from agentaudit_hook.relay.files import replace_file
from agentaudit_hook.relay.status import StatusFile
from agentaudit_hook.relay.trouble import of_http_status, of_silence
from agentaudit_hook.settings import Settings
from agentaudit_processor.policy import Policy
from agentaudit_processor.policy_bundle import policy_of_bundle

REFRESH_SECONDS = 15.0
IDLE_AFTER_SECONDS = 120.0
FIRST_TIMEOUT_SECONDS = 0.5
TIMEOUT_SECONDS = 5.0
MAX_BYTES = 1024 * 1024

_log = logging.getLogger(__name__)


class PolicyCache:
    """Holds the newest Policy known; a thread asks for a newer one while the agent is at work."""

    def __init__(self, settings: Settings, path: Path, status: StatusFile) -> None:
        self._settings = settings
        self._path = path
        self._status = status
        self._etag = ""
        self._policy = Policy()
        self._first_try = threading.Event()
        self._stopped = threading.Event()
        self._used_at = time.monotonic()
        if self._load():
            self._first_try.set()
        self._opener: OpenerDirector | None = None

    def current(self) -> Policy:
        """The Policy to judge by; the very first call may wait for the server, half a second."""
        self._used_at = time.monotonic()
        self._first_try.wait(FIRST_TIMEOUT_SECONDS + 0.1)
        return self._policy

    def run(self) -> None:
        """Fetch now, then every 15 s while calls come in. Ends after `stop`."""
        timeout = TIMEOUT_SECONDS if self._first_try.is_set() else FIRST_TIMEOUT_SECONDS
        while not self._stopped.is_set():
            if time.monotonic() - self._used_at < IDLE_AFTER_SECONDS:
                self.refresh(timeout)
            self._first_try.set()
            timeout = TIMEOUT_SECONDS
            self._stopped.wait(REFRESH_SECONDS)

    def stop(self) -> None:
        """Let `run` end; the Policy known so far stays in force."""
        self._stopped.set()
        self._first_try.set()

    def refresh(self, timeout: float = TIMEOUT_SECONDS) -> None:
        """Ask the server once; what went wrong is told to the status file."""
        headers = {"Authorization": f"Bearer {self._settings.api_key}"}
        if self._etag:
            headers["If-None-Match"] = self._etag
        url = self._settings.policy_url
        try:
            if self._opener is None:
                self._opener = opener_of(self._settings, url)
            with self._opener.open(Request(url, headers=headers), timeout=timeout) as answer:  # noqa: S310  checked by settings
                body, etag = answer.read(MAX_BYTES), answer.headers.get("ETag", "")
            self._take(json.loads(body), etag)
            self._keep(body, etag)
        except HTTPError as error:
            error.close()
            fine = error.code == 304
            self._status.tell("policy", None if fine else of_http_status(error.code, url).sentence)
            return
        except (URLError, OSError, HTTPException) as error:
            self._status.tell("policy", of_silence(url, error).sentence)
            return
        except Exception as error:  # noqa: BLE001  whatever a server says, the thread must go on
            problem = (
                f"{url} gave no policy that this version reads ({error}): upgrade agentic-audit."
            )
            self._status.tell("policy", problem)
            return
        self._status.tell("policy", None)

    def _take(self, told: Mapping[str, Any], etag: str) -> None:
        self._policy, self._etag = policy_of_bundle(told, self._settings.api_key), etag

    def _keep(self, body: bytes, etag: str) -> None:
        try:
            kept = {"etag": etag, "url": self._settings.policy_url, "policy": json.loads(body)}
            replace_file(self._path, json.dumps(kept).encode())
        except OSError as error:
            _log.warning("policy file: %s", error)

    def _load(self) -> bool:
        try:
            kept = json.loads(self._path.read_bytes())
            if kept["url"] != self._settings.policy_url:
                return False
            self._take(kept["policy"], kept["etag"])
        except FileNotFoundError:
            return False
        except Exception as error:  # noqa: BLE001  whatever is in the file, the relay must start
            _log.warning("policy file: %s", error)
            return False
        return True
