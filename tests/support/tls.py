"""A certificate authority for tests, and a TLS front for servers that speak plain HTTP or gRPC."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.support.pipes import serve_pipes

SERVER = "server.test"
"""A name that only the test's proxy knows."""
_CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
_SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """PEM files: the authority, and a certificate with its key in one file for each side."""

    ca: Path
    server: Path
    client: Path


def make_certificates(folder: Path) -> Certificates:
    """A new authority and what it has signed, for loopback and `SERVER`, valid for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("A test's authority")
    ca = _builder(name, name, key.public_key(), x509.BasicConstraints(ca=True, path_length=0))
    signed = ca.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
    ).sign(key, hashes.SHA256())
    made = Certificates(ca=folder / "ca.pem", server=folder / "s.pem", client=folder / "c.pem")
    made.ca.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.DNSName(SERVER), x509.IPAddress(ip_address("127.0.0.1"))]
    )
    for path, usage in ((made.server, _SERVER), (made.client, _CLIENT)):
        own = ec.generate_private_key(ec.SECP256R1())
        leaf = _builder(
            _name(path.stem), name, own.public_key(), x509.BasicConstraints(False, None)
        )
        leaf = leaf.add_extension(names, critical=False).add_extension(usage, critical=False)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        leaf = leaf.add_extension(authority, critical=False)
        path.write_bytes(
            own.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + leaf.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
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


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    constraints: x509.BasicConstraints,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(constraints, critical=True)
    )
