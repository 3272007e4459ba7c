"""What a worker does: a request's bytes → its judged Events, ready for the store.

It holds nothing that matters: one that dies has stored nothing and acknowledged nothing.
"""

import pickle
from functools import partial
from multiprocessing.connection import Connection

from agentaudit_backend.store.parts import parts_of
from agentaudit_backend.workers.memory import tidy
from agentaudit_processor.otlp import SIGNAL_NAMED
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.receivers.decode import decode
from agentaudit_processor.receivers.failures import Failure
from agentaudit_processor.receivers.judging import Done, Work, judge_request
from agentaudit_processor.sinks.forward import Outgoing, onward


def work_for(server: Connection, judge: Judge) -> None:
    """Answer each Work with a Done, or None where there is none, until the server closes."""
    while True:
        try:
            told = server.recv_bytes()
        except EOFError:
            return
        server.send_bytes(_answer(told, judge))
        del told
        tidy()


def _answer(told: bytes, judge: Judge) -> bytes:
    work, forwarding = pickle.loads(told)  # noqa: S301  from our own server
    return pickle.dumps(done(work, judge, forwarding), pickle.HIGHEST_PROTOCOL)


def done(work: Work, judge: Judge, forwarding: Outgoing | None) -> Done | None:
    """Do `work`; None where the request cannot be taken, for the server to say why.

    Args:
        forwarding: what is made of it before it is forwarded; None for no forwarding at all.
    """
    signal = SIGNAL_NAMED[work.signal]
    try:
        request = decode(signal, work.media, work.body)
        judged = judge_request(signal, request, judge, partial(_same, work.policy), work.share)
    except Failure:
        return None
    batch = parts_of(work.organization_id, judged.events, work.policy.logging_level)
    told = (
        onward(signal, judged.request, judged.enriched, forwarding)
        if forwarding is not None
        else ()
    )
    return Done(
        figures=judged.figures,
        batch=batch,
        onward=tuple((one.name, items, body) for one, items, body in told),
    )


def _same(policy: Policy) -> Policy:
    return policy
