"""Every recorded payload of every agent through the capture switches."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentaudit_hook.agents import claude_code
from agentaudit_hook.agents.shape import Heard, Told
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Capture, CapturePolicy, Naming
from tests.support.agents import RECORDINGS
from tests.support.builders import NOON_NS
from tests.support.hook import PAYLOADS
from tests.support.sent import sent

NOTHING = CapturePolicy(
    arguments=Capture.OFF, results=Capture.OFF, prompts=Capture.OFF, user=Naming.HASH
)
PROSE = ("prompt", "prompt_response", "last_assistant_message", "initialPrompt", "delta")
CONTENT = ("tool_input", "tool_response", "toolArgs", "toolResult", "tool_calls", "error", *PROSE)


def _claude(path: Path) -> Heard:
    body = path.read_bytes()
    told = Told(verb="event", body=body, at_ns=NOON_NS, cwd="/", env={}, user_email="a@b.example")
    return claude_code.parse(told)


def _recorded() -> Iterator[object]:
    for path in sorted(PAYLOADS.glob("[A-Z]*.json")):
        yield pytest.param(json.loads(path.read_text()), _claude(path), id=path.stem)
    for recording in RECORDINGS:
        for name in recording.order:
            told = recording.payload(name)
            yield pytest.param(told, recording.hear(name), id=f"{recording.agent}-{name}")


RECORDED = list(_recorded())


@pytest.mark.parametrize(("told", "heard"), RECORDED)
def test_by_default_nothing_leaves_of_what_people_and_models_said(
    judge: Judge, told: dict[str, object], heard: Heard
) -> None:
    said = [str(told[name]) for name in PROSE if told.get(name)]

    known = repr(sent(judge, heard))

    assert [] == [text for text in said if len(text) > 4 and repr(text)[1:-1] in known]


@pytest.mark.parametrize(("told", "heard"), RECORDED)
def test_with_everything_off_no_content_leaves(
    judge: Judge, told: dict[str, object], heard: Heard
) -> None:
    plain = {str(value) for name, value in told.items() if name not in CONTENT}
    content = {text for name in CONTENT if name in told for text in _texts(told[name])}

    known = repr(sent(judge, heard, NOTHING))

    # a short word, or one that a field of no content holds too, may stand there by itself
    telling = {t for t in content if len(t) > 12 and " " in t and not any(t in p for p in plain)}
    assert set() == {text for text in telling if repr(text)[1:-1] in known}
    assert "a@b.example" not in known


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    children = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for child in children:  # type: ignore[attr-defined]
            yield from _texts(child)
