"""A certificate authority for tests, and a TLS front for servers that speak plain HTTP or gRPC."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.support.pipes import serve_pipes

SERVER = "server.test"
"""A name that only the test's proxy knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """PEM files: the authority, and a certificate with its key in one file for each side."""

    ca: Path
    server: Path
    client: Path


def make_certificates(folder: Path) -> Certificates:
    """A new authority and what it has signed, the server's for loopback and `SERVER`."""
    authority = trustme.CA()
    made = Certificates(ca=folder / "ca.pem", server=folder / "s.pem", client=folder / "c.pem")
    authority.cert_pem.write_to_path(str(made.ca))
    for path, names in ((made.server, ("localhost", "127.0.0.1", SERVER)), (made.client, ("me",))):
        signed = authority.issue_cert(*names)
        signed.private_key_and_cert_chain_pem.write_to_path(str(path))
    return made


@contextmanager
def tls_front(
    port: int, certificates: Certificates, *, asks_for_client: bool = False
) -> Iterator[int]:
    """Listen with TLS on a free loopback port, given here, and pass all on to `port`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server)
    context.set_alpn_protocols(["h2", "http/1.1"])
    if asks_for_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates.ca)
    with serve_pipes(lambda link: (context.wrap_socket(link, server_side=True), port)) as front:
        yield front
