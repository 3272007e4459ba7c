"""What leaves of a hook event under a capture policy, without a relay around it."""

from agentaudit_hook.agents.shape import Heard
from agentaudit_hook.relay.capture import Reducer
from agentaudit_processor.model import Activity
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import CapturePolicy

_KEY = b"k" * 32


def sent(judge: Judge, heard: Heard, capture: CapturePolicy | None = None) -> list[Activity]:
    """Everything that the event tells, in the form that is spooled."""
    told: list[Activity] = [*heard.ended, *heard.listed, *heard.facts]
    told += [heard.requested] if heard.requested else []
    reducer = Reducer(capture or CapturePolicy(), _KEY)
    return [reducer.reduce(judge.examine(one, digest_key=_KEY), heard.prose) for one in told]
