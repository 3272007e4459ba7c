"""What leaves the machine: each switch does what its name says, and the record says that it did."""

from pathlib import Path
from typing import Any

import pytest

from agentaudit_hook.agents.shape import CAPTURE_ALL as ALL
from agentaudit_hook.relay.capture import Reducer, stricter
from agentaudit_processor.model import Action, Activity, EventKind, Fact, ToolCall
from agentaudit_processor.pipeline import Judge
from agentaudit_processor.policy import Capture, CapturePolicy, Naming
from tests.support.builders import a_fact, a_request, a_tool_call, an_actor

KEY = b"k" * 32
CARD = "4111 1111 1111 1111"
PROSE = frozenset(("prompt",))


def reduced(judge: Judge, activity: Activity, key: bytes = KEY, **capture: Any) -> Any:
    policy = CapturePolicy(**{"prompts": Capture.FULL} | capture)
    exam = judge.examine(activity, digest_key=key)
    return Reducer(policy, key).reduce(exam, PROSE)


def a_card_call(**fields: Any) -> ToolCall:
    told = {"arguments": {"command": f"pay {CARD}"}, "result": {"stdout": f"paid {CARD}"}}
    return a_tool_call(**told | fields)


def test_by_default_all_but_secrets_and_prompts_is_sent(judge: Judge) -> None:
    call = reduced(judge, a_card_call())

    assert call == a_card_call()
    assert () == call.reduced


def test_masked_masks_personal_data_and_keeps_the_rest(judge: Judge) -> None:
    call = reduced(judge, a_card_call(), arguments=Capture.MASKED)

    assert "pay •••• 1111" == call.arguments["command"]
    assert {"stdout": f"paid {CARD}"} == call.result
    assert ("arguments: masked",) == call.reduced


@pytest.mark.parametrize("name", ["arguments", "results"])
def test_hash_leaves_a_keyed_digest_and_the_length(judge: Judge, name: str) -> None:
    field = "result" if name == "results" else name
    one = reduced(judge, a_card_call(), **{name: Capture.HASH})
    same = reduced(judge, a_card_call(call_id="another"), **{name: Capture.HASH})
    other = reduced(judge, a_card_call(), key=b"o" * 32, **{name: Capture.HASH})

    assert {"digest", "length"} == set(getattr(one, field))
    assert getattr(one, field) == getattr(same, field)
    assert getattr(one, field) != getattr(other, field)
    assert (f"{name}: hash",) == one.reduced


def test_off_leaves_nothing_of_it(judge: Judge) -> None:
    call = a_card_call(error_message=f"no such card {CARD}")

    off = reduced(judge, call, arguments=Capture.OFF, results=Capture.OFF)

    assert ({}, None, None) == (off.arguments, off.result, off.error_message)
    assert ("arguments: off", "results: off") == off.reduced
    assert CARD not in repr(off)


def test_our_own_refusal_quotes_no_arguments_that_are_kept_back(judge: Judge) -> None:
    call = a_tool_call(error_type="policy_block", error_message="Blocked: it runs pay 4111")

    assert reduced(judge, call, results=Capture.OFF).error_message
    assert reduced(judge, call, arguments=Capture.HASH).error_message is None


# --- prompts ------------------------------------------------------------------------------------


def a_prompt(**data: Any) -> Fact:
    told = {"prompt": f"Refund {CARD}", "hook_event_name": "UserPromptSubmit"} | data
    return a_fact(kind=EventKind.PROMPT, action=Action.USER_PROMPT, data=told)


def test_prompts_are_length_and_keyed_digest_unless_the_policy_wants_them(judge: Judge) -> None:
    default = CapturePolicy().prompts

    fact = reduced(judge, a_prompt(), prompts=default)
    again = reduced(judge, a_prompt(), prompts=default)
    elsewhere = reduced(judge, a_prompt(), key=b"o" * 32, prompts=default)

    assert {"prompt_length", "prompt_digest", "hook_event_name"} == set(fact.data)
    assert len(f"Refund {CARD}") == fact.data["prompt_length"]
    assert fact.data == again.data
    assert fact.data["prompt_digest"] != elsewhere.data["prompt_digest"]
    assert ("prompts: hash",) == fact.reduced


@pytest.mark.parametrize(
    ("how", "data"),
    [
        (Capture.FULL, {"prompt": f"Refund {CARD}"}),
        (Capture.MASKED, {"prompt": "Refund •••• 1111"}),
        (Capture.OFF, {"prompt_length": len(f"Refund {CARD}")}),
    ],
)
def test_prompts_follow_the_switch(judge: Judge, how: Capture, data: dict[str, Any]) -> None:
    fact = reduced(judge, a_prompt(), prompts=how)

    assert data | {"hook_event_name": "UserPromptSubmit"} == fact.data


def test_a_permission_request_repeats_no_arguments_that_are_kept_back(judge: Judge) -> None:
    fact = a_fact(data={"tool_name": "Bash", "tool_input": {"command": f"pay {CARD}"}})

    kept = reduced(judge, fact, arguments=Capture.OFF)

    assert {"tool_name": "Bash", "tool_input": None} == kept.data
    assert ("arguments: off",) == kept.reduced


