"""The thin client: stdin bytes to the relay, its answer to stdout, exit. It parses nothing.

An AI agent starts it at every tool call and waits for it, so start-up is its whole cost: no import
here that a bare interpreter does not have loaded, but for `_socket`. Its exit code is a contract:
0, whatever happens, and 1 where `--fail-closed` asks for it and nobody answered; never 2. Only a
decision is ever printed on stdout: the relay's, or the refusal that it keeps ready for the times
when it cannot answer. Management verbs live in `cli`, imported when asked for.
"""

import os
import sys
import time
from select import select

from agentaudit_hook import __version__
from agentaudit_hook.frames import (
    ANSWER_HEAD_SIZE,
    MAX_BODY_BYTES,
    RECEIVED,
    REFUSED,
    UNTIL,
    Malformed,
    answer_sizes,
    pack_frame,
)
from agentaudit_hook.places import NO_FOLLOW, Place, find_place, is_private, usable_place

try:
    from _socket import AF_UNIX, SOCK_STREAM
    from _socket import socket as Socket  # noqa: N812  `socket` itself costs 8 ms of imports
except ImportError:  # Windows, which has none, or another Python implementation
    import socket

    AF_UNIX = getattr(socket, "AF_UNIX", None)  # type: ignore[assignment,misc]
    SOCK_STREAM, Socket = socket.SOCK_STREAM, socket.socket  # type: ignore[assignment,misc]

VERBS = ("pre", "post", "session-start", "session-end", "prompt", "stop", "event")
WARM_SECONDS = 1.0
COLD_SECONDS = 5.0
STDIN_SECONDS = 3.0
"""All three together stay below the timeout that `install` writes: who is killed keeps nothing."""
CLOSED_WARM_SECONDS = 2.5
CLOSED_COLD_SECONDS = 3.5
"""The same under a policy that fails closed, where the server's receipt may be waited for too."""
FAIL_CLOSED = "--fail-closed"
"""Option that `install` writes where a failing hook stops the call: without an answer, fail."""
MAX_REFUSALS_BYTES = 64 * 1024
POLL_SECONDS = 0.01
_PASSED_ON = (
    "TRACEPARENT",
    "AI_AGENT",
    "CLAUDE_PROJECT_DIR",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SESSION_ID",
    "COPILOT_CLI_BINARY_VERSION",
    "GEMINI_SESSION_ID",
)
_RELAY_NEEDS = """
    HOME PATH LANG TMPDIR TEMP USERPROFILE SYSTEMROOT USER LOGNAME TZ VIRTUAL_ENV SSL_CERT_FILE
    SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY
    http_proxy https_proxy no_proxy all_proxy GRPC_DEFAULT_SSL_ROOTS_FILE_PATH
"""

DETACHED = 0x00000008
"""Windows' DETACHED_PROCESS."""

Answer = tuple[int, bytes, bytes]


