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
from agentaudit_hook.frames import FAILS_CLOSED, UNTIL
from agentaudit_hook.relay.agent_processes import AgentProcesses
from agentaudit_hook.relay.approvals import AskPerson, answered
from agentaudit_hook.relay.capture import Reducer, stricter
from agentaudit_hook.relay.decided import (
    FAULT_LEVEL,
    Heard,
    abandoned,
    bare_call,
    blocked,
    completed,
    decision_of,
    failed_closed,
    failed_closed_fact,
    fault,
    fault_verdict,
    with_rules,
    with_verdict,
)
from agentaudit_hook.relay.keeper import Keeper
from agentaudit_hook.relay.open_calls import OpenCalls
from agentaudit_hook.relay.open_sessions import OpenSessions
from agentaudit_hook.relay.refusal import (
    UNANSWERED,
    UNJUDGED,
    UNREAD,
    UNRECORDED,
    UNREDACTED,
    question,
    refusal,
    unacknowledged,
)
from agentaudit_hook.relay.replies import (
    Agent,
    Asked,
    Reply,
    can_ask,
    can_show,
    redaction,
    reply_to,
)
from agentaudit_hook.relay.sequences import Sequences
from agentaudit_hook.relay.status import StatusFile
from agentaudit_hook.relay.whole_result import withheld
from agentaudit_processor.classify.approvable import is_approvable
from agentaudit_processor.model import Activity, Decision, Fact, Json, Phase, ToolCall
from agentaudit_processor.own_judge import judge_under
from agentaudit_processor.policy import CapturePolicy, OnFailure, Policy

if TYPE_CHECKING:
    from agentaudit_processor.examination import Examination
    from agentaudit_processor.pipeline import Judge

_log = logging.getLogger(__name__)

