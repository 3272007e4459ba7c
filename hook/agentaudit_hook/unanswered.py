"""What the thin client does when no relay answers: start one, do without, or keep the call.

Imported when that is so; a call that a relay answers does not pay for it.
"""

import os
import sys
import time

from agentaudit_hook.frames import DROPPED, FAILS_CLOSED, REFUSED, RELAY_HUNG, RELAY_STOPPED
from agentaudit_hook.link import Header, ask, deadline_in, frame_of, listens, note, write
from agentaudit_hook.places import NETWORK, NO_FOLLOW, Place, usable_place

COLD_SECONDS = 5.0
CLOSED_COLD_SECONDS = 3.5
OTHER_SECONDS = 0.5
POLL_SECONDS = 0.01
MAX_FRAMES = 4_096
MAX_INBOX_BYTES = 256 * 1024 * 1024
DROPPED_AT_ONCE = 64
"""Oldest first: what they hold is not parsed here, so that nothing is known to matter less."""
DETACHED = 0x00000008
"""Windows' DETACHED_PROCESS."""
_RELAY_NEEDS = """
    HOME PATH LANG TMPDIR TEMP USERPROFILE SYSTEMROOT USER LOGNAME TZ VIRTUAL_ENV
"""


def answer_late(asked: Place, header: Header, body: bytes, refusal: bytes, last: float) -> bool:
    """Try what is left to have a relay answer; else keep the call, and refuse it if it must be.

    Args:
        asked: whose relay gave no answer.
        header: of the frame.
        body: what the agent said.
        refusal: what stops the call; empty unless the policy fails closed.
        last: monotonic time at which the agent must have its answer.

    Returns:
        Whether the agent has an answer.
    """
    place = usable_place(os.environ)
    if place is not None:
        # the user's own state folder cannot be written: then another relay is asked
        if place.name != asked.name and ask(place, header, body, deadline_in(OTHER_SECONDS)):
            return True
        seconds = CLOSED_COLD_SECONDS if refusal else COLD_SECONDS
        deadline = min(deadline_in(seconds), last)
        if _ask_new_relay(place, header, body, deadline, is_closed=bool(refusal)):
            return True
        _keep(place, header, body, refusal)
    if refusal:
        write(1, refusal)
    return bool(refusal)


def answer_alone(header: Header, body: bytes, refusal: bytes) -> bool:
    """Do without a relay, by wish or because there are no Unix sockets: all of its work here."""
    place = usable_place(os.environ)
    told: list[bytes] = []

    def tell(stdout: bytes) -> None:
        told.append(stdout)
        write(1, stdout)

    try:
        if place is not None:
            from agentaudit_hook.relay import alone  # noqa: PLC0415  0.3 s of imports

            plain = {key.decode(): os.fsdecode(value) for key, value in header.items()}
            if alone.answer_alone(place, plain, body, tell):
                start_process(place, "agentaudit_hook.relay.deliver")
            return True
    except Exception as error:  # noqa: BLE001  the call is kept as if a relay had failed
        note(error)
        if place is not None and not told:
            _keep(place, header, body, refusal)
    if refusal and not told:
        write(1, refusal)
    return bool(refusal or told)


def _ask_new_relay(
    place: Place, header: Header, body: bytes, deadline: float, *, is_closed: bool
) -> bool:
    """Start a relay unless one listens, and ask it; False when there was no answer.

    One that listens had its time. If it was stopped, or hangs, it is so no longer: where the policy
    fails closed only the next call has an answer of it, for this one it will find refused.
    """
    try:
        if listens(place):
            from agentaudit_hook.waking import end_if_it_hangs, wake  # noqa: PLC0415  rarer still

            if wake(place):
                header[RELAY_STOPPED.encode()] = b"1"
                return not is_closed and ask(place, header, body, deadline)
            if not end_if_it_hangs(place):
                return False
            header[RELAY_HUNG.encode()] = b"1"
        child = start_process(place)
    except OSError:  # no process or no file to be had: the inbox is tried all the same
        return False
    return _ask_started(place, header, body, child, deadline)


