"""`test`: what the hook would say to a call, and why, without running or recording it."""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agentaudit_hook.commands.flush import deliver
from agentaudit_hook.commands.speech import CONFIGURATION, FAILED, GLYPHS, fail, remark, say
from agentaudit_hook.installing.clients import CLAUDE_CODE, CLIENTS
from agentaudit_hook.installing.entries import hook_command
from agentaudit_hook.places import usable_place
from agentaudit_hook.settings import BadSettings, Settings, load_settings
from agentaudit_hook.trying.samples import sample_end, sample_request

if TYPE_CHECKING:
    from agentaudit_hook.commands.speech import GLYPHS, Verbs
    from agentaudit_hook.trying.trial import Outcome, Sample

HOOK_SECONDS = 15.0
DELIVERY_SECONDS = 15.0


def add(verbs: "Verbs") -> None:
    """Give the verb to the parser."""
    sub = verbs.add_parser(
        "test",
        help="show what the hook would say to a sample call",
        description="Example: agentaudit-hook test. Judges a sample call as the relay would, under "
        "the policy last fetched, and shows what was found and what the agent would be told. "
        "Nothing is run, and nothing recorded unless --send says so.",
    )
    sub.add_argument(
        "event",
        nargs="?",
        default="pre",
        metavar="pre|FILE",
        help="a sample of our own, or a file with what an agent gave its hook; - is stdin",
    )
    sub.add_argument("--client", choices=CLIENTS, help="whose event; default: by its shape")
    sub.add_argument(
        "--send", action="store_true", help="send it the whole way, as a call of a test session"
    )
    sub.set_defaults(verb=_test)


def _test(chosen: argparse.Namespace) -> int:
    from agentaudit_hook.trying.trial import try_event  # noqa: PLC0415  the judge takes its time

    place = usable_place(os.environ)
    if place is None:
        return fail("no state folder can be written; set XDG_STATE_HOME")
    try:
        settings = load_settings(os.environ)
        sample = _sample(chosen)
    except BadSettings as error:
        return fail(str(error), CONFIGURATION)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return fail(f"{chosen.event} cannot be read: {reason}", CONFIGURATION)
    outcome = try_event(sample, settings, place)
    _show(outcome, CLIENTS[chosen.client or CLAUDE_CODE.name].title)
    return _sent(sample, outcome, settings, is_own=chosen.event == "pre") if chosen.send else 0


def _sample(chosen: argparse.Namespace) -> "Sample":
    from agentaudit_hook.trying.trial import Sample  # noqa: PLC0415

    if chosen.event == "pre":
        client = chosen.client or CLAUDE_CODE.name
        body = sample_request(client, str(Path.cwd()))
    else:
        client = chosen.client or ""
        file = sys.stdin.buffer if chosen.event == "-" else None
        body = file.read() if file else Path(chosen.event).read_bytes()
    argument = f"--agent {client}" if client else ""
    return Sample(verb="pre", argument=argument, body=body)


def _show(outcome: "Outcome", agent: str) -> None:
    say(f"Event      {outcome.event_name}")
    if outcome.verdict is None:
        say("It asks for no call: it is recorded, and never stopped.")
        return
    verdict = outcome.verdict
    level = verdict.risk_level.label
    say(f"Call       {outcome.summary}")
    say(f"Risk       {GLYPHS.get(level, '')} {level}")
    for finding in outcome.findings:
        glyph = GLYPHS.get(finding.severity.label, "")
        say(f"Finding    {glyph} {finding.rule_id}: {finding.title}")
        say(f"           in {finding.where}: {finding.excerpt}")
        say(f"           {finding.advice}")
    if not outcome.findings:
        say("Finding    none")
    mode = f"blocks from {verdict.threshold.label}" if verdict.threshold else "blocks nothing"
    say(f"Decision   {verdict.decision} (policy version {verdict.policy_version}, {mode})")
    for reason in verdict.reasons:
        say(f"           {reason}")
    told = outcome.answer.decode("utf-8", "replace").strip()
    say(f"{agent} would read: {told}" if told else f"{agent} would be told nothing, and run it.")


def _sent(sample: "Sample", outcome: "Outcome", settings: Settings, *, is_own: bool) -> int:
    """Send the event through the installed program, and say what the server made of it."""
    from agentaudit_hook.asking import ask_server  # noqa: PLC0415

    place = usable_place(os.environ)
    assert place is not None  # noqa: S101  looked at before
    code = _run(sample.verb, sample.argument, sample.body)
    if not code and is_own and sample.argument == f"--agent {CLAUDE_CODE.name}":
        code = _run("post", sample.argument, sample_end(sample.body))
    code = code or deliver(place, DELIVERY_SECONDS)
    if code or not outcome.event_id:
        return code
    stored = ask_server(settings, f"/v1/hook/events/{outcome.event_id}")
    if not isinstance(stored.told, dict):
        return fail(f"it was sent, and the server does not say that it is stored. {stored.trouble}")
    verdict = f"{stored.told['risk_level']}, {stored.told['decision']}"
    remark(f"Stored as {outcome.event_id}: {verdict}")
    return 0


def _run(verb: str, argument: str, body: bytes) -> int:
    try:
        done = subprocess.run(  # noqa: S603  our own program
            [hook_command(), verb, *argument.split()],
            input=body,
            capture_output=True,
            timeout=HOOK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return fail(f"{hook_command()} cannot be run: {error}")
    return FAILED if done.returncode else 0
