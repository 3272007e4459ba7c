"""Writes docs/controls.md: every control, what it asks, and which cannot be met today, and why."""

from collections.abc import Iterator, Mapping
from typing import Any

from agentaudit_processor.classify.blind_controls import BlindControl, blind_controls
from agentaudit_processor.classify.packs import load_packs
from agentaudit_processor.frameworks import load_frameworks

_HEAD = """\
# Controls

<!-- Written by `make generate` from processor/agentaudit_processor/frameworks; do not edit. -->

A control is told of an event, or of the figures of a period, when its condition holds. *Evidence*
helps to show that the control operated, *attention* asks a person to look. Neither decides
compliance: this is a mapping of technical records, no legal advice and no attestation. A policy
says which frameworks count (`frameworks`), and what the organisation says of itself (`flags`).

Controls **on events** are told on the event's page and counted in statistics and reports; those
**on periods** are in the report (PDF), each
with its answer, or with the figures that nobody measures yet. What asks for a registry of AI
systems is told as *readiness*.
"""
_MISSING = """\
## What no event can meet today

These ask for facts that nothing records. They stay unanswered, which is not "nothing found": a
report does not list them.

| control | framework | what is missing |
|---|---|---|
"""
_WHY: Mapping[str, str] = {
    "event.destination.known": "a list of approved destinations",
    "event.destination.region": "where a destination lies: its name does not tell that",
    "event.kind: incident": "incidents: they are managed elsewhere, and not told to us",
    "event.kind: erasure": "erasure requests as events of their own",
    "event.dsr.type": "a link from a call to a data subject's request",
    "event.ai_disclosed": "whether a message said that it came from an AI system",
    "system.ai_act_risk": "a registry of AI systems",
}


def controls_page() -> str:
    """The page."""
    loaded = load_frameworks()
    every = [framework["id"] for framework in loaded["frameworks"]]
    blind = blind_controls(every, load_packs().rules)
    names = {framework["id"]: framework["name"] for framework in loaded["frameworks"]}
    lines = [_HEAD, _MISSING.rstrip("\n")]
    lines += [_blind_row(one, names) for one in blind]
    for framework in loaded["frameworks"]:
        lines += ["", *_section(framework, {one.key for one in blind})]
    return "\n".join(lines) + "\n"


def _blind_row(one: BlindControl, names: Mapping[str, str]) -> str:
    why = "; ".join(_WHY[missing] for missing in one.missing)
    return f"| {one.control} | {names[one.framework]} | {why} |"


def _section(framework: Mapping[str, Any], blind: set[str]) -> Iterator[str]:
    yield f"## {framework['name']}"
    yield ""
    yield f"{framework['version']}; {framework['publisher']}."
    yield ""
    yield "| control | kind | on | what it means |"
    yield "|---|---|---|---|"
    for control in framework["controls"]:
        title = f"{control['id']}, {control['title']}"
        scope = "events" if control["scope"] == "event" else "periods"
        note = " *Not met by any event today, see above.*" if control["key"] in blind else ""
        cells = (title, control["kind"], scope, f"{control['rationale']}{note}")
        yield f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |"
