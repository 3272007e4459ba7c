"""One HTTP POST to an address that somebody wrote into a form: guarded, bounded, without redirects.

Of the answer nothing is told but its status: it may be of a machine that the asker cannot reach.
"""

import http.client
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Timer

from agentaudit_backend.alerts.guard import Forbidden, Guard, Target
from agentaudit_processor import __version__

TIMEOUT_S = 10.0
DEADLINE_S = 20.0
"""For all of it, however slowly the other side drips."""
_ADDRESSES_TRIED = 4
_DONE = range(200, 300)
_FINAL = (400, 401, 403, 404, 405, 410, 413, 415)
"""What a repetition would be answered again."""


class NotSent(Exception):
    """It did not arrive; the text says why, and holds nothing of the receiver's."""

    def __init__(self, why: str, *, final: bool) -> None:
        super().__init__(why)
        self.final = final
        """No repetition will help."""


class _Pinned(http.client.HTTPConnection):
    """A connection to a judged address; the certificate is checked against the name."""

    def __init__(self, target: Target, addresses: Sequence[str]) -> None:
        super().__init__(target.host, target.port, timeout=TIMEOUT_S)
        self._target = target
        self._addresses = addresses[:_ADDRESSES_TRIED]
        self.is_cut = False

    def connect(self) -> None:
        """Connect, with TLS where the URL says so."""
        self.sock = self._connected()
        if self._target.secure:
            context = ssl.create_default_context()
            secured = context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock = secured  # first: the deadline cuts this one, in the handshake too
            secured.do_handshake()

    def _connected(self) -> socket.socket:
        """To the first address that answers: a host may have one of a kind that we lack."""
        *others, last = self._addresses
        for address in others:
            with suppress(OSError):
                return socket.create_connection((address, self.port), self.timeout)
        return socket.create_connection((last, self.port), self.timeout)


def post(guard: Guard, url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Send `body`; returns once the other side has said 2xx.

    Raises:
        NotSent: it may not go there, nobody answers, or the answer is another one.
    """
    try:
        target = guard.target(url)
        connection = _Pinned(target, guard.addresses(target))
    except Forbidden as why:
        raise NotSent(str(why), final=True) from None
    except OSError:
        raise NotSent("the host has no address", final=False) from None
    told = {"user-agent": f"agentaudit/{__version__}", "connection": "close"} | dict(headers)
    deadline = Timer(DEADLINE_S, _cut, [connection])
    deadline.daemon = True
    deadline.start()
    try:
        connection.request("POST", target.path, body, told)
        status = connection.getresponse().status
    except ssl.SSLCertVerificationError as problem:
        raise NotSent(f"its certificate: {problem.verify_message}", final=False) from None
    except TimeoutError:
        raise NotSent(f"no answer within {TIMEOUT_S:.0f} seconds", final=False) from None
    except (OSError, http.client.HTTPException) as problem:
        raise NotSent(f"no connection: {type(problem).__name__}", final=False) from None
    finally:
        deadline.cancel()
        connection.close()
    if connection.is_cut:
        raise NotSent(f"no whole answer within {DEADLINE_S:.0f} seconds", final=False)
    if status not in _DONE:
        raise NotSent(f"it answered {status}", final=status in _FINAL)


def _cut(connection: _Pinned) -> None:
    connection.is_cut = True
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has just ended by itself
