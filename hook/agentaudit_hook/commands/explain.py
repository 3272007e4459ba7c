"""`explain`: what a call would be read as, what is found in it, and what the policy says to it."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from agentaudit_hook.commands.speech import CONFIGURATION, USAGE, fail, remark, say
from agentaudit_hook.settings import BadSettings, Settings, load_settings

if TYPE_CHECKING:
    from agentaudit_hook.commands.speech import Verbs
    from agentaudit_processor.explaining import Explanation
    from agentaudit_processor.model import ToolCall

_COLOURS = {"low": "32", "medium": "33", "high": "31", "critical": "1;31"}
_BOLD, _FAINT = "1", "2"


def add(verbs: "Verbs") -> None:
    """Give the verb to the parser."""
    sub = verbs.add_parser(
        "explain",
        help="tell how a command would be judged, and why",
        description="Example: agentaudit-hook explain 'rm -rf build'. Without a command: the call "
        "that was stopped here last. Nothing is run, sent or recorded. Judged by the policy that "
        "the relay fetched last, as if called now.",
    )
    sub.add_argument("command", nargs="?", metavar="COMMAND", help="`-` reads it from stdin")
    sub.add_argument("--path", metavar="FILE", help="a file that is read or, with text, written")
    sub.add_argument("--tool", metavar="NAME", help="of the agent: Bash, Read, WebFetch …")
    sub.add_argument("--json", action="store_true", help="as JSON, with stable names")
    sub.add_argument(
        "--no-color", action="store_true", default=argparse.SUPPRESS, help="plain on a terminal too"
    )
    sub.set_defaults(verb=_explain)


def _explain(chosen: argparse.Namespace) -> int:
    text = sys.stdin.read() if chosen.command == "-" else chosen.command
    stopped = _stopped() if text is None and chosen.path is None else None
    if text is None and chosen.path is None and stopped is None:
        return fail("nothing was stopped here lately; name a COMMAND, or --path FILE", USAGE)
    try:
        settings = load_settings(os.environ)
    except BadSettings as error:
        return fail(str(error), CONFIGURATION)
    # these take a while to import, which no other verb should wait for
    from agentaudit_hook.judging import load_judge  # noqa: PLC0415
    from agentaudit_hook.trying.supposed import kept_policy, supposed_call  # noqa: PLC0415
    from agentaudit_processor.explaining import explain, explanation_json  # noqa: PLC0415

    judge, problem = load_judge(settings)
    if problem:
        remark(f"agentaudit-hook: {problem}")
    call = stopped or supposed_call(
        text, chosen.path, chosen.tool, settings=settings, cwd=str(Path.cwd()), at_ns=time.time_ns()
    )
    explanation = explain(judge, kept_policy(os.environ, settings), call)
    if chosen.json:
        say(json.dumps(explanation_json(explanation)))
        return 0
    paint = _Paint(colours=_wants_colours(plain=chosen.no_color))
    if stopped is not None:
        print("\n".join(_head(stopped, settings, paint)), end="\n\n")  # noqa: T201  as below
    for line in _lines(explanation, paint):
        print(line)  # noqa: T201  every piece of it went through `_Paint`, which makes it harmless
    return 0


def _stopped() -> "ToolCall | None":
    """The call that was stopped last, by the relay's own records."""
    from agentaudit_hook.looking.watch import latest_stopped  # noqa: PLC0415
    from agentaudit_hook.places import usable_place  # noqa: PLC0415
    from agentaudit_processor.model import ToolCall  # noqa: PLC0415

    place = usable_place(dict(os.environ))
    row = latest_stopped(Path(place.state)) if place is not None else None
    return row.activity if row is not None and isinstance(row.activity, ToolCall) else None


def _head(stopped: "ToolCall", settings: Settings, paint: "_Paint") -> Iterator[str]:
    from agentaudit_hook.looking.watch import iso  # noqa: PLC0415
    from agentaudit_processor.ids import event_id_of  # noqa: PLC0415
    from agentaudit_processor.redact import one_line  # noqa: PLC0415
    from agentaudit_processor.summary import summary_of  # noqa: PLC0415

    event_id = event_id_of(stopped.session_id, stopped.call_id)
    told = one_line(f"{stopped.tool_name}: {summary_of(stopped)}", 300)
    yield f"{paint('Stopped', _BOLD)} {iso(stopped.started_ns)}  {paint(told)}"
    yield f"On record at {paint(settings.base_url.rstrip('/'))}/dashboard/events/{event_id}"


def _wants_colours(*, plain: bool) -> bool:
    return sys.stdout.isatty() and not plain and not os.environ.get("NO_COLOR")


class _Paint:
    """Makes texts harmless for a terminal, and puts colours round them if it may."""

    def __init__(self, *, colours: bool) -> None:
        from agentaudit_processor.redact import harmless  # noqa: PLC0415

        self._colours = colours
        self._harmless = harmless

    def __call__(self, text: str, code: str = "") -> str:
        shown = self._harmless(text)
        return f"\x1b[{code}m{shown}\x1b[0m" if self._colours and code else shown


def _lines(explanation: "Explanation", paint: _Paint) -> Iterator[str]:
    verdict = explanation.event.verdict
    level = verdict.risk_level.label
    yield f"{paint(level.upper(), _COLOURS[level])} risk, {paint(verdict.decision.value, _BOLD)}"
    yield from (f"  {paint(reason)}" for reason in verdict.reasons)
    yield from (f"  {paint('not looked at: ' + gap, _FAINT)}" for gap in verdict.not_covered)
    yield from _facts(explanation, paint)
    yield from _findings(explanation, paint)
    if explanation.near:
        yield f"\n{paint('Nearly matched', _BOLD)}"
    for miss in explanation.near:
        yield f"  {paint(miss.rule.id)}: {paint(miss.rule.title)}; {paint(miss.why, _FAINT)}"
    versions = f"Policy version {verdict.policy_version}, packs {verdict.packs_version}."
    yield f"\n{paint(versions, _FAINT)}"


def _facts(explanation: "Explanation", paint: _Paint) -> Iterator[str]:
    from agentaudit_processor.classify.wording import KINDS, in_words  # noqa: PLC0415

    if explanation.facts:
        yield f"\n{paint('What it does', _BOLD)}"
    for fact in explanation.facts:
        what = f" ({in_words(fact.what)})" if fact.what else ""
        yield f"  {paint(KINDS.get(fact.kind, fact.kind) + what)}: {paint(fact.text)}"
    effects = explanation.event.effects
    told = [in_words(one) for one in (effects.action_class, *sorted(effects.signals))]
    if effects.environment != "unknown":
        told.append(f"environment {effects.environment}")
    if effects.data_flow != "none":
        told.append(f"data flow {effects.data_flow}")
    yield f"  {paint('in all: ' + ', '.join(told), _FAINT)}"


def _findings(explanation: "Explanation", paint: _Paint) -> Iterator[str]:
    if explanation.event.findings:
        yield f"\n{paint('What was found', _BOLD)}"
    for finding in explanation.event.findings:
        level = finding.severity.label
        head = f"{paint(level, _COLOURS[level])} {paint(finding.title, _BOLD)}"
        yield f"  {head} {paint(f'[{finding.rule_id}]', _FAINT)}"
        yield f"    {paint(f'in {finding.where}: {finding.excerpt}')}"
        yield f"    {paint(finding.explanation)}"
        yield f"    {paint('Instead: ' + finding.advice)}"
        if finding.tags:
            yield f"    {paint(', '.join(finding.tags), _FAINT)}"
