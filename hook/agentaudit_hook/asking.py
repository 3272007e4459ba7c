"""Ask the server something, and tell in a sentence why there is no answer."""

import json
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request

from agentaudit_hook.network import opener_of
from agentaudit_hook.relay.trouble import of_http_status, of_silence
from agentaudit_hook.settings import Settings

TIMEOUT_SECONDS = 5.0
MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back."""

    status: int | None
    """None: nobody answered."""
    trouble: str = ""
    """What is wrong and what to do; "" for a 2xx."""
    told: Any = None
    """The JSON of a 2xx, None if it was none."""


def ask_server(
    settings: Settings, path: str, *, with_key: bool = True, body: bytes | None = None
) -> Reply:
    """One request to the server's origin, by the relay's way: proxy, certificates, no redirect.

    Args:
        settings: where it is, and the key.
        path: from the origin on.
        with_key: whether to send the key.
        body: OTLP to post; None gets.
    """
    url = f"{settings.base_url.rstrip('/')}{path}"
    headers = {"Authorization": f"Bearer {settings.api_key}"} if with_key else {}
    if body is not None:
        headers["Content-Type"] = "application/x-protobuf"
    request = Request(url, data=body, headers=headers)  # noqa: S310  settings allow http(s) only
    try:
        with opener_of(settings, url).open(request, timeout=TIMEOUT_SECONDS) as answer:
            return Reply(status=answer.status, told=_json_of(answer.read(MAX_BYTES)))
    except HTTPError as error:
        error.close()
        return Reply(status=error.code, trouble=of_http_status(error.code, url).sentence)
    except (OSError, ValueError, HTTPException) as error:  # ValueError: no header can hold the key
        return Reply(status=None, trouble=of_silence(url, error).sentence)


def _json_of(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None
