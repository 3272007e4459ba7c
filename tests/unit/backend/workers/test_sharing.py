"""A request that several workers judge is answered as if one had."""

from dataclasses import replace

from agentaudit_backend.workers.sharing import WORTH_SHARING, most_shares, shares_of, united
from agentaudit_backend.workers.worker import done
from agentaudit_processor.otlp import TRACES
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Policy
from agentaudit_processor.receivers.decode import Media
from agentaudit_processor.receivers.judging import Work
from agentaudit_processor.sinks.forward import Outgoing
from tests.support.builders import a_tool_call
from tests.support.otlp import hook_traces

COMMANDS = ("cat .env", "ls -la", "rm -rf /", "echo hello", "pytest -q")
CALLS = [a_tool_call(call_id=str(n), arguments={"command": c}) for n, c in enumerate(COMMANDS)]
WORK = Work(
    signal="traces",
    media=Media.PROTOBUF,
    body=hook_traces(*CALLS).SerializeToString(),
    organization_id=7,
    policy=Policy(version=3, digest_key=b"k" * 32),
)


def test_several_answers_are_united_in_the_order_of_the_request(judge: Judge) -> None:
    whole = done(WORK, judge, Outgoing())

    shared = united([done(share, judge, Outgoing()) for share in shares_of(WORK, 2)])

    assert whole is not None
    assert shared is not None
    assert [part.key for part in whole.batch] == [part.key for part in shared.batch]
    assert [part.row for part in whole.batch] == [part.row for part in shared.batch]
    assert replace(whole.figures, judging_s=0) == replace(shared.figures, judging_s=0)
    sent = [TRACES.request.FromString(body) for _, _, body in shared.onward]
    assert [2, 3] == [TRACES.count(one) for one in sent]
    assert [2, 3] == [items for _, items, _ in shared.onward]


def test_a_warning_that_each_gives_is_given_once(judge: Judge) -> None:
    century_ns = 100 * 365 * 86_400 * 1_000_000_000
    late = [replace(call, started_ns=call.started_ns + century_ns) for call in CALLS]
    work = replace(WORK, body=hook_traces(*late).SerializeToString())
    whole = done(work, judge, None)

    shared = united([done(share, judge, None) for share in shares_of(work, 2)])

    assert whole is not None
    assert shared is not None
    assert 1 == shared.figures.message.count("the sender's clock is ahead")
    assert whole.figures.message == shared.figures.message


def test_without_an_answer_to_one_share_there_is_none_to_the_whole(judge: Judge) -> None:
    answer = done(WORK, judge, None)

    assert united([answer, None]) is None
    assert answer is united([answer])


def test_a_request_is_shared_among_as_many_as_it_is_worth() -> None:
    small, large = replace(WORK, body=b""), replace(WORK, body=bytes(3 * WORTH_SHARING + 1))

    assert (1, 3) == (most_shares(small), most_shares(large))