def main() -> int:
    """Run one verb. Usage errors give 1, never 2: an agent takes 2 for a refusal."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] not in VERBS:
        _find_packages()
        from agentaudit_hook.cli import run  # noqa: PLC0415  a management verb may take its time

        return run(arguments)
    is_closed = FAIL_CLOSED in arguments
    said = [argument for argument in arguments[1:] if argument != FAIL_CLOSED]
    try:
        is_settled = carry(arguments[0], " ".join(said)) or not is_closed
    except BaseException as error:  # noqa: BLE001  the outermost frame: the agent must not suffer
        _note(error)
        is_settled = not is_closed
    # Everything is written with os.write; leaving the interpreter's own way costs milliseconds.
    os._exit(0 if is_settled else 1)


def _find_packages() -> None:
    """Started by the launcher, only this package can be imported: the rest needs its folders."""
    if sys.flags.no_site:
        import site  # noqa: PLC0415

        site.main()


def carry(verb: str, argument: str) -> bool:
    """Pass one hook event on and the answer back; without a relay, keep it in the inbox.

    Returns:
        Whether the agent has an answer: the relay's, or the refusal that the policy wants of a
        client that gets none.
    """
    header = _header(verb, argument, time.time_ns())
    body = _read_stdin(_deadline(STDIN_SECONDS))
    place = find_place(os.environ)
    refusal = _refusal(place, argument) if verb == "pre" else b""
    if AF_UNIX is None or os.environ.get("AGENTAUDIT_RELAY") == "off":
        return _answer_alone(header, body, refusal)
    seconds = CLOSED_WARM_SECONDS if refusal else WARM_SECONDS
    if is_private(place.runtime) and _ask(place, header, body, _deadline(seconds)):
        return True
    usable = usable_place(os.environ)
    if usable is not None:
        # the user's own state folder cannot be written: then another relay is asked
        if usable.name != place.name and _ask(usable, header, body, _deadline(WARM_SECONDS)):
            return True
        if _ask_new_relay(usable, header, body, CLOSED_COLD_SECONDS if refusal else COLD_SECONDS):
            return True
        _keep(usable, header, body, refusal)
    if refusal:
        _write(1, refusal)
    return bool(refusal)


def _answer_alone(header: "dict[bytes, bytes]", body: bytes, refusal: bytes) -> bool:
    """Without a relay, by wish or because there are no Unix sockets: all of its work here."""
    _find_packages()
    place = usable_place(os.environ)
    told: list[bytes] = []

    def tell(stdout: bytes) -> None:
        told.append(stdout)
        _write(1, stdout)

    try:
        if place is not None:
            from agentaudit_hook.relay.alone import answer_alone  # noqa: PLC0415  0.3 s of imports

            _set_until(header, _deadline(CLOSED_WARM_SECONDS))
            plain = {key.decode(): os.fsdecode(value) for key, value in header.items()}
            if answer_alone(place, plain, body, tell):
                start_process(place, "agentaudit_hook.relay.deliver")
            return True
    except Exception as error:  # noqa: BLE001  the call is kept as if a relay had failed
        _note(error)
        if place is not None and not told:
            _keep(place, header, body, refusal)
    if refusal and not told:
        _write(1, refusal)
    return bool(refusal or told)


def _keep(place: Place, header: "dict[bytes, bytes]", body: bytes, refusal: bytes) -> None:
    if refusal:
        header[REFUSED.encode()] = b"1"
    try:
        keep_frame(place, _frame(place, header, body), int(header[b"at_ns"]))
    except OSError as error:  # nowhere to write: there is nothing left to do for this call
        _note(error)


def _refusal(place: Place, argument: str) -> bytes:
    """What stops a call that the relay does not answer; empty unless the policy fails closed.

    The relay keeps it ready, a line for each agent: the agent's name, a space, the answer.
    """
    try:
        file = os.open(place.closed, os.O_RDONLY | NO_FOLLOW)
    except OSError:
        return b""
    try:
        lines = os.read(file, MAX_REFUSALS_BYTES).splitlines()
    except OSError:
        return b""
    finally:
        os.close(file)
    wanted = os.fsencode(argument.replace("=", " ").partition("--agent ")[2].partition(" ")[0])
    answers = {name: answer for name, _, answer in (line.partition(b" ") for line in lines)}
    return answers.get(wanted) or next(iter(answers.values()), b"")


def _frame(place: Place, header: "dict[bytes, bytes]", body: bytes) -> bytes:
    return pack_frame({**header, b"name": place.name.encode()}, body)


def _ask_new_relay(place: Place, header: "dict[bytes, bytes]", body: bytes, seconds: float) -> bool:
    """Start a relay unless one listens, and ask it; False when there was no answer."""
    try:
        if listens(place):
            return False  # it had its time
        child = start_process(place)
    except OSError:  # no process or no file to be had: the inbox is tried all the same
        return False
    return _ask_started(place, header, body, child, _deadline(seconds))


def _ask_started(
    place: Place, header: "dict[bytes, bytes]", body: bytes, child: int, deadline: float
) -> bool:
    """Ask a relay that is just starting, until it answers, dies or the time is up."""
    while time.monotonic() < deadline:
        if _ask(place, header, body, deadline):
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


def _ask(place: Place, header: "dict[bytes, bytes]", body: bytes, deadline: float) -> bool:
    """Send the event, pass the answer on; False when there was no whole answer in time."""
    try:
        link = Socket(AF_UNIX, SOCK_STREAM)
    except OSError:  # no more files
        return False
    _set_until(header, deadline)
    try:
        _limit(link, deadline)
        link.connect(place.socket)
        link.sendall(_frame(place, header, body))
        _, stdout, stderr = _read_answer(link, deadline)
    except (OSError, Malformed):
        link.close()
        return False
    try:
        _write(2, stderr)
        _write(1, stdout)
        if stdout:
            link.sendall(RECEIVED)
    except OSError:  # the agent has gone; the relay learns it by the missing RECEIVED
        pass
    link.close()
    return True


def _set_until(header: "dict[bytes, bytes]", deadline: float) -> None:
    until_ns = time.time_ns() + int((deadline - time.monotonic()) * 1e9)
    header[UNTIL.encode()] = b"%d" % until_ns


def _read_answer(link: Socket, deadline: float) -> Answer:
    head = _read_exactly(link, ANSWER_HEAD_SIZE, deadline)
    code, stdout_size, stderr_size = answer_sizes(head)
    text = _read_exactly(link, stdout_size + stderr_size, deadline)
    return code, text[:stdout_size], text[stdout_size:]


def _read_exactly(link: Socket, size: int, deadline: float) -> bytes:
    chunks = []
    while size:
        _limit(link, deadline)
        chunk = link.recv(min(size, 65536))
        if not chunk:
            raise Malformed("the relay hung up")
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def _limit(link: Socket, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    link.settimeout(left)


def listens(place: Place) -> bool:
    """Tell whether a relay, however slow, holds the socket."""
    link = Socket(AF_UNIX, SOCK_STREAM)
    try:
        link.settimeout(0.0)
        link.connect(place.socket)
    except BlockingIOError:
        return True  # its backlog is full
    except OSError:
        return False
    finally:
        link.close()
    return True


def start_process(place: Place, module: str = "agentaudit_hook.relay") -> int:
    """Start a detached process, with no more of this environment than it needs; give its pid.

    `-P`, `-E`: the project that the agent works in must never be searched for modules, be it the
    present folder or in PYTHONPATH, where it often stands.
    """
    arguments = [sys.executable, "-E", "-P", "-m", module]
    env = {key: os.environ[key] for key in _RELAY_NEEDS.split() if key in os.environ}
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
    path = f"{place.inbox}/{at_ns:020d}-{os.getpid()}"
    file = os.open(f"{path}.tmp", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        _write(file, frame)
        os.fsync(file)
    except OSError:
        os.unlink(f"{path}.tmp")  # noqa: PTH108  half a frame serves nobody, and is not masked
        raise
    finally:
        os.close(file)
    os.rename(f"{path}.tmp", f"{path}.frame")  # noqa: PTH104


def _header(verb: str, argument: str, at_ns: int) -> dict[bytes, bytes]:
    """What the relay cannot know by itself. The API key stays out: the inbox is a file."""
    try:
        cwd = os.getcwd()  # noqa: PTH109
    except OSError:  # the folder is gone
        cwd = ""
    told = {"version": __version__, "verb": verb, "argument": argument, "at_ns": str(at_ns)}
    told |= {"cwd": cwd, "pid": str(os.getpid())}
    for key, value in os.environ.items():
        if key in _PASSED_ON or (key.startswith("AGENTAUDIT_") and key != "AGENTAUDIT_API_KEY"):
            told[key] = value
    return {os.fsencode(k): os.fsencode(v.replace("\0", "")) for k, v in told.items()}


def _deadline(seconds: float) -> float:
    told = os.environ.get("AGENTAUDIT_DEADLINE_MS", "")
    usable = told.isascii() and told.isdigit() and len(told) < 9
    return time.monotonic() + (int(told) / 1000 if usable else seconds)


def _read_stdin(deadline: float) -> bytes:
    """Stdin to its end; what came so far, if an agent forgets to close it."""
    chunks, size = [], 0
    try:
        while size < MAX_BODY_BYTES:
            left = max(0.0, deadline - time.monotonic())
            if hasattr(os, "fork") and not select((0,), (), (), left)[0]:  # else sockets alone
                break
            chunk = os.read(0, MAX_BODY_BYTES - size)
            if not chunk:
                break
            chunks.append(chunk)
            size += len(chunk)
    except OSError:  # no stdin: an empty event is recorded as such
        pass
    return b"".join(chunks)


def _write(file: int, text: bytes) -> None:
    while text:
        text = text[os.write(file, text) :]


def _note(error: BaseException) -> None:
    """Leave one line about a failure of the client in the relay's log."""
    try:
        place = find_place(os.environ)
        line = f"{time.time():.3f} client {type(error).__name__}: {error}\n"
        file = os.open(place.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | NO_FOLLOW, 0o600)
        os.write(file, line.encode("utf-8", "replace"))
        os.close(file)
    except OSError:  # nowhere to tell it
        pass
