"""What is said to a sender whose request was not taken, on both transports alike.

Source: OTLP 1.11, "Failures" and "OTLP/HTTP Response"; codes map as the Collector's
`receiver/otlpreceiver/internal/errors` does.
"""

import logging

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from agentaudit_processor.faults import log_fault
from agentaudit_processor.ports import Refused, Unavailable

_log = logging.getLogger(__name__)

RETRY_AFTER_S = 2
_MAX_TEXT = 1000


class PortTaken(OSError):
    """The address to listen on is not free; the text names it."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {host}:{port}: {reason}")


class Failure(Exception):
    """Why a request was not taken: gRPC code, HTTP status, and a sentence for its sender."""

    def __init__(self, code: grpc.StatusCode, http_status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = http_status
        self.message = message[:_MAX_TEXT]

    @property
    def is_retryable(self) -> bool:
        """Whether the same request may be taken later."""
        return self.code == grpc.StatusCode.UNAVAILABLE

    @property
    def status(self) -> Status:
        """The body of an HTTP answer, and the details of a gRPC one."""
        status = Status(code=self.code.value[0], message=self.message)
        if self.is_retryable:
            status.details.add().Pack(RetryInfo(retry_delay=Duration(seconds=RETRY_AFTER_S)))
        return status


def malformed(message: str) -> Failure:
    """The body is not what its headers say; sending it again is in vain."""
    return Failure(grpc.StatusCode.INVALID_ARGUMENT, 400, message)


def too_large(limit: int) -> Failure:
    """The body is over the limit, compressed or not."""
    return Failure(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        413,
        f"the request is larger than {limit} bytes uncompressed",
    )


def too_many(limit: int) -> Failure:
    """The request holds more items than are judged and stored in one go."""
    return Failure(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        413,
        f"the request is larger than {limit} items: send smaller batches",
    )


def too_fine() -> Failure:
    """The request is of more parts than its bytes let expect: as objects they fill the memory."""
    return Failure(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        413,
        "the request has too many attributes, events or other parts: send smaller batches",
    )


def too_costly() -> Failure:
    """The request was tried more than once, and never done with in time."""
    return Failure(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        413,
        "the request takes too long to judge, each time: send smaller batches",
    )


def too_slow(limit_s: float) -> Failure:
    """The body did not come in time; a sender that is not just slow tries again."""
    message = f"the body did not come within {limit_s:.0f} s"
    return Failure(grpc.StatusCode.UNAVAILABLE, 503, message)


def unsupported(message: str) -> Failure:
    """The body's media type or encoding is none that we read."""
    return Failure(grpc.StatusCode.INVALID_ARGUMENT, 415, message)


def log_failure(signal_name: str, error: Exception) -> None:
    """Tell the operator what is the server's own trouble; what a sender did wrong, it is told."""
    if isinstance(error, Unavailable):
        _log.warning("%s not taken: %s", signal_name, error)
    elif not isinstance(error, Refused | Failure):
        log_fault(_log, f"taking {signal_name}", error)


def outcome_of(error: Exception) -> str:
    """How the Collector's metrics call it: `refused` by what comes after us, or our `failure`."""
    return "refused" if isinstance(error, Unavailable) else "failure"


def failure_of(error: Exception) -> Failure:
    """What to say for an error; one that nobody foresaw is worth another try by the sender."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, Refused):
        code = (
            grpc.StatusCode.PERMISSION_DENIED
            if error.status == 403
            else grpc.StatusCode.UNAUTHENTICATED
        )
        return Failure(code, 403 if error.status == 403 else 401, str(error))
    if isinstance(error, Unavailable):
        return Failure(grpc.StatusCode.UNAVAILABLE, 503, f"try again: {error}")
    return Failure(
        grpc.StatusCode.UNAVAILABLE, 503, "try again: the request could not be processed"
    )
