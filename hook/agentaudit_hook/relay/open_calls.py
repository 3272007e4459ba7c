"""Calls that were requested and have not ended, kept through a crash of the relay.

The journal beside the spool is a line of JSON per request and per end. Calls that ended a while ago
are remembered too, because PostToolBatch tells them again. Whole requests stand here; which number
a session's last record has is told by `sequences`, long after its calls have ended.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from agentaudit_hook.agents.shape import Closes, stem_of
from agentaudit_hook.relay.journal import Journal
from agentaudit_hook.relay.records import Unreadable, pack_record, unpack_record
from agentaudit_processor.ids import span_id_of
from agentaudit_processor.model import ToolCall

MAX_ENDED = 10_000
TOLD_AGAIN = 256
"""Among how many of the latest ends one that is told again is looked for."""
JOURNAL_BYTES = 8 * 1024 * 1024
_OPEN = b"o"
_END = b"e"

Key = tuple[str, str]


class OpenCalls:
    """Which calls are open; safe for several threads."""

    def __init__(self, journal: Path) -> None:
        self._journal = Journal(journal, JOURNAL_BYTES)
        self._lock = threading.Lock()
        self._open: dict[Key, ToolCall] = {}
        self._ended: dict[Key, int | None] = {}
        """When each ended, as its end told."""
        self._claimed: dict[Key, int | None] = {}
        """Open calls whose end is being recorded, and when that end was told."""
        self._ending: set[Key] = set()
        """Open calls that somebody is ending who was not told so by their agent."""
        # ValueError and its kin: torn by a crash in mid-write
        self._journal.read(self._replay_line, torn=(ValueError, TypeError, Unreadable))
        self._journal.begin(self._lines())

    def open(self, call: ToolCall) -> None:
        """Remember a request (in its wire form); one that has ended already stays so."""
        with self._lock:
            if _key(call) not in self._ended:
                self._open[_key(call)] = call
                self._write(_open_line(call))

    def end(self, calls: Iterable[ToolCall]) -> None:
        """Remember that `calls` have ended; to be said once their ends are on record."""
        with self._lock:
            for call in calls:
                self._mark(_key(call), call.ended_ns)
                self._write(_end_line(_key(call), call.ended_ns))

    def claim(self, call: ToolCall) -> bool:
        """Let one alone end a call that its agent told no end of; False when another does or did.

        Two may see at once that it is over: the answer that stopped it, and the end of its turn.
        """
        with self._lock:
            if _key(call) in self._ended or _key(call) in self._ending:
                return False
            self._ending.add(_key(call))
            return True

    def release(self, calls: Iterable[ToolCall]) -> None:
        """Give claims back: these ends could not be recorded."""
        with self._lock:
            self._ending.difference_update(map(_key, calls))

    def named(self, ended: ToolCall) -> ToolCall:
        """`ended` under the id of its request, where its client gave none to either.

        Of several alike that are open, the oldest: it gets no second end. An end that is told
        again, because a crash kept its answer from the agent, finds the call that it ended.
        """
        stem = stem_of(ended.call_id)
        if stem is None:
            return ended
        with self._lock:
            key = self._told_before(ended, stem) or self._oldest_like(ended, stem) or _key(ended)
            self._claimed[key] = ended.ended_ns
        return replace(ended, call_id=key[1], span_id=span_id_of(*key))

    def request_of(self, call: ToolCall) -> ToolCall | None:
        """The request of `call`, if it was heard and the call is open."""
        with self._lock:
            return self._open.get(_key(call))

    def has_ended(self, call: ToolCall) -> bool:
        """Whether the end of `call` is on record."""
        with self._lock:
            return _key(call) in self._ended

    def covered_by(self, closes: Closes) -> list[ToolCall]:
        """Requests of the open calls that `closes` covers, oldest first."""
        return self._found(lambda call: _covers(closes, call))

    def older_than(self, started_ns: int) -> list[ToolCall]:
        """Requests of the open calls that were asked for before `started_ns`, oldest first."""
        return self._found(lambda call: call.started_ns < started_ns)

    def __len__(self) -> int:
        return len(self._open)

    def _told_before(self, ended: ToolCall, stem: str) -> Key | None:
        latest = islice(reversed(self._ended.items()), TOLD_AGAIN)
        same = (key for key, ended_ns in latest if ended_ns == ended.ended_ns)
        return next((key for key in same if _is_like(key, ended, stem)), None)

    def _oldest_like(self, ended: ToolCall, stem: str) -> Key | None:
        alike = (key for key in self._open if _is_like(key, ended, stem))
        at_ns = ended.ended_ns  # an end that the disk did not take comes again, to its own claim
        free = [key for key in alike if self._claimed.get(key, at_ns) == at_ns]
        free.sort(key=lambda key: (key not in self._claimed, self._open[key].started_ns))
        return free[0] if free else None

    def _found(self, wanted: Callable[[ToolCall], bool]) -> list[ToolCall]:
        with self._lock:
            found = filter(wanted, self._open.values())
            return sorted(found, key=lambda call: call.started_ns)

    def _mark(self, key: Key, ended_ns: int | None) -> None:
        self._open.pop(key, None)
        self._claimed.pop(key, None)
        self._ending.discard(key)
        self._ended[key] = ended_ns
        if len(self._ended) > MAX_ENDED:
            del self._ended[next(iter(self._ended))]

    def _write(self, line: bytes) -> None:
        self._journal.write(line, self._lines)

    def _replay_line(self, line: bytes) -> None:
        if line[:1] == _END:
            session_id, call_id, *ended_ns = json.loads(line[1:])
            self._mark((str(session_id), str(call_id)), ended_ns[0] if ended_ns else None)
            return
        call, _ = unpack_record(line[1:])
        if isinstance(call, ToolCall):
            self._open[_key(call)] = call

    def _lines(self) -> Iterator[bytes]:
        """What still matters."""
        yield from (_end_line(key, ended_ns) for key, ended_ns in self._ended.items())
        yield from map(_open_line, self._open.values())


def _open_line(call: ToolCall) -> bytes:
    return _OPEN + pack_record(call, 0) + b"\n"


def _end_line(key: Key, ended_ns: int | None) -> bytes:
    return _END + json.dumps([*key, ended_ns]).encode() + b"\n"


def _key(call: ToolCall) -> Key:
    return call.session_id, call.call_id


def _is_like(key: Key, call: ToolCall, stem: str) -> bool:
    return key[0] == call.session_id and stem_of(key[1]) == stem


def _covers(closes: Closes, call: ToolCall) -> bool:
    if call.session_id != closes.session_id:
        return False
    return closes.everything or call.actor.subagent_id == closes.subagent_id
