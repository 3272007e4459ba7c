"""The one line of an Activity in lists."""

from agentaudit_processor.model import Action
from agentaudit_processor.summary import MAX_CHARS, summary_of
from tests.support.builders import a_fact, a_tool_call


def test_a_command_is_its_own_summary() -> None:
    assert "echo hello" == summary_of(a_tool_call())


def test_a_file_in_the_working_directory_is_shown_relative_to_it() -> None:
    call = a_tool_call(
        "Read", action=Action.FILE_READ, arguments={"file_path": "/home/alice/project/README.md"}
    )

    assert "README.md" == summary_of(call)


def test_a_facts_summary_leaves_out_where_it_came_from() -> None:
    fact = a_fact(data={"source": "startup", "transcript_path": "/home/alice/.claude/x.jsonl"})

    assert "SessionStart source=startup" == summary_of(fact)


def test_a_facts_summary_says_its_name_once_and_no_digest() -> None:
    told = {"prompt_length": 80, "prompt_digest": "ac93" * 16, "hook_event_name": "SessionStart"}

    assert "SessionStart prompt_length=80" == summary_of(a_fact(data=told))


def test_a_summary_is_one_short_line_however_hostile_the_text() -> None:
    call = a_tool_call(arguments={"command": "a\n\x1b[31m\u202e" * 500})

    line = summary_of(call)

    assert len(line) <= MAX_CHARS
    assert not set("\n\x1b\u202e") & set(line)
