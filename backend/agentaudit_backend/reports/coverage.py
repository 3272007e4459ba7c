"""What the record says to each framework that is switched on: met, and not met at all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.resources import files

from agentaudit_backend.store.filters import EventFilter
from agentaudit_backend.store.queries import Queries
from agentaudit_backend.store.views import ControlCount
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.query.terms import Field, Pattern, Term

SAMPLES = 3
_SAMPLED = 24
"""Controls for which Events are named; the riskiest Events are in the register anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetControl:
    """A Control that Events of the report met, and some of these."""

    count: ControlCount
    status: str
    """`attention`, `evidence` or `readiness`."""
    strength: str
    """How much such a record alone supports: strong, moderate or weak."""
    samples: tuple[str, ...]
    """Ids of the newest Events that met it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkChapter:
    """One framework."""

    framework: str
    version: str
    met: tuple[MetControl, ...]
    silent: tuple[str, ...]
    """Controls on Events that no Event met: no record, which is neither good nor bad."""


def chapters_of(
    store: Queries,
    organization_id: int,
    where: EventFilter,
    counts: Sequence[ControlCount],
    frameworks: Sequence[str],
) -> tuple[FrameworkChapter, ...]:
    """A chapter for each of `frameworks`, and for any other that Events met."""
    by_framework: dict[str, list[ControlCount]] = {}
    for count in counts:
        by_framework.setdefault(count.framework, []).append(count)
    wanted = [*frameworks, *(each for each in by_framework if each not in frameworks)]
    left = _SAMPLED
    chapters = []
    for raw in load_frameworks()["frameworks"]:
        if raw["id"] not in wanted:
            continue
        met = by_framework.get(raw["id"], [])
        controls = []
        for count in met:
            alike = [each for each in raw["controls"] if str(each["id"]) == count.control]
            ids = _samples(store, organization_id, where, alike) if left > 0 else ()
            left -= 1
            controls.append(
                MetControl(
                    count=count,
                    status=_status(count),
                    strength=_strength(count, alike),
                    samples=ids,
                )
            )
        chapters.append(
            FrameworkChapter(
                framework=raw["id"],
                version=str(raw["version"]),
                met=tuple(controls),
                silent=_silent(raw["controls"], {count.control for count in met}),
            )
        )
    return tuple(chapters)


def mapping_sha256() -> str:
    """Of the file that says what meets which Control, lowercase hex."""
    source = files("agentaudit_processor.frameworks").joinpath("frameworks.yaml")
    return sha256(source.read_bytes()).hexdigest()


def mapping_as_of() -> str:
    """The day of its legal and version facts."""
    return str(load_frameworks()["as_of"])


def _status(count: ControlCount) -> str:
    if count.readiness:
        return "readiness"
    return "attention" if count.attention else "evidence"


def _strength(count: ControlCount, alike: Sequence[dict[str, str]]) -> str:
    """That of the kind that was met; a Control that a newer mapping does not have tells none."""
    kind = "attention" if count.attention and not count.readiness else "evidence"
    told = [each["strength"] for each in alike if each["kind"] == kind and each["scope"] == "event"]
    return told[0] if told else ""


def _silent(controls: Sequence[dict[str, str]], met: set[str]) -> tuple[str, ...]:
    of_events = (str(each["id"]) for each in controls if each["scope"] == "event")
    return tuple(dict.fromkeys(name for name in of_events if name not in met))


def _samples(
    store: Queries, organization_id: int, where: EventFilter, alike: Sequence[dict[str, str]]
) -> tuple[str, ...]:
    keys = tuple(Pattern(text=each["key"]) for each in alike if each["scope"] == "event")
    if not keys:
        return ()
    of_it = Term(field=Field.CONTROL, patterns=keys)
    asked = replace(where, terms=(*where.terms, of_it))
    page = store.list_events(organization_id, asked, limit=SAMPLES)
    return tuple(row.event_id for row in page.items)
