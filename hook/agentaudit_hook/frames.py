"""What goes over the relay's socket: a frame to it, an answer back. Nothing here parses JSON.

    frame  = "AA1" header_size(4) body_size(4) header body
    header = NAME "=" value, joined by NUL; an environment variable keeps its own name
    answer = "AA1" exit_code(1) stdout_size(4) stderr_size(4) stdout stderr

Sizes are big-endian. A frame kept in the inbox is the same bytes.
"""

MAGIC = b"AA1"
FRAME_HEAD_SIZE = 11
ANSWER_HEAD_SIZE = 12
MAX_HEADER_BYTES = 256 * 1024
MAX_BODY_BYTES = 32 * 1024 * 1024
RECEIVED = b"\x06"
"""What the client sends once it has passed a decision on: then it is in force."""
UNTIL = "until_monotonic_ns"
"""Header: when the client gives up waiting, by the machine's monotonic clock, which no one sets."""
DROPPED = "dropped"
"""File in the inbox: one byte for each frame that had to go."""
FAILS_CLOSED = "fails_closed"
"""Header: the hook's entry refuses the call of a hook that fails, whatever the policy says."""
REFUSED = "refused"
"""Header of a frame in the inbox: the client has refused the call by itself."""

RELAY_STOPPED = "relay_stopped"
"""Header: the relay had been stopped by a signal, and this call has woken it."""
RELAY_HUNG = "relay_hung"
"""Header: a relay before this one hung, and was ended."""


class Malformed(Exception):
    """These bytes are no frame or no answer of ours."""


def pack_frame(header: "dict[bytes, bytes]", body: bytes) -> bytes:
    """Header values must not hold NUL (environment variables cannot)."""
    packed = b"\0".join([key + b"=" + value for key, value in header.items()])
    return MAGIC + len(packed).to_bytes(4, "big") + len(body).to_bytes(4, "big") + packed + body


def frame_sizes(head: bytes) -> tuple[int, int]:
    """Sizes of header and body from the first FRAME_HEAD_SIZE bytes.

    Raises:
        Malformed: another protocol, or sizes beyond the limits.
    """
    header_size, body_size = int.from_bytes(head[3:7], "big"), int.from_bytes(head[7:11], "big")
    if len(head) != FRAME_HEAD_SIZE or head[:3] != MAGIC:
        raise Malformed("no frame of this protocol")
    if header_size > MAX_HEADER_BYTES or body_size > MAX_BODY_BYTES:
        raise Malformed("frame too large")
    return header_size, body_size


def unpack_header(packed: bytes) -> dict[str, str]:
    """Names and values as text; bytes that are no UTF-8 become U+FFFD."""
    pairs = (item.partition(b"=") for item in packed.split(b"\0") if item)
    return {k.decode("utf-8", "replace"): v.decode("utf-8", "replace") for k, _, v in pairs}


def pack_answer(exit_code: int, stdout: bytes, stderr: bytes) -> bytes:
    """Raises OverflowError beyond 255 or 4 GiB, which no answer reaches."""
    sizes = len(stdout).to_bytes(4, "big") + len(stderr).to_bytes(4, "big")
    return MAGIC + exit_code.to_bytes(1, "big") + sizes + stdout + stderr


def answer_sizes(head: bytes) -> tuple[int, int, int]:
    """Exit code and sizes of stdout and stderr from the first ANSWER_HEAD_SIZE bytes.

    Raises:
        Malformed: another protocol.
    """
    if len(head) != ANSWER_HEAD_SIZE or head[:3] != MAGIC:
        raise Malformed("no answer of this protocol")
    return head[3], int.from_bytes(head[4:8], "big"), int.from_bytes(head[8:12], "big")
