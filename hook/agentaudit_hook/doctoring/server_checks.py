"""The doctor on the server: is it there, does it take the key, does it take records?"""

from collections.abc import Iterator
from contextlib import closing

from agentaudit_hook.asking import TIMEOUT_SECONDS, ask_server
from agentaudit_hook.doctoring.checks import FAIL, PASS, SKIP, Check
from agentaudit_hook.setting_checks import DEFAULT_BASE_URL
from agentaudit_hook.settings import Settings, shown_key

SERVER, KEY, OTLP = "server", "api_key", "otlp"
_LOG_IN = "Run `agentaudit-hook login --server URL` with the address of your server."


def check_server(settings: Settings) -> Iterator[Check]:
    """Server, key and OTLP. What follows from one that failed is skipped, not told again."""
    server = _server(settings)
    yield server
    key = _key(settings, is_there=server.state == PASS)
    yield key
    is_elsewhere = bool(settings.otlp_endpoint)
    if settings.api_key and (is_elsewhere or key.state == PASS):
        yield _otlp(settings)
    else:
        yield _skipped(OTLP, "OTLP: not tried", server, key)


def _server(settings: Settings) -> Check:
    reply = ask_server(settings, "/health", with_key=False)
    if reply.trouble:
        what = f"server: {settings.base_url} is not healthy"
        return Check(FAIL, what, _LOG_IN if _is_new(settings) else reply.trouble, SERVER)
    version = reply.told.get("version") if isinstance(reply.told, dict) else None
    told = f", version {version}" if isinstance(version, str) else ""
    return Check(PASS, f"server: {settings.base_url} is healthy{told}", name=SERVER)


def _is_new(settings: Settings) -> bool:
    """Whether nobody has said yet which server this machine reports to."""
    return not settings.api_key and settings.base_url == DEFAULT_BASE_URL


def _key(settings: Settings, *, is_there: bool) -> Check:
    shown = f"API key: {shown_key(settings.api_key)}"
    if not settings.api_key:
        remedy = "Run `agentaudit-hook login`; the server's first start prints a key."
        return Check(FAIL, "API key: none", remedy, KEY)
    if not is_there:
        return Check(SKIP, f"{shown} not tried", "The server does not answer.", KEY)
    reply = ask_server(settings, "/v1/hook/policy")
    if reply.trouble:
        return Check(FAIL, f"{shown} is not accepted", reply.trouble, KEY)
    return Check(PASS, f"{shown} is accepted", name=KEY)


def _otlp(settings: Settings) -> Check:
    """An empty request, by the relay's own carrier: a receiver must take it, and stores nothing."""
    from agentaudit_hook.relay.carriers import carrier_of  # noqa: PLC0415  0.3 s of imports

    where = f"OTLP: {settings.otlp_base}"
    try:
        with closing(carrier_of(settings, timeout_seconds=TIMEOUT_SECONDS)) as carrier:
            trouble = carrier.probe()
    except (OSError, ValueError) as error:  # a certificate that cannot be read
        remedy = "Mend ca_file, client_certificate or client_key."
        return Check(FAIL, f"{where} cannot be asked: {error}", remedy, OTLP)
    if trouble is not None:
        return Check(FAIL, f"{where} takes no records", trouble.sentence, OTLP)
    return Check(PASS, f"{where} takes records ({settings.otlp_protocol})", name=OTLP)


def _skipped(name: str, what: str, *before: Check) -> Check:
    cause = next(check.what for check in before if check.state == FAIL)
    return Check(SKIP, what, f"First mend this: {cause}.", name)
