"""The way to a server: through which proxy, and by whose certificates each side is known.

Proxies come from the variables that every tool reads (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`,
`NO_PROXY`, in either case); this machine itself is never asked through one. A certificate
authority of one's own is the setting `ca_file`, else `SSL_CERT_FILE` and its like.
"""

import os
import ssl
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import (
    BaseHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    build_opener,
    getproxies_environment,
    proxy_bypass,
)

from agentaudit_hook.settings import Settings

_CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def proxy_for(url: str) -> str | None:
    """The proxy to ask for `url`; None to go there straight."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    known = getproxies_environment()
    proxy = known.get(parts.scheme) or known.get("all")
    if not proxy or _is_here(host) or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def ca_file_of(settings: Settings) -> str | None:
    """PEM file of the authorities that servers are known by; None for the usual ones."""
    told = (os.environ.get(name, "") for name in _CA_VARIABLES)
    return settings.ca_file or next((path for path in told if Path(path).is_file()), None)


def tls_of(settings: Settings) -> ssl.SSLContext:
    """What both sides show of themselves.

    Raises:
        OSError, ValueError: a file cannot be read, or holds no certificate or key.
    """
    context = ssl.create_default_context(cafile=ca_file_of(settings))
    if settings.client_certificate:
        # an encrypted key would be asked for at a terminal that a relay does not have
        context.load_cert_chain(settings.client_certificate, settings.client_key or None, "")
    return context


def opener_of(settings: Settings, url: str) -> OpenerDirector:
    """Asks `url` with our key; follows no redirect, which would carry the key to another host.

    Raises:
        OSError, ValueError: as `tls_of`.
    """
    proxy = proxy_for(url)
    handlers: list[BaseHandler] = [
        ProxyHandler({urlsplit(url).scheme: proxy} if proxy else {}),
        _NoRedirect(),
    ]
    if url.startswith("https://"):
        handlers.append(HTTPSHandler(context=tls_of(settings)))
    return build_opener(*handlers)


def headers_of(told: str) -> dict[str, str]:
    """`name=value,name=value`, values percent-encoded where they hold a comma.

    Source: the form of OTEL_EXPORTER_OTLP_HEADERS (OTLP exporter specification).

    Raises:
        ValueError: it has another form; the text does not quote a value, which may be a key.
    """
    headers: dict[str, str] = {}
    for number, pair in enumerate(filter(None, map(str.strip, told.split(","))), 1):
        name, sign, value = pair.partition("=")
        name, value = name.strip().lower(), unquote(value.strip())
        token = name.replace("-", "").replace("_", "").replace(".", "")
        if not sign or not (token.isascii() and token.isalnum()) or not value.isprintable():
            raise ValueError(f"number {number} is no name=value")
        headers[name] = value
    return headers


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
