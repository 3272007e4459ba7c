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
from agentaudit_hook.frames import FAILS_CLOSED, MAX_BODY_BYTES
from agentaudit_hook.link import HAS_SOCKETS, MAX_DEADLINE_MS, Header, ask, deadline_in, note
from agentaudit_hook.places import NO_FOLLOW, Place, find_place, is_private

VERBS = ("pre", "post", "session-start", "session-end", "prompt", "stop", "event")
WARM_SECONDS = 1.0
STDIN_SECONDS = 3.0
"""Both, with what `unanswered` waits, stay below the timeout that `install` writes."""
CLOSED_WARM_SECONDS = 2.5
"""Under a policy that fails closed, where the server's receipt may be waited for too."""
FAIL_CLOSED = "--fail-closed"
"""Option that `install` writes where a failing hook stops the call: without an answer, fail."""
MAX_REFUSALS_BYTES = 64 * 1024
_SECRET = ("AGENTAUDIT_API_KEY", "AGENTAUDIT_OTLP_HEADERS")
_PASSED_ON = (
    "TRACEPARENT",
    "AI_AGENT",
    "CLAUDE_PROJECT_DIR",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SESSION_ID",
    "COPILOT_CLI_BINARY_VERSION",
    "GEMINI_SESSION_ID",
)


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
        is_settled = carry(arguments[0], " ".join(said), is_closed) or not is_closed
    except BaseException as error:  # noqa: BLE001  the outermost frame: the agent must not suffer
        note(error)
        is_settled = not is_closed
    # Everything is written with os.write; leaving the interpreter's own way costs milliseconds.
    os._exit(0 if is_settled else 1)


def _find_packages() -> None:
    """Started by the launcher, only this package can be imported: the rest needs its folders."""
    if sys.flags.no_site:
        import site  # noqa: PLC0415

        site.main()


def carry(verb: str, argument: str, is_closed: bool = False) -> bool:
    """Pass one hook event on and the answer back; without a relay, keep it in the inbox.

    Args:
        verb: one of VERBS.
        argument: the words behind it.
        is_closed: whether the entry refuses the call of a hook that fails.

    Returns:
        Whether the agent has an answer: the relay's, or the refusal that the policy wants of a
        client that gets none.
    """
    header = _header(verb, argument, time.time_ns())
    if is_closed:
        header[FAILS_CLOSED.encode()] = b"1"
    last = time.monotonic() + MAX_DEADLINE_MS / 1000
    body = _read_stdin(deadline_in(STDIN_SECONDS))
    place = find_place(os.environ)
    refusal = _refusal(place, argument) if verb == "pre" else b""
    seconds = CLOSED_WARM_SECONDS if refusal else WARM_SECONDS
    # One that is still there though none is wanted holds the state folder: it is asked as well.
    is_askable = HAS_SOCKETS and is_private(place.runtime)
    if is_askable and ask(place, header, body, min(deadline_in(seconds), last)):
        return True
    from agentaudit_hook.unanswered import answer_alone, answer_late  # noqa: PLC0415  rarely needed

    if not HAS_SOCKETS or os.environ.get("AGENTAUDIT_RELAY") == "off":
        _find_packages()
        return answer_alone(header, body, refusal)
    return answer_late(place, header, body, refusal, last)


def _refusal(place: Place, argument: str) -> bytes:
    """What stops a call that the relay does not answer; empty unless the policy fails closed.

    The relay keeps it ready, a line for each agent: the agent's name, a space, the answer. A
    configuration that never learnt its policy, as when a variable has just made it, has that of
    the user's others: no variable may open what fails closed.
    """
    try:
        known = os.listdir(place.all_closed)  # noqa: PTH208
    except OSError:
        return b""
    names = [place.name] if place.name in known else known
    lines = [line for name in names for line in _lines_of(f"{place.all_closed}/{name}")]
    wanted = os.fsencode(argument.replace("=", " ").partition("--agent ")[2].partition(" ")[0])
    answers = {name: answer for name, _, answer in (line.partition(b" ") for line in lines)}
    return answers.get(wanted) or next(iter(answers.values()), b"")


def _lines_of(path: str) -> "list[bytes]":
    try:
        file = os.open(path, os.O_RDONLY | NO_FOLLOW)
    except OSError:
        return []
    try:
        return os.read(file, MAX_REFUSALS_BYTES).splitlines()
    except OSError:
        return []
    finally:
        os.close(file)


def _header(verb: str, argument: str, at_ns: int) -> Header:
    """What the relay cannot know by itself. Keys and tokens stay out: the inbox is a file."""
    try:
        cwd = os.getcwd()  # noqa: PTH109
    except OSError:  # the folder is gone
        cwd = ""
    told = {"version": __version__, "verb": verb, "argument": argument, "at_ns": str(at_ns)}
    told |= {"cwd": cwd, "pid": str(os.getpid())}
    for key, value in os.environ.items():
        if key in _PASSED_ON or (key.startswith("AGENTAUDIT_") and key not in _SECRET):
            told[key] = value
    return {os.fsencode(k): os.fsencode(v.replace("\0", "")) for k, v in told.items()}


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
