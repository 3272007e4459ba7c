"""Requests for benches of ingest: ended calls of 14 attributes and 830 bytes, none twice."""

from collections.abc import Iterator, Sequence
from itertools import count

from agentaudit_processor import attributes as names
from tests.support.builders import NOON_NS, a_tool_call
from tests.support.otlp import hook_traces

BATCH = 512
_SESSIONS = 8
_KEPT = frozenset(
    (
        names.OPERATION_NAME,
        names.TOOL_NAME,
        names.TOOL_CALL_ID,
        names.TOOL_ARGUMENTS,
        names.TOOL_RESULT,
        names.OUTCOME,
        names.PROCESS_EXIT_CODE,
        names.PROCESS_WORKING_DIRECTORY,
        names.ACTION,
        names.SESSION_ID,
        names.AGENT_NAME,
        names.USER_EMAIL,
        names.USER_NAME,
        names.HOOK_VERSION,
    )
)
_COMMANDS = (
    "pytest tests/unit -q",
    "git status --short && git diff --stat",
    "psql -h prod-db -c 'DELETE FROM users WHERE id = {n}'",
    "curl -s https://api.example.com/v1/items/{n} | jq .",
    "cat .env",
    "rg -n 'def load_{n}' src | head -20",
    "sed -n '{n},+40p' app/models.py",
    "npm run build",
    "python scripts/report.py --day {n} > out/{n}.csv",
    "ls -la src/module_{n}",
)
"""Half of them are new each time, a third of them is found something in."""


def bodies_of(count: int, *, first: int = 0) -> Iterator[bytes]:
    """`count` requests, from the one numbered `first` on."""
    return (_body_of(number) for number in range(first, first + count))


def endless(bodies: Sequence[bytes]) -> Iterator[bytes]:
    """`bodies` again and again, each time as other calls: their ids begin otherwise."""
    for number in count():
        for body in bodies:
            yield body.replace(b"toolu_000000", b"toolu_%06d" % number)


def _body_of(number: int) -> bytes:
    calls = [_call(number * BATCH + place) for place in range(BATCH)]
    request = hook_traces(*calls)
    for span in request.resource_spans[0].scope_spans[0].spans:
        kept = [pair for pair in span.attributes if pair.key in _KEPT]
        del span.attributes[:]
        span.attributes.extend(kept)
    return request.SerializeToString()


def _call(number: int) -> object:
    started_ns = NOON_NS + number * 1_000_000_000
    return a_tool_call(
        session_id=f"session-{number % _SESSIONS}",
        call_id=f"toolu_{number:024}",
        arguments={"command": _COMMANDS[number % len(_COMMANDS)].format(n=number)},
        result={"stdout": f"{number} lines of output\n" * 8, "stderr": ""},
        started_ns=started_ns,
        ended_ns=started_ns + 60_000_000,
    )
