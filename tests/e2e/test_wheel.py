"""The built wheel, in an environment with nothing else of ours: what a laptop gets."""

import json
from collections.abc import Iterator

import pytest

from tests.support.laptop import Laptop, a_laptop
from tests.support.relays import end_relays


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    laptop = a_laptop(tmp_path_factory.mktemp("laptop"))
    yield laptop
    end_relays(laptop.home)


def test_the_hook_tells_its_version(laptop: Laptop) -> None:
    answer = laptop.run("agentaudit-hook", "--version")

    assert 0 == answer.returncode, answer.stderr
    assert "agentaudit-hook" in answer.stdout


def test_a_pre_call_without_any_server_lets_the_agent_go_on(laptop: Laptop) -> None:
    payload = {
        "session_id": "wheel",
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": "echo hello"},
        "tool_use_id": "toolu_wheel",
        "cwd": str(laptop.home),
    }

    answer = laptop.run("agentaudit-hook", "pre", stdin=json.dumps(payload))

    assert (0, "") == (answer.returncode, answer.stdout)


def test_serve_without_its_extra_names_the_extra(laptop: Laptop) -> None:
    answer = laptop.run("agentaudit", "serve")

    assert 0 != answer.returncode
    assert "pip install 'agentic-audit[server]'" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_rules_pages_and_styles_travel_in_the_wheel(laptop: Laptop) -> None:
    packages = next((laptop.bin.parent / "lib").glob("python*/site-packages"))

    for pattern in (
        "agentaudit_processor/packs/*.yaml",
        "agentaudit_processor/frameworks/*.yaml",
        "agentaudit_backend/templates/**/*.html",
        "agentaudit_backend/static/**/*.css",
        "agentaudit_backend/store/migrations/versions/*.py",
        "agentaudit_hook/completions/*",
    ):
        assert list(packages.glob(pattern)), pattern
    assert (laptop.bin.parent / "share/man/man1/agentaudit-hook.1").exists()
