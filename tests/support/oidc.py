"""A real OpenID provider, and a server whose people log in there."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.requirements import need
from tests.support.server import RunningServer

_SCRIPT = Path(__file__).parents[1] / "integration" / "js" / "provider.mjs"
SECRET = "s3cret-of-the-client"


@dataclass(frozen=True, kw_only=True)
class Vouched:
    """The server, and who vouches for its people."""

    server: RunningServer
    issuer: str


@contextmanager
def a_provider(redirect_uri: str) -> Iterator[str]:
    """The issuer of an OpenID provider that sends people back to this address."""
    modules = need("oidc_provider")
    command = ["node", str(_SCRIPT), str(modules), redirect_uri]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout
        issuer = process.stdout.readline().strip()
        assert issuer, "the provider did not start"
        yield issuer
    finally:
        process.kill()
        process.communicate()


@contextmanager
def a_vouched_server(folder: Path, *, client_id: str = "agentaudit") -> Iterator[Vouched]:
    """`agentaudit serve` with log-in by a provider; `without-secret` is a client that has none."""
    server = RunningServer(folder)
    server.start()
    server.stop()
    with a_provider(f"{server.url}/dashboard/sso/callback") as issuer:
        secret = folder / "client-secret"
        secret.write_text(f"{SECRET}\n")
        server._env |= {
            "AGENTAUDIT_PUBLIC_URL": server.url,
            "AGENTAUDIT_OIDC_ISSUER": issuer,
            "AGENTAUDIT_OIDC_CLIENT_ID": client_id,
            "AGENTAUDIT_OIDC_NAME": "Example ID",
            "AGENTAUDIT_OIDC_ADMINS": "admins, owners",
            "AGENTAUDIT_OIDC_AUDITORS": "auditors",
        }
        if client_id == "agentaudit":
            server._env["AGENTAUDIT_OIDC_CLIENT_SECRET_FILE"] = str(secret)
        server.start()
        try:
            yield Vouched(server=server, issuer=issuer)
        finally:
            server.stop()
