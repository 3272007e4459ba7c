"""`classify`: judge many texts, one JSON object a line in, one a line out."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agentaudit_hook.commands.speech import CONFIGURATION, FAILED, USAGE, fail, remark
from agentaudit_hook.settings import BadSettings, Settings, load_settings

if TYPE_CHECKING:
    from agentaudit_hook.commands.speech import Verbs

KINDS = ("shell", "text", "file")
_TOOLS = {"shell": "Bash", "text": "run_code", "file": "Write"}


def add(verbs: "Verbs") -> None:
    """Give the verb to the parser."""
    sub = verbs.add_parser(
        "classify",
        help="judge texts from stdin, one JSON object a line",
        description="Example: agentaudit-hook classify --jsonl < calls.jsonl. In: {id, kind: "
        "shell|text|file, input, path?}. Out: {id, risk_level, pii, secrets}, and {id, error} for "
        "a line that is none of these; then the exit code is 1. Packs alone decide, no policy.",
    )
    sub.add_argument("--jsonl", action="store_true", required=True, help="the form of both sides")
    sub.add_argument("--rules", action="store_true", help="also the ids of the rules")
    sub.set_defaults(verb=_classify)


def _classify(chosen: argparse.Namespace) -> int:
    if sys.stdin.isatty():
        return fail("it reads JSON lines from stdin; give it a file or a pipe", USAGE)
    try:
        answer = _answerer(load_settings(os.environ), rules=chosen.rules)
    except BadSettings as error:
        return fail(str(error), CONFIGURATION)
    code = 0
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        told = answer(line)
        code = FAILED if "error" in told else code
        print(json.dumps(told), flush=True)  # noqa: T201  ASCII alone
    return code


def _answerer(settings: Settings, *, rules: bool) -> Callable[[bytes], dict[str, Any]]:
    from agentaudit_hook.judging import load_judge  # noqa: PLC0415  slow, and for this verb alone
    from agentaudit_hook.trying.supposed import supposed_call  # noqa: PLC0415

    judge, problem = load_judge(settings)
    if problem:
        remark(f"agentaudit-hook: {problem}")

    def answer(line: bytes) -> dict[str, Any]:
        try:
            record = _record(line)
        except ValueError as error:
            return {"id": _id(line), "error": str(error)}
        kind = record["kind"]
        path = record.get("path", "input.txt") if kind == "file" else None
        call = supposed_call(
            record["input"], path, _TOOLS[kind], settings=settings, cwd=None, at_ns=0
        )
        exam = judge.examine(call)
        told = {
            "id": record["id"],
            "risk_level": exam.risk_level.label,
            "pii": sorted({f.pii for f in exam.findings if f.pii}),
            "secrets": sorted({f.secret for f in exam.findings if f.secret}),
        }
        return told | {"rules": sorted({f.rule_id for f in exam.findings})} if rules else told

    return answer


def _record(line: bytes) -> dict[str, Any]:
    """The object on a line.

    Raises:
        ValueError: it is none, or a field is missing or of another kind; the text says which.
    """
    try:
        record = json.loads(line)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(record, dict):
        raise ValueError("expected a JSON object")
    if "id" not in record:
        raise ValueError("id: is missing")
    if record.get("kind") not in KINDS:
        raise ValueError(f"kind: expected {', '.join(KINDS)}")
    for field in ("input", "path"):
        if not isinstance(record.get(field, "" if field == "path" else None), str):
            raise ValueError(f"{field}: expected a text")
    return record


def _id(line: bytes) -> Any:
    try:
        return json.loads(line)["id"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return None