def _ask_started(place: Place, header: Header, body: bytes, child: int, deadline: float) -> bool:
    """Ask a relay that is just starting, until it answers, dies or the time is up."""
    while time.monotonic() < deadline:
        if ask(place, header, body, deadline):
            return True
        try:
            ended, status = os.waitpid(child, os.WNOHANG) if child else (0, 0)
        except ChildProcessError:  # the agent ignores SIGCHLD, so nobody learns how it ended
            ended, status = child, 0
        if ended:
            if status:
                return False
            child = 0  # another relay won the race to start: wait for that one
        time.sleep(POLL_SECONDS)
    return False


def _keep(place: Place, header: Header, body: bytes, refusal: bytes) -> None:
    if refusal or FAILS_CLOSED.encode() in header:
        header[REFUSED.encode()] = b"1"
    try:
        keep_frame(place, frame_of(place, header, body), int(header[b"at_ns"]))
    except OSError as error:  # nowhere to write: there is nothing left to do for this call
        note(error)


def start_process(place: Place, module: str = "agentaudit_hook.relay") -> int:
    """Start a detached process, with no more of this environment than it needs; give its pid.

    `-P`, `-E`: the project that the agent works in must never be searched for modules, be it the
    present folder or in PYTHONPATH, where it often stands.
    """
    arguments = [sys.executable, "-E", "-P", "-m", module]
    env = {key: os.environ[key] for key in (*_RELAY_NEEDS.split(), *NETWORK) if key in os.environ}
    env |= {k: v for k, v in os.environ.items() if k.startswith(("AGENTAUDIT_", "XDG_", "LC_"))}
    if not hasattr(os, "fork"):
        from subprocess import Popen  # noqa: PLC0415  slow, and for Windows alone

        return Popen(arguments, env=env, cwd=place.state, creationflags=DETACHED).pid  # noqa: S603
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        os.chdir("/")
        null = os.open("/dev/null", os.O_RDWR)
        log = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | NO_FOLLOW, 0o600)
        for number, target in enumerate((null, null, log)):
            os.dup2(target, number)
        os.closerange(3, 256)
        os.execve(sys.executable, arguments, env)  # noqa: S606  no shell is wanted
    finally:
        os._exit(1)


def keep_frame(place: Place, frame: bytes, at_ns: int) -> None:
    """Put a frame into the inbox: whole or not at all, on disk before this returns.

    Raises:
        OSError: the disk is full or read-only.
    """
    os.makedirs(place.inbox, mode=0o700, exist_ok=True)  # noqa: PTH103
    _make_room(place.inbox, len(frame))
    path = f"{place.inbox}/{at_ns:020d}-{os.getpid()}"
    file = os.open(f"{path}.tmp", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        write(file, frame)
        os.fsync(file)
    except OSError:
        os.unlink(f"{path}.tmp")  # noqa: PTH108  half a frame serves nobody, and is not masked
        raise
    finally:
        os.close(file)
    os.rename(f"{path}.tmp", f"{path}.frame")  # noqa: PTH104


def _make_room(inbox: str, size: int) -> None:
    """Bound what lies there for want of a relay; how many frames went is the size of a file."""
    with os.scandir(inbox) as entries:
        frames = sorted((e.name, _size_of(e)) for e in entries if e.name.endswith(".frame"))
    left = MAX_INBOX_BYTES - size - sum(taken for _, taken in frames)
    at_once = DROPPED_AT_ONCE if len(frames) >= MAX_FRAMES else 0
    gone = 0
    while gone < len(frames) and (gone < at_once or left < 0):
        name, taken = frames[gone]
        os.unlink(f"{inbox}/{name}")  # noqa: PTH108
        left += taken
        gone += 1
    if gone:
        _count_dropped(inbox, gone)


def _size_of(entry: "os.DirEntry[str]") -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:  # a relay has just taken it
        return 0


def _count_dropped(inbox: str, count: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | NO_FOLLOW
    file = os.open(f"{inbox}/{DROPPED}", flags, 0o600)
    try:
        write(file, b"." * count)
    finally:
        os.close(file)