# --- never ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("*.pem", "/srv/tls/server.pem"),
        (".env", "/home/alice/project/.env"),
        ("/home/alice/project/.env", ".env"),
        ("~/.ssh/*", f"{Path.home()}/.ssh/id_ed25519"),
    ],
)
def test_of_a_forbidden_file_its_name_alone_is_sent(judge: Judge, glob: str, path: str) -> None:
    call = a_tool_call(
        tool="Write",
        action=Action.FILE_WRITE,
        arguments={"file_path": path, "content": "inside"},
        result={"originalFile": "inside"},
    )

    kept = reduced(judge, call, never_paths=(glob,))
    other = reduced(judge, call, never_paths=("*.xyz",))

    assert {"file_path": path} == kept.arguments
    assert kept.result is None
    assert "inside" not in repr(kept)
    assert "never_paths" in kept.reduced
    assert call == other


def test_a_command_that_reads_a_forbidden_file_is_not_sent_either(judge: Judge) -> None:
    call = a_tool_call(arguments={"command": "cat ~/.aws/credentials | head"}, result="inside")

    kept = reduced(judge, call, never_paths=("*/.aws/*",))

    assert ({}, None) == (kept.arguments, kept.result)


@pytest.mark.parametrize(
    "command",
    [
        "vault read x",
        "cd /srv && vault read x",
        "a;vault read x",
        "sudo vault read x",
        "/usr/bin/vault read x",
        "VAULT_ADDR=http://vault timeout 5 vault read x",
        "echo $(vault read x)",
        "bash -c 'vault read x'",
        "ls | xargs vault read",
        "v=vault; $v read x",
    ],
)
def test_of_a_forbidden_command_neither_text_nor_output_is_sent(judge: Judge, command: str) -> None:
    call = a_tool_call(arguments={"command": command}, result={"stdout": "inside"})

    kept = reduced(judge, call, never_commands=("vault *",))

    assert ({}, None) == (kept.arguments, kept.result)
    assert ("arguments: off", "results: off", "never_commands") == kept.reduced


def test_a_permission_to_run_a_forbidden_command_does_not_tell_it(judge: Judge) -> None:
    fact = a_fact(data={"tool_name": "Bash", "tool_input": {"command": "vault read x"}})
    unread = a_fact(data={"reason": "invalid JSON", "head": '{"command": "vault read x'})

    told, torn = (reduced(judge, one, never_commands=("vault *",)) for one in (fact, unread))

    assert {"tool_name": "Bash", "tool_input": None} == told.data
    assert ("arguments: off", "never_commands") == told.reduced
    assert "vault" not in repr(torn)


def test_a_forbidden_files_name_is_kept_back_too_where_arguments_are(judge: Judge) -> None:
    call = a_tool_call(arguments={"file_path": "/srv/x.pem", "content": "inside"}, result="inside")

    kept = reduced(judge, call, never_paths=("*.pem",), arguments=Capture.HASH)

    assert "x.pem" not in repr(kept)


# --- who ----------------------------------------------------------------------------------------


def test_a_user_is_named_as_the_policy_wants(judge: Judge) -> None:
    actor = an_actor(user_id="a-17")

    name = reduced(judge, a_request(actor=actor), user=Naming.NAME).actor
    pseudonym = reduced(judge, a_request(actor=actor), user=Naming.HASH)
    again = reduced(judge, a_fact(actor=actor), user=Naming.HASH).actor

    assert ("alice", None, None) == (name.user_name, name.user_email, name.user_id)
    assert "alice" not in repr(pseudonym.actor)
    assert "lap-7" not in repr(pseudonym.actor)
    assert again == pseudonym.actor
    assert again.label.startswith("user-")
    assert ("user: hash",) == pseudonym.reduced


def test_a_pseudonyms_home_folder_does_not_name_its_user(judge: Judge) -> None:
    home = str(Path.home())
    call = a_request(cwd=f"{home}/project", extra={"transcript_path": f"{home}/.claude/x.jsonl"})

    kept = reduced(judge, call, user=Naming.HASH)

    assert "~/project" == kept.cwd
    assert {"transcript_path": "~/.claude/x.jsonl"} == kept.extra


# --- whose word counts --------------------------------------------------------------------------


def test_of_policy_and_machine_the_stricter_counts() -> None:
    policy = CapturePolicy(arguments=Capture.HASH, never_paths=("a",), user=Naming.NAME)
    machine = CapturePolicy(
        arguments=Capture.MASKED, results=Capture.OFF, never_paths=("b", "a"), user=Naming.EMAIL
    )

    both = stricter(policy, machine)

    assert both == stricter(policy, both)
    assert (Capture.HASH, Capture.OFF) == (both.arguments, both.results)
    assert (("a", "b"), Naming.NAME) == (both.never_paths, both.user)
    assert policy == stricter(policy, ALL)
