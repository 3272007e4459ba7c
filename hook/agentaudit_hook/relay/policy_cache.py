"""The Policy in force, fetched from the server and kept in a file for times without one."""

import contextlib
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import OpenerDirector, Request

from agentaudit_hook.network import opener_of
from agentaudit_hook.relay.closed_file import fails_closed, keep_closed_file
from agentaudit_hook.relay.files import replace_file
from agentaudit_hook.relay.last_policy import policy_of_others
from agentaudit_hook.relay.status import StatusFile
from agentaudit_hook.relay.trouble import of_http_status, of_silence
from agentaudit_hook.settings import Settings
from agentaudit_processor.policy import OnFailure, Policy
from agentaudit_processor.policy_bundle import policy_of_bundle

REFRESH_SECONDS = 15.0
RETRY_SECONDS = 0.5
MAX_DOUBLINGS = 5
NOT_MODIFIED = 304
IDLE_AFTER_NS = 120 * 1_000_000_000
FIRST_TIMEOUT_SECONDS = 0.5
TIMEOUT_SECONDS = 5.0
MAX_BYTES = 1024 * 1024

_log = logging.getLogger(__name__)


class PolicyCache:
    """Holds the newest Policy known; a thread asks for a newer one while the agent is at work."""

    def __init__(
        self,
        settings: Settings,
        path: Path,
        status: StatusFile,
        *,
        closed_file: Path | None = None,
        others: Path | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Args beside the neighbours:

        closed_file: see `Place.closed`.
        others: folder of all the user's state folders, where a policy is looked for at first.
        """
        self._settings = settings
        self._path = path
        self._status = status
        self._closed_file = closed_file or path.parent / "closed" / path.parent.name
        self._others = others
        self._now_ns = now_ns
        self._etag = ""
        self._policy = Policy()
        self.fetched_ns = 0
        """When the server last told or confirmed it; 0 for never."""
        self._failures = 0
        """In a row."""
        self._wanted = threading.Event()
        self._fresh = threading.Event()
        self._stopped = threading.Event()
        self._used_ns = now_ns()
        self._load()
        if self._is_recent(self.fetched_ns):
            self._fresh.set()
        self._opener: OpenerDirector | None = None

    def current(self) -> Policy:
        """The Policy to judge by; the first call after a pause may wait for the server, 0.6 s."""
        if not self._is_recent(self._used_ns):
            self._fresh.clear()
            self._wanted.set()
        self._used_ns = self._now_ns()
        if not self._stopped.is_set():
            self._fresh.wait(FIRST_TIMEOUT_SECONDS + 0.1)
        return self._policy

    def run(self) -> None:
        """Fetch now, then every `pause_seconds` while calls come in. Ends after `stop`."""
        while not self._stopped.is_set():
            self._wanted.clear()
            if self._is_recent(self._used_ns):
                is_awaited = not self._fresh.is_set()
                self.refresh(FIRST_TIMEOUT_SECONDS if is_awaited else TIMEOUT_SECONDS)
                self._fresh.set()
            self._wanted.wait(self.pause_seconds)

    def refresh_if_old(self) -> None:
        """For who has no thread to `run`: ask once, unless the server told it just now."""
        if not self._is_recent(self.fetched_ns):
            self.refresh(FIRST_TIMEOUT_SECONDS)

    def stop(self) -> None:
        """Let `run` end; the Policy known so far stays in force."""
        self._stopped.set()
        self._wanted.set()
        self._fresh.set()

    def refresh(self, timeout: float = TIMEOUT_SECONDS) -> None:
        """Ask the server once; what went wrong is told to the status file."""
        problem = self._asked(timeout)
        self._failures = 0 if problem is None else self._failures + 1
        self._status.tell("policy", problem)

    @property
    def pause_seconds(self) -> float:
        """Until it asks again: soon after a failure, then ever later, up to the usual time."""
        if not self._failures:
            return REFRESH_SECONDS
        factor: int = 1 << min(self._failures - 1, MAX_DOUBLINGS)
        return min(RETRY_SECONDS * factor, REFRESH_SECONDS)

    def _asked(self, timeout: float) -> str | None:
        """Take what the server tells; a sentence where there is nothing to take."""
        headers = {"Authorization": f"Bearer {self._settings.api_key}"}
        if self._etag:
            headers["If-None-Match"] = self._etag
        url = self._settings.policy_url
        try:
            if self._opener is None:
                self._opener = opener_of(self._settings, url)
            with self._opener.open(Request(url, headers=headers), timeout=timeout) as answer:  # noqa: S310  checked by settings
                body, etag = answer.read(MAX_BYTES), answer.headers.get("ETag", "")
            self._take_newer(json.loads(body), etag)
        except HTTPError as error:
            error.close()
            if error.code != NOT_MODIFIED:
                return of_http_status(error.code, url).sentence
            self._confirm()
        except (URLError, OSError, HTTPException) as error:
            return of_silence(url, error).sentence
        except _Older as error:
            return f"{url} {error}"
        except Exception as error:  # noqa: BLE001  whatever a server says, the thread must go on
            return f"{url} gave no policy that this version reads ({error}): upgrade agentic-audit."
        return None

    def _take_newer(self, told: Mapping[str, Any], etag: str) -> None:
        """Take what the server told, and keep it.

        Raises:
            _Older: a newer one is known. Who takes the file away (`login` does) forgets that.
        """
        policy = policy_of_bundle(told, self._settings.api_key)
        known = self._policy.version
        if policy.version < known and self._path.exists():
            raise _Older(
                f"gave policy version {policy.version}, older than version {known}, which stays "
                "in force. If the server was set up anew, run `agentaudit-hook login`."
            )
        self._take(policy, etag, self._now_ns())
        try:
            kept = {"etag": etag, "url": self._settings.policy_url, "policy": told}
            replace_file(self._path, json.dumps(kept).encode())
        except OSError as error:
            _log.warning("policy file: %s", error)

    def _take(self, policy: Policy, etag: str, fetched_ns: int) -> None:
        self._policy, self._etag, self.fetched_ns = policy, etag, fetched_ns
        keep_closed_file(self._closed_file, policy)

    def _confirm(self) -> None:
        self.fetched_ns = self._now_ns()
        with contextlib.suppress(OSError):
            os.utime(self._path, ns=(self.fetched_ns, self.fetched_ns))

    def _load(self) -> None:
        try:
            kept = json.loads(self._path.read_bytes())
            if kept["url"] != self._settings.policy_url:
                return
            policy = policy_of_bundle(kept["policy"], self._settings.api_key)
            self._take(policy, str(kept["etag"]), self._path.stat().st_mtime_ns)
        except FileNotFoundError:
            pass
        except Exception as error:  # noqa: BLE001  whatever is in the file, the relay must start
            self._status.tell("policy", f"{self._path} cannot be used ({error}); fetched again.")
        if not self.fetched_ns and self._others is not None:
            self._policy = policy_of_others(self._others, self._settings)
        if not self.fetched_ns and fails_closed(self._closed_file):
            # What was decided is lost, but that nothing may run unrecorded is not.
            self._policy = replace(
                self._policy, on_failure=OnFailure.CLOSED, require_remote_record=True
            )

    def _is_recent(self, at_ns: int) -> bool:
        """Not, too, when the clock was set back."""
        return 0 <= self._now_ns() - at_ns < IDLE_AFTER_NS


class _Older(Exception):
    """The server told a policy that was replaced already."""
