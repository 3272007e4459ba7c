"""TLS of the receivers: certificate and key from files that may be renewed while we serve.

Named as the Collector's `configtls`: a client CA means that senders must show a certificate of it.
A renewed certificate is taken at the next handshake; a changed client CA at the next start.
"""

import logging
import ssl
from dataclasses import dataclass, field
from pathlib import Path

import grpc

_log = logging.getLogger(__name__)

Stamp = tuple[int, ...]


class BadTls(ValueError):
    """A certificate, key or CA file cannot be used; the text names it."""


@dataclass(slots=True, kw_only=True)
class ServerTls:
    """Where certificate and key lie. One object may serve several ports."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None
    _used: Stamp = field(default=(), init=False)
    """Of the pair in use; HTTP alone needs it, gRPC keeps its own."""

    def ssl_context(self) -> ssl.SSLContext:
        """For HTTP.

        Raises:
            BadTls: a file cannot be used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.cert_file, self.key_file)
            self._used = self._stamp()
            if self.client_ca_file is not None:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(self.client_ca_file)
        except (OSError, ssl.SSLError) as error:
            raise BadTls(f"{self._names()}: {_told(error)}") from None
        context.sni_callback = lambda _socket, _name, outer: self._renew(outer)
        return context

    def grpc_credentials(self) -> grpc.ServerCredentials:
        """For gRPC.

        Raises:
            BadTls: a file cannot be used.
        """
        self.ssl_context()  # gRPC would take unusable files in silence, and refuse every sender
        used = self._stamp()

        def renewed() -> grpc.ServerCertificateConfiguration | None:
            nonlocal used
            try:
                stamp = self._stamp()
                if stamp == used:
                    return None
                made = self._configuration()
            except OSError as error:
                _log.warning("%s: %s; the one in use stays", self.cert_file, _told(error))
                return None
            used = stamp
            return made

        return grpc.dynamic_ssl_server_credentials(
            self._configuration(),
            renewed,  # type: ignore[arg-type]  # it may give None, as documented
            require_client_authentication=self.client_ca_file is not None,
        )

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        roots = self.client_ca_file.read_bytes() if self.client_ca_file else None
        pair = (self.key_file.read_bytes(), self.cert_file.read_bytes())
        return grpc.ssl_server_certificate_configuration([pair], root_certificates=roots)

    def _renew(self, context: ssl.SSLContext) -> None:
        """Load the pair anew if its files have changed; a handshake begins."""
        try:
            stamp = self._stamp()
            if stamp != self._used:
                # tried aside: a pair that does not fit would leave the one in use without its key
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                    self.cert_file, self.key_file
                )
                context.load_cert_chain(self.cert_file, self.key_file)
                self._used = stamp
        except (
            OSError,
            ssl.SSLError,
        ) as error:  # half written, say: the next handshake tries again
            _log.warning("%s: %s; the one in use stays", self.cert_file, _told(error))

    def _stamp(self) -> Stamp:
        files = [path.stat() for path in (self.cert_file, self.key_file)]
        return tuple(part for one in files for part in (one.st_mtime_ns, one.st_size, one.st_ino))

    def _names(self) -> str:
        files = (self.cert_file, self.key_file, self.client_ca_file)
        return ", ".join(str(path) for path in files if path)


def _told(error: OSError) -> str:
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return reason or type(error).__name__
