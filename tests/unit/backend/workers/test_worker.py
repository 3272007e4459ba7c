"""A worker's work: the same Events as the server itself makes, in a form that travels."""

import json
import pickle
import re

from agentaudit_backend.store.columns import COLUMNS
from agentaudit_backend.store.parts import Part, parts_of
from agentaudit_backend.workers.worker import done
from agentaudit_processor.otlp import LOGS, TRACES
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import LoggingLevel, Policy
from agentaudit_processor.receivers.decode import Media
from agentaudit_processor.receivers.judging import Work
from agentaudit_processor.sinks.forward import Outgoing
from tests.support.builders import a_tool_call
from tests.support.otlp import a_span, a_trace_request, hook_traces

POLICY = Policy(version=3, digest_key=b"k" * 32)
CALLS = [a_tool_call(call_id=str(n), arguments={"command": "cat .env"}) for n in range(3)]


def work(body: bytes, policy: Policy = POLICY) -> Work:
    return Work(signal="traces", media=Media.PROTOBUF, body=body, organization_id=7, policy=policy)


def without_chance(part: Part) -> Part:
    """All but its random keys and what is committed to with them."""
    envelope = re.sub(rb'"(hmac-sha256:|nonce":")[^"]+"', b'""', part.envelope)
    return part._replace(envelope=envelope, slot_keys=b"")


def test_it_makes_the_parts_that_the_server_would_make(judge: Judge) -> None:
    events = [judge.examine(call, digest_key=POLICY.digest_key).event(POLICY) for call in CALLS]
    expected = [without_chance(part) for part in parts_of(7, events, LoggingLevel.FULL)]

    answer = done(work(hook_traces(*CALLS).SerializeToString()), judge, None)

    assert answer is not None
    travelled = pickle.loads(pickle.dumps(answer))
    assert expected == [without_chance(part) for part in travelled.batch]
    assert (3, 0, ()) == (answer.figures.accepted, answer.figures.refused, answer.onward)


def test_it_keeps_no_more_than_the_policy_lets_it(judge: Judge) -> None:
    minimal = Policy(version=3, logging_level=LoggingLevel.MINIMAL)

    answer = done(work(hook_traces(*CALLS).SerializeToString(), minimal), judge, None)

    assert answer is not None
    assert {"Bash"} == {part.row[COLUMNS.index("summary")] for part in answer.batch}


def test_what_it_forwards_is_enriched_and_holds_the_findings_where_they_are_wanted(
    judge: Judge,
) -> None:
    body = hook_traces(*CALLS).SerializeToString()

    alone, with_findings = (
        done(work(body), judge, wanted) for wanted in (Outgoing(), Outgoing(with_detections=True))
    )

    assert alone is not None
    assert with_findings is not None
    ((name, items, told),) = alone.onward
    assert ("traces", 3) == (name, items)
    assert b"agentaudit.risk.level" in told
    assert ["traces", "logs"] == [name for name, _, _ in with_findings.onward]
    found = LOGS.request.FromString(with_findings.onward[1][2])
    assert with_findings.onward[1][1] == LOGS.count(found)


def test_refused_spans_are_counted_and_not_forwarded(judge: Judge) -> None:
    request = a_trace_request(a_span(), a_span(span_id=b"\0" * 8))

    answer = done(work(request.SerializeToString()), judge, Outgoing())

    assert answer is not None
    assert (1, 1) == (answer.figures.accepted, answer.figures.refused)
    assert "span_id" in answer.figures.message
    assert 1 == TRACES.count(TRACES.request.FromString(answer.onward[0][2]))


def test_a_body_that_is_no_request_is_left_to_the_server(judge: Judge) -> None:
    assert done(work(b"\xff" * 100), judge, None) is None


def test_a_secret_does_not_travel_on(judge: Judge) -> None:
    key = "AKIA" + "Q3EGRZ7XW5P2LKTN"
    call = a_tool_call(arguments={"command": f"export AWS_ACCESS_KEY_ID={key}"})

    answer = done(
        work(hook_traces(call).SerializeToString()), judge, Outgoing(with_detections=True)
    )

    assert answer is not None
    assert key not in json.dumps([part.slots for part in answer.batch])
    assert all(key.encode() not in told for _, _, told in answer.onward)
