"""`agentaudit policy`: show the policy as a document; check, compare and apply another."""

import argparse
import getpass
import json
import sys
import time
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

from agentaudit_backend.commands.console import (
    CONFIGURATION,
    FAILED,
    fail,
    remark,
    say,
    say_json,
    with_store,
)
from agentaudit_backend.commands.options import STORE, add_json, add_settings
from agentaudit_backend.settings import Settings

if TYPE_CHECKING:  # what these import takes a second, and `--help` needs none of it
    from agentaudit_backend.store.store import Store
    from agentaudit_processor.model import Verdict
    from agentaudit_processor.pipeline import Judge
    from agentaudit_processor.policy import Policy


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Give the verbs to the parser."""
    policy = verbs.add_parser(
        "policy",
        help="show, check, compare and apply the policy",
        description="Example: agentaudit policy show > policy.yaml.",
    )
    kinds = policy.add_subparsers(required=True, metavar="VERB")
    show = kinds.add_parser(
        "show",
        help="print the policy in force as a document",
        description="Example: agentaudit policy show > policy.yaml.",
    )
    show.add_argument("--json", action="store_true", help="as JSON, not YAML")
    show.set_defaults(command=_show)
    test = kinds.add_parser(
        "test",
        help="check a document, and try a command under it",
        description="Example: agentaudit policy test policy.yaml --command 'rm -rf build'.",
    )
    test.set_defaults(command=_test)
    diff = kinds.add_parser(
        "diff",
        help="what a document would change; exit code 1 if anything",
        description="Example: agentaudit policy diff policy.yaml.",
    )
    diff.set_defaults(command=_diff)
    apply = kinds.add_parser(
        "apply",
        help="put a document in force",
        description="Example: agentaudit policy apply policy.yaml --note 'as agreed'.",
    )
    apply.set_defaults(command=_apply)
    for verb in (test, diff, apply):
        verb.add_argument("file", type=Path, metavar="FILE", help="YAML or JSON (docs/policy.md)")
    test.add_argument("--command", dest="tried", metavar="COMMAND", help="a shell command to judge")
    apply.add_argument("--note", required=True, help="why; kept with the version")
    apply.add_argument("--yes", action="store_true", help="do not ask")
    for verb in (test, diff):
        add_json(verb)
    for verb in (show, test, diff, apply):
        add_settings(verb, (*STORE, "packs_dir"))


def _show(settings: Settings, chosen: argparse.Namespace) -> int:
    from agentaudit_processor.policy_document import to_document  # noqa: PLC0415

    def show(store: "Store") -> int:
        policy = store.policy(store.default_organization())
        if chosen.json:
            say(json.dumps({"version": policy.version, **to_document(policy)}, indent=2))
        else:
            say(f"# Version {policy.version}, in force.\n{_yaml(policy)}".rstrip())
        return 0

    return with_store(settings, show)


def _test(settings: Settings, chosen: argparse.Namespace) -> int:
    from agentaudit_backend.judging import load_judge  # noqa: PLC0415

    judge = load_judge(settings)
    policy = _read(chosen.file, judge)
    if policy is None:
        return CONFIGURATION
    remark(f"{chosen.file} can be applied")
    verdict = None if chosen.tried is None else _tried(judge, policy, chosen.tried)
    if chosen.json:
        say_json(usable=True, verdict=verdict and _plain(verdict))
    elif verdict is not None:
        say(_told(verdict))
    return 0


def _diff(settings: Settings, chosen: argparse.Namespace) -> int:
    from agentaudit_backend.judging import load_judge  # noqa: PLC0415

    policy = _read(chosen.file, load_judge(settings))
    if policy is None:
        return CONFIGURATION

    def compare(store: "Store") -> int:
        lines = _changes(store.policy(store.default_organization()), policy, chosen.file)
        if chosen.json:
            say_json(differs=bool(lines), diff=lines)
        else:
            for line in lines:
                say(line)
        return FAILED if lines else 0

    return with_store(settings, compare)


def _apply(settings: Settings, chosen: argparse.Namespace) -> int:
    from agentaudit_backend.judging import load_judge  # noqa: PLC0415

    judge = load_judge(settings)
    policy = _read(chosen.file, judge)
    if policy is None:
        return CONFIGURATION

    def put(store: "Store") -> int:
        organization_id = store.default_organization()
        lines = _changes(store.policy(organization_id), policy, chosen.file)
        for line in lines:
            say(line)
        if not lines:
            remark("The policy in force says the same; nothing to do.")
            return 0
        if not chosen.yes and not _confirmed("Put it in force?"):
            remark("Nothing was changed. --yes does it without asking.")
            return FAILED
        saved = _put(store, organization_id, policy, judge, chosen.note)
        remark(f"Version {saved.version} is in force; hooks follow within a minute.")
        return 0

    return with_store(settings, put)


def _put(
    store: "Store", organization_id: int, policy: "Policy", judge: "Judge", note: str
) -> "Policy":
    from dataclasses import replace  # noqa: PLC0415

    from agentaudit_backend.recording import policy_recorder  # noqa: PLC0415

    author = f"agentaudit policy apply, {getpass.getuser()}"

    def change(before: "Policy") -> "Policy":
        return replace(policy, version=before.version, digest_key=before.digest_key)

    record = policy_recorder(judge, author=author, note=note)
    return store.change_policy(organization_id, change, record, author=author, note=note)


def _read(path: Path, judge: "Judge") -> "Policy | None":
    """The Policy of a file; None if it is not right, which is told on stderr."""
    import yaml  # noqa: PLC0415

    from agentaudit_processor.policy import Policy  # noqa: PLC0415
    from agentaudit_processor.policy_draft import read_draft  # noqa: PLC0415
    from agentaudit_processor.policy_lines import lines_of  # noqa: PLC0415
    from agentaudit_processor.policy_values import PolicyError  # noqa: PLC0415

    try:
        text = path.read_text(encoding="utf-8")
        return read_draft(yaml.safe_load(text) or {}, judge, Policy())
    except OSError as error:
        fail(f"{path} cannot be read: {(error.strerror or str(error)).lower()}")
    except PolicyError as wrong:
        for line, each in zip(lines_of(text, wrong.every), wrong.every, strict=True):
            fail(f"{path}:{line}: {each}" if line else f"{path}: {each}")
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        fail(f"{path}: {error}")
    return None


def _tried(judge: "Judge", policy: "Policy", command: str) -> "Verdict":
    from agentaudit_processor.classify.rules import Example  # noqa: PLC0415
    from agentaudit_processor.own_judge import judge_under  # noqa: PLC0415
    from agentaudit_processor.rule_examples import requested_call_of  # noqa: PLC0415

    call = requested_call_of(
        Example(name="tried", matches=True, call={"command": command}), at_ns=time.time_ns()
    )
    return judge_under(judge, policy).examine(call).verdict(policy)


def _plain(verdict: "Verdict") -> dict[str, object]:
    return {
        "risk_level": verdict.risk_level.label,
        "decision": verdict.decision.value,
        "reasons": list(verdict.reasons),
    }


def _told(verdict: "Verdict") -> str:
    from agentaudit_processor.redact import harmless  # noqa: PLC0415

    reasons = "".join(f"\n  {harmless(reason)}" for reason in verdict.reasons)
    return f"{verdict.risk_level.label} risk, {verdict.decision.value}{reasons}"


def _changes(before: "Policy", after: "Policy", path: Path) -> list[str]:
    old, new = _yaml(before).splitlines(), _yaml(after).splitlines()
    names = f"version {before.version}", str(path)
    return list(unified_diff(old, new, *names, lineterm=""))


def _yaml(policy: "Policy") -> str:
    from agentaudit_processor.policy_yaml import policy_yaml  # noqa: PLC0415

    return policy_yaml(policy)


def _confirmed(question: str) -> bool:
    return sys.stdin.isatty() and input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