DEFAULT_WAIT_SECONDS = 1.0
MAX_WAIT_SECONDS = 10.0
ANSWER_SECONDS = 0.1


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
        policy = self._policy_of(told)
        has_gone = heard is Heard.LIVE and _has_gone(told)
        if has_gone:
            heard = Heard.REFUSED if policy.on_failure is OnFailure.CLOSED else Heard.LATE
        reducer = self._reducer(policy, told.capture)
        asked = None if said.requested is None else self._asked(said, policy, reducer, agent, heard)
        if asked is not None and asked.approvable and heard is Heard.LIVE and self._ask_person:
            assert said.requested is not None  # noqa: S101  it was asked for
            left = _seconds_left(told)
            asked = answered(asked, said.requested, policy, self._ask_person, left)
        requests = [] if asked is None else [asked.wire]
        over = self._over(said, told.at_ns)
        ended = [(c, self._judged(c, policy, reducer, said.prose)[0]) for c in over]
        over = [wire for _, wire in ended]
        if asked is not None:
            if heard is Heard.LIVE:
                self._agents.seen(asked.wire.session_id, told.env.get("pid", ""))
            self._open.open(asked.wire)
            if heard is Heard.REFUSED:
                over.append(blocked(asked.wire, told.at_ns, UNANSWERED))
        is_denied = _is_denied_unread(said, told, policy) and heard is not Heard.LATE
        told_facts = map(failed_closed_fact, said.facts) if is_denied else said.facts
        facts = [self._masked(fact, policy, reducer, said.prose) for fact in told_facts]
        try:
            number = self._keep([*requests, *over, *facts], live=heard is Heard.LIVE)
        except OSError:
            self._open.release(over)
            raise
        # Said after they are on disk: a crash in between tells them again, with the same ids.
        self._open.end(over)
        if heard is not Heard.LIVE:
            # should it still be there after all: what is told is what is recorded
            is_refused = has_gone and asked is not None and heard is Heard.REFUSED
            return Reply(stdout=agent.deny(UNANSWERED)) if is_refused else Reply()
        if asked is None:
            if is_denied:
                return Reply(stdout=agent.deny(UNREAD))
            shows = policy.redact_output and said.ended and can_show(agent)
            return self._redacted(agent, ended[0][0], said.whole, policy) if shows else Reply()
        if decision_of(asked.wire) is not Decision.BLOCK:
            asked = self._sure(asked, number, policy, told)
        return reply_to(agent, asked, told)

    def _policy_of(self, told: Told) -> Policy:
        """The policy in force for an event: an entry that fails closed makes it fail closed."""
        policy = self._policy()
        if FAILS_CLOSED not in told.env or policy.on_failure is OnFailure.CLOSED:
            return policy
        return replace(policy, on_failure=OnFailure.CLOSED)

    def _redacted(self, agent: Agent, call: ToolCall, whole: Json, policy: Policy) -> Reply:
        try:
            return redaction(agent, call, whole, judge_under(self._judge, policy))
        except Exception as error:  # noqa: BLE001  a fault in the judge must not cost the record
            _log.error("an output could not be redacted: %s", type(error).__name__)
            shown = withheld(whole, UNREDACTED)
            return Reply(stdout=agent.show(shown)) if can_show(agent) else Reply()

    def _asked(
        self, said: Said, policy: Policy, reducer: Reducer, agent: Agent, heard: Heard
    ) -> Asked:
        assert said.requested is not None  # noqa: S101  the caller looked
        wire, exam = self._judged(said.requested, policy, reducer, said.prose, heard)
        decision = decision_of(wire)
        if decision not in (Decision.BLOCK, Decision.ASK):
            is_doubtful = said.requested.truncated or said.unclear
            if is_doubtful and heard is Heard.LIVE and _blocks_faults(policy):
                # what stands in the part that was cut is unknown, perhaps with intent
                return Asked(failed_closed(wire, policy), UNREAD)
            return Asked(wire)
        if exam is None:
            return Asked(wire, UNJUDGED)
        verdict, findings = exam.verdict(policy), exam.under(policy).findings
        if decision is Decision.ASK and said.can_ask and can_ask(agent):
            return Asked(wire, question=question(verdict, findings))
        approvable = is_approvable(verdict, findings, policy.approvals)
        return Asked(wire, refusal(verdict, findings), approvable=approvable)

    def _sure(self, asked: Asked, number: int | None, policy: Policy, told: Told) -> Asked:
        """Refuse a call that is not on record as the policy wants it to be."""
        is_closed = policy.on_failure is OnFailure.CLOSED
        reason = UNRECORDED if number is None else None
        if number is not None and policy.require_remote_record:
            trouble = self._await_delivery(number, _seconds_left(told))
            if trouble is not None:
                reason = unacknowledged(trouble)
                _log.warning("a request was not acknowledged in time: %s", trouble)
        if reason is None or not is_closed:
            return asked
        return Asked(failed_closed(asked.wire, policy), reason)

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
            policy, now_ns = self._policy(), time.time_ns()
            reducer = self._reducer(policy, CAPTURE_ALL)  # what they told was reduced when it came
            ends = (abandoned(call, now_ns) for call in lost)
            self._keep([self._judged(call, policy, reducer)[0] for call in ends])
            self._open.end(lost)

    def record(self, fact: Fact) -> None:
        """Record a Fact about recording itself, in which there is nothing to mask.

        Raises:
            OSError: the spool cannot be written.
        """
        self._keep([fact], live=False)

    def beat(self, now_ns: int, interval_ns: int) -> None:
        """Record the heartbeats that are due."""
        self._keep(self._sessions.heartbeats(now_ns, interval_ns))

    def _over(self, said: Said, at_ns: int) -> list[ToolCall]:
        """Calls that this event ends, with what their requests told."""
        ended = [self._open.named(call) for call in said.ended]
        news = [call for call in said.listed if not self._open.has_ended(call)]
        over = [completed(c, self._open.request_of(c)) for c in (*ended, *news)]
        if said.closes is not None:
            left = filter(self._open.claim, self._open.covered_by(said.closes))
            over += [_left_open(call, at_ns) for call in left]
        return over

    def _judged(
        self,
        call: ToolCall,
        policy: Policy,
        reducer: Reducer,
        prose: frozenset[str] = frozenset(),
        heard: Heard = Heard.LIVE,
    ) -> tuple[ToolCall, "Examination | None"]:
        """What may leave of a call, with its verdict, and what is behind that."""
        if call.reduced:  # its request, judged when all of it was there
            return call, None
        try:
            exam = judge_under(self._judge, policy).examine(call, digest_key=policy.digest_key)
            wire, verdict = reducer.reduce(exam, prose), exam.verdict(policy)
        except Exception as error:  # noqa: BLE001  a fault in the judge must not cost the record
            _log.error("the judge failed: %s", type(error).__name__)
            bare = reducer.unnamed(bare_call(call, error))
            assert isinstance(bare, ToolCall)  # noqa: S101  as its input was
            if call.phase is Phase.REQUESTED and heard is not Heard.LATE and _blocks_faults(policy):
                bare = replace(bare, client_verdict=fault_verdict(policy))
            return bare, None
        assert isinstance(wire, ToolCall)  # noqa: S101  as its input was
        judged = with_verdict(wire, verdict, heard)
        return with_rules(judged, exam.under(policy).findings) if wire.reduced else judged, exam

    def _masked(
        self, fact: Fact, policy: Policy, reducer: Reducer, prose: frozenset[str]
    ) -> Activity:
        try:
            judge = judge_under(self._judge, policy)
            return reducer.reduce(judge.examine(fact, digest_key=policy.digest_key), prose)
        except Exception as error:  # noqa: BLE001  as above
            _log.error("the judge failed: %s", type(error).__name__)
            return reducer.unnamed(replace(fact, data=fault(error)))

    def _reducer(self, policy: Policy, capture: CapturePolicy) -> Reducer:
        # without a server there is no organisation's key yet
        return Reducer(stricter(policy.capture, capture), policy.digest_key or self._key)

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


def _blocks_faults(policy: Policy) -> bool:
    is_closed = policy.on_failure is OnFailure.CLOSED
    return is_closed or (policy.threshold is not None and policy.threshold <= FAULT_LEVEL)


def _is_denied_unread(said: Said, told: Told, policy: Policy) -> bool:
    """Whether an event that names no call may be one that must not run unread."""
    is_asked = told.verb == "pre" and said.unclear and said.requested is None
    return is_asked and _blocks_faults(policy)


def _has_gone(told: Told) -> bool:
    """Whether the client has given up, as when the machine slept: then it has done it its way."""
    until_ns = told.env.get(UNTIL, "")
    return until_ns.isdigit() and int(until_ns) < time.monotonic_ns()


def _seconds_left(told: Told) -> float:
    """Until the client gives up, less what it takes to answer it."""
    until_ns = told.env.get(UNTIL, "")
    left = DEFAULT_WAIT_SECONDS
    if until_ns.isdigit():
        left = (int(until_ns) - time.monotonic_ns()) / 1e9
    return min(max(left - ANSWER_SECONDS, 0.0), MAX_WAIT_SECONDS)
