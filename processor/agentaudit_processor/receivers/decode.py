"""The bytes of a request → OTLP message, within hard limits; and an answer → bytes."""

from enum import StrEnum

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import DecodeError, Message

from agentaudit_processor.otlp import Request, Signal
from agentaudit_processor.receivers.failures import malformed, too_fine, unsupported
from agentaudit_processor.receivers.otlp_json import message_of
from agentaudit_processor.receivers.parts import has_too_many_marks, has_too_many_parts


class Media(StrEnum):
    """How a request is written, and so its answer."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"

    @classmethod
    def of(cls, content_type: str | None) -> "Media":
        """Read a Content-Type header; its parameters do not count.

        Raises:
            Failure: 415.
        """
        name = (content_type or "").partition(";")[0].strip().lower()
        try:
            return cls(name)
        except ValueError:
            raise unsupported(
                f"Content-Type must be {cls.PROTOBUF.value} or {cls.JSON.value}"
            ) from None


def decode(signal: Signal, media: Media, body: bytes) -> Request:
    """Read an uncompressed body.

    Raises:
        Failure: 400; 413 where it would become too much in memory.
    """
    if media is Media.JSON:
        too_many = has_too_many_marks(body)
    else:
        too_many = has_too_many_parts(signal.request.DESCRIPTOR, body)
    if too_many:
        raise too_fine()
    try:
        if media is Media.JSON:
            return message_of(signal.request, body)
        return signal.request.FromString(body)
    except DecodeError:
        raise malformed(f"the body is no {signal.request.DESCRIPTOR.name}") from None
    except ValueError as error:
        # The error may quote the body; only our own sentences are passed on.
        said = str(error) if str(error).startswith("not OTLP/JSON") else "not OTLP/JSON"
        raise malformed(said) from None


def encode(media: Media, message: Message) -> bytes:
    """Write an answer in the encoding of its request."""
    if media is Media.JSON:
        return MessageToJson(message, indent=None).encode()
    return message.SerializeToString()
