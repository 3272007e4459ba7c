"""A disk that is really full: a small tmpfs holds the home of the hook."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agentaudit_processor.model import EventKind, Fact, Phase
from tests.support.hook import HookHome, HookServer, a_hook_home, payload
from tests.support.small_disk import a_small_disk

SIZE = "6m"
CALLS = 30
OUTPUT = "x" * 400_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own; skipped where a test may not mount one."""
    with a_small_disk(tmp_path, SIZE) as disk:
        yield disk.folder


@pytest.fixture
def hook(server: HookServer, disk: Path) -> Iterator[HookHome]:
    # what is kept for the next start would fill the disk by itself
    with a_hook_home(disk, server.url, more={"XDG_CACHE_HOME": "/dev/null/none"}) as hook:
        yield hook


def test_results_go_before_requests_and_what_went_is_told(
    server: HookServer, hook: HookHome
) -> None:
    hook.tell("session-start", payload("SessionStart-startup"))
    hook.flush()
    server.stop()
    for number in range(CALLS):
        asked = {"tool_use_id": f"toolu_{number}"}
        hook.tell("pre", payload("PreToolUse-Bash", **asked))
        hook.tell("post", payload("PostToolUse-Bash", tool_response=OUTPUT, **asked))
    server.start()

    hook.flush()

    calls = server.calls()
    requested = {call.call_id for call in calls if call.phase is Phase.REQUESTED}
    ended = {call.call_id for call in calls if call.phase is Phase.ENDED}
    facts = [event.activity for event in server.events() if isinstance(event.activity, Fact)]
    gaps = [fact for fact in facts if fact.kind is EventKind.GAP]
    told = sum(int(str(gap.data["results"])) for gap in gaps)
    assert {f"toolu_{number}" for number in range(CALLS)} == requested
    assert 0 < len(ended) < CALLS
    assert CALLS - len(ended) == told


def test_a_disk_full_of_what_is_not_ours_costs_records_and_never_a_call(
    server: HookServer, hook: HookHome
) -> None:
    hook.tell("session-start", payload("SessionStart-startup"))
    hook.flush()
    _fill(hook.home / "ballast")

    answers = [hook.tell("pre", payload("PreToolUse-Bash", tool_use_id=f"t{n}")) for n in range(3)]
    (hook.home / "ballast").unlink()
    hook.tell("pre", payload("PreToolUse-Bash", tool_use_id="toolu_after"))
    hook.flush()

    assert [b""] * 3 == [answer.stdout for answer in answers]
    assert "toolu_after" in {call.call_id for call in server.calls()}


def _fill(path: Path) -> None:
    """Write until nothing more is taken; a page that others free meanwhile is taken as well."""
    with suppress(OSError), path.open("ab", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))
