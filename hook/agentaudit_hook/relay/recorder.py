"""The recorder: one hook event → records in the spool, and the answer to the agent.

parse → judge → mask and reduce → spool, synced → answer. Nothing unmasked is kept, and nothing is
answered before the record of it is on disk.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agentaudit_hook.agents.shape import CAPTURE_ALL, Told
from agentaudit_hook.agents.shape import Heard as Said
from agentaudit_hook.frames import FAILS_CLOSED
from agentaudit_hook.relay.agent_processes import AgentProcesses
from agentaudit_hook.relay.approvals import AskPerson, answered
from agentaudit_hook.relay.capture import Reducer, stricter
from agentaudit_hook.relay.client_time import has_gone, seconds_left
from agentaudit_hook.relay.decided import (
    Heard,
    abandoned,
    blocked,
    completed,
    decision_of,
    failed_closed,
)
from agentaudit_hook.relay.examiner import Examiner
from agentaudit_hook.relay.keeper import Keeper
from agentaudit_hook.relay.open_calls import OpenCalls
from agentaudit_hook.relay.open_sessions import OpenSessions
from agentaudit_hook.relay.refusal import UNANSWERED, UNREAD, UNRECORDED, unacknowledged
from agentaudit_hook.relay.replies import Agent, Asked, Reply, can_show, reply_to
from agentaudit_hook.relay.sequences import Sequences
from agentaudit_hook.relay.status import StatusFile
from agentaudit_processor.model import Activity, Decision, Fact, ToolCall
from agentaudit_processor.policy import CapturePolicy, OnFailure, Policy

if TYPE_CHECKING:
    from agentaudit_processor.pipeline import Judge

_log = logging.getLogger(__name__)


class Recorder:
    """Safe for several threads; the spool's own lock gives records their order."""

    def __init__(
        self,
        *,
        judge: "Judge",
        policy: Callable[[], Policy],
        keeper: Keeper,
        open_calls: OpenCalls,
        sequences: Sequences,
        status: StatusFile,
        await_delivery: Callable[[int, float], str | None],
        key: bytes = b"",
        ask_person: AskPerson | None = None,
    ) -> None:
        """Args beside the neighbours:

        await_delivery: waits until a record is acknowledged: number, seconds → what failed.
        key: this machine's own, for digests before there is an organisation's.
        ask_person: asks the server whether somebody lets a stopped call run; None asks nobody.
        """
        self._judge = judge
        self._policy = policy
        self._keeper = keeper
        self._open = open_calls
        self._sequences = sequences
        self._sessions = OpenSessions()
        self._agents = AgentProcesses()
        self._await_delivery = await_delivery
        self._key = key
        self._status = status
        self._ask_person = ask_person

    def take(self, agent: Agent, told: Told, heard: Heard) -> Reply:
        """Record one hook event and answer it.

        Raises:
            OSError: not live, and the spool cannot be written: the inbox must keep the event.
        """
        said = agent.parse(told)
        examiner = self._examiner(self._policy_of(told), told.capture, said.prose)
        is_gone = heard is Heard.LIVE and has_gone(told)
        if is_gone:
            heard = Heard.REFUSED if examiner.is_closed else Heard.LATE
        asked = self._asked(examiner, agent, said, told, heard)
        ended = self._over(said, told.at_ns)
        over = [examiner.judged(call)[0] for call in ended]
        if asked is not None:
            over += self._opened(asked, told, heard)
        is_denied = heard is not Heard.LATE and examiner.denies_unread(said, told)
        facts = [examiner.masked(fact, is_denied=is_denied) for fact in said.facts]
        requests = [] if asked is None else [asked.wire]
        try:
            number = self._keep([*requests, *over, *facts], live=heard is Heard.LIVE)
        except OSError:
            self._open.release(over)
            raise
        # Said after they are on disk: a crash in between tells them again, with the same ids.
        self._open.end(over)
        if heard is not Heard.LIVE:
            # should it still be there after all: what is told is what is recorded
            is_refused = is_gone and asked is not None and heard is Heard.REFUSED
            return Reply(stdout=agent.deny(UNANSWERED)) if is_refused else Reply()
        if is_denied:
            return Reply(stdout=agent.deny(UNREAD))
        if asked is None:
            shows = examiner.policy.redact_output and said.ended and can_show(agent)
            return examiner.redacted(agent, ended[0], said.whole) if shows else Reply()
        if decision_of(asked.wire) is not Decision.BLOCK:
            asked = self._sure(asked, number, examiner, told)
        return reply_to(agent, asked, told)

    def _policy_of(self, told: Told) -> Policy:
        """The policy in force for an event: an entry that fails closed makes it fail closed.

        What such an entry stops is not known before the server has told a policy: until then it
        lets a call run only if the server has its record, and can judge it.
        """
        policy = self._policy()
        if FAILS_CLOSED not in told.env:
            return policy
        must_be_there = policy.require_remote_record or not policy.version
        return replace(policy, on_failure=OnFailure.CLOSED, require_remote_record=must_be_there)

    def _examiner(
        self, policy: Policy, capture: CapturePolicy, prose: frozenset[str] = frozenset()
    ) -> Examiner:
        # without a server there is no organisation's key yet
        reducer = Reducer(stricter(policy.capture, capture), policy.digest_key or self._key)
        return Examiner(self._judge, policy, reducer, prose)

    def _asked(
        self, examiner: Examiner, agent: Agent, said: Said, told: Told, heard: Heard
    ) -> Asked | None:
        """The call that is about to run; a person may let it run, where the policy says so."""
        asked = examiner.asked(said, agent, heard)
        is_open = asked is not None and asked.approvable and heard is Heard.LIVE
        if asked is None or said.requested is None or not is_open or not self._ask_person:
            return asked
        left = seconds_left(told)
        return answered(asked, said.requested, examiner.policy, self._ask_person, left)

    def _opened(self, asked: Asked, told: Told, heard: Heard) -> list[ToolCall]:
        """Remember a request; its end, where the client has refused it by itself."""
        if heard is Heard.LIVE:
            self._agents.seen(asked.wire.session_id, told.env.get("pid", ""))
        self._open.open(asked.wire)
        is_refused = heard is Heard.REFUSED
        return [blocked(asked.wire, told.at_ns, UNANSWERED)] if is_refused else []

    def _sure(self, asked: Asked, number: int | None, examiner: Examiner, told: Told) -> Asked:
        """Refuse a call that is not on record as the policy wants it to be."""
        reason = UNRECORDED if number is None else None
        if number is not None and examiner.policy.require_remote_record:
            trouble = self._await_delivery(number, seconds_left(told))
            if trouble is not None:
                reason = unacknowledged(trouble)
                _log.warning("a request was not acknowledged in time: %s", trouble)
        if reason is None or not examiner.is_closed:
            return asked
        return Asked(failed_closed(asked.wire, examiner.policy), reason)

    def confirm(self, reply: Reply) -> None:
        """The agent has the decision: the call it stopped is over."""
        if reply.stopped is not None and self._open.claim(reply.stopped):
            self._keep([reply.stopped])
            self._open.end([reply.stopped])

    def abandon_older_than(self, started_ns: int) -> None:
        """End calls of which nothing was heard for too long."""
        self._abandon(self._open.older_than(started_ns))

    def abandon_of_the_dead(self, started_ns: int) -> None:
        """End calls asked for before `started_ns` whose agent was killed: nobody else will."""
        calls = self._open.older_than(started_ns)
        self._abandon([call for call in calls if self._agents.has_died(call.session_id)])

    def _abandon(self, calls: Sequence[ToolCall]) -> None:
        lost = list(filter(self._open.claim, calls))
        if lost:
            now_ns = time.time_ns()
            # what they told was reduced when it came
            examiner = self._examiner(self._policy(), CAPTURE_ALL)
            self._keep([examiner.judged(abandoned(call, now_ns))[0] for call in lost])
            self._open.end(lost)

    def record(self, fact: Fact) -> None:
        """Record a Fact about recording itself, in which there is nothing to mask.

        Raises:
            OSError: the spool cannot be written.
        """
        self._keep([fact], live=False)

    def beat(self, now_ns: int, interval_ns: int, *, waiting: int) -> None:
        """Record the heartbeats that are due; `waiting` records are still to be sent."""
        self._keep(self._sessions.heartbeats(now_ns, interval_ns, waiting=waiting))

    def _over(self, said: Said, at_ns: int) -> list[ToolCall]:
        """Calls that this event ends, with what their requests told."""
        ended = [self._open.named(call) for call in said.ended]
        news = [call for call in said.listed if not self._open.has_ended(call)]
        over = [completed(c, self._open.request_of(c)) for c in (*ended, *news)]
        if said.closes is not None:
            left = filter(self._open.claim, self._open.covered_by(said.closes))
            over += [_left_open(call, at_ns) for call in left]
        return over

    def _keep(self, activities: Sequence[Activity], *, live: bool = True) -> int | None:
        """What `Spool.acknowledged` reaches once they are delivered; None: they are not on disk."""
        if not activities:
            return 0
        records = self._sequences.numbered(activities)
        try:
            number = self._keeper.keep(records)
        except OSError as error:
            # The decision still stands; the status says that it is not on record.
            self._status.tell("spool", f"The spool cannot be written ({error}): free disk space.")
            if not live:
                raise
            return None
        self._sequences.remember(records)
        self._sessions.heard(records, time.time_ns())
        self._status.tell("spool", None)
        return number


def _left_open(call: ToolCall, at_ns: int) -> ToolCall:
    """The end of a call whose turn ended first. One that ran would have been told of."""
    if decision_of(call) is Decision.BLOCK:
        return blocked(call, at_ns, None)
    return abandoned(call, at_ns)
