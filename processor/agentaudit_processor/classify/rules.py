"""Rules: what to look for, as data. Shape, and a loader that refuses what is not right.

A rule asks one question of the text or of the Deeds of an Activity (see `deeds`):

    pattern   RE2 over every text; its first group that takes part is what is masked
    words     RE2 of the names that a `form` goes by, see `named`; with `alone`, `lone`, `link`
    command   RE2 over a command that is executed, wrappers off: `^git push .*--force`; or a list
              of command lines, see `lines`
    pipeline  RE2 over commands joined by ` | `
    touch     {access: […], scope: […], path: RE2}, each optional
    sql       [drop_table, …], as `classify.sql` names statements
    code      RE2 over a program in another language that is executed
    visit     RE2 over `get HOST` or `send HOST`
    sequence  RE2 over what several commands do together: `send PATH => TARGET`, see `sequence`
    unread    true: what could not be parsed whole

`unless` is a second RE2 that takes a match back (RE2 has no look-ahead). `tags` (see `tags`) add to
those of the pack's `defaults`, or are none if empty; any other key takes the default's place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from agentaudit_processor.classify.deeds import Access, Scope
from agentaudit_processor.classify.lines import as_pattern
from agentaudit_processor.classify.named import Named, named
from agentaudit_processor.classify.patterns import RuleError
from agentaudit_processor.classify.sql import VERBS
from agentaudit_processor.classify.tables import table
from agentaudit_processor.classify.tags import TagError, checked
from agentaudit_processor.detectors import DETECTORS
from agentaudit_processor.frameworks import load_frameworks
from agentaudit_processor.kept_yaml import read_yaml
from agentaudit_processor.model import Action, RiskLevel

_MATCHERS = (
    "pattern",
    "words",
    "command",
    "pipeline",
    "touch",
    "sql",
    "code",
    "visit",
    "sequence",
    "unread",
)
_KEYS = table(
    """
    id title why severity in_production yields where actions trigger detector unless source advice
    examples form alone lone link tags
    """
).union(_MATCHERS)
_JOINED = ("pattern", "trigger", "unless", "words", "form")
"""A long RE2 of these may be given as a list, one way a line."""
_YIELDS = frozenset(("pii", "secret", "signal", "environment", "action"))
_SIDES = frozenset(("input", "output"))
_WRONG = (RuleError, TypeError, AttributeError, ValueError, KeyError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A call that a rule must match, or must not."""

    name: str
    matches: bool
    call: Mapping[str, Any]
    """`command`, `input` or `output`; optionally `action`, `tool`, `cwd`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing to look for, and what it means."""

    id: str
    pack: str
    """Pack and version: `secrets@1`."""
    title: str
    why: str
    advice: str
    severity: RiskLevel
    in_production: RiskLevel
    """The severity where the call reaches production; never lower than `severity`."""
    matcher: str
    pattern: str
    """RE2; for `touch` that of the path, empty for any."""
    trigger: str
    """A leaner RE2 that holds wherever `pattern` does; the first pass looks for it."""
    named: Named | None
    """Where `words` and a `form` made the pattern; `matcher` is `pattern` then."""
    unless: str | None
    detector: str | None
    access: frozenset[Access]
    scope: frozenset[Scope]
    verbs: frozenset[str]
    sides: frozenset[str]
    actions: frozenset[Action]
    pii: str | None
    secret: str | None
    signal: str | None
    environment: str | None
    action_class: str | None
    source: str
    tags: tuple[str, ...]
    """Entries of public lists of attacks and risks, see `tags`; sorted."""
    examples: Sequence[Example]


def parse_pack(name: str, text: str) -> list[Rule]:
    """The rules of one pack.

    Args:
        name: file name, `pii.yaml`: rule ids must begin with `pii.`.
        text: YAML.

    Raises:
        RuleError: anything is not right; of each rule the first that is not.
    """
    try:
        loaded = read_yaml(text)
    except ValueError as error:
        raise RuleError(f"{name}: {error}") from None
    pack = name.removesuffix(".yaml")
    if not isinstance(loaded, dict) or loaded.get("pack") != pack or "version" not in loaded:
        raise RuleError(f"{name}:1: expected `pack: {pack}` and a `version`")
    defaults, raws = loaded.get("defaults") or {}, loaded.get("rules") or []
    if not isinstance(defaults, dict) or not isinstance(raws, list):
        raise RuleError(f"{name}:1: `defaults` are fields, `rules` a list")
    rules: list[Rule] = []
    wrong: list[str] = []
    for raw in raws:
        try:
            rule = _rule(_over(defaults, raw), f"{pack}@{loaded['version']}")
            if any(rule.id == other.id for other in rules):
                raise RuleError("this id occurs twice")
        except _WRONG as error:
            identity = raw.get("id", "?") if isinstance(raw, dict) else raw
            said = str(error) if isinstance(error, RuleError) else f"wrong kind of value: {error}"
            wrong.append(f"{name}:{line_of(text, identity)}: {identity}: {said}")
        else:
            rules.append(rule)
    if wrong:
        raise RuleError(*wrong)
    return rules


def _over(defaults: Mapping[str, Any], raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """`raw`, with what it leaves out from the pack's defaults."""
    own = raw.get("tags", ())
    return {**defaults, **raw, "tags": own if own == [] else [*defaults.get("tags", ()), *own]}


def line_of(text: str, value: object, key: str = "id") -> int:
    """The line of `text` that gives `key` this value; the first where none does."""
    at = text.find(f"{key}: {value}")
    return text.count("\n", 0, at) + 1 if at >= 0 else 1


def _rule(raw: Mapping[str, Any], pack: str) -> Rule:
    unknown = raw.keys() - _KEYS
    _expect(not unknown, f"unknown keys {sorted(unknown)}")
    raw = {**raw, **{k: "".join(raw[k]) for k in _JOINED if isinstance(raw.get(k), list)}}
    for key in ("id", "title", "why", "severity", "advice", "examples"):
        _expect(key in raw, f"`{key}` is missing")
    for key in ("id", "title", "why", "advice"):
        _expect(isinstance(raw[key], str), f"`{key}` is no text")
    identity = raw["id"]
    _expect(identity.startswith(pack.partition("@")[0] + "."), "the id is outside its pack")
    matchers = [key for key in _MATCHERS if key in raw]
    _expect(len(matchers) == 1, f"expected one of {_MATCHERS}, got {matchers}")
    matcher = matchers[0]
    asked = raw[matcher]
    if matcher == "command" and isinstance(asked, list):
        asked = as_pattern(asked)
    touch = asked if matcher == "touch" else {}
    by_name = _named(raw) if matcher == "words" else None
    if by_name is not None:
        matcher, asked, raw = "pattern", by_name.pattern, {"trigger": by_name.trigger, **raw}
    pattern = asked if isinstance(asked, str) else touch.get("path", "")
    trigger, unless = raw.get("trigger", pattern), raw.get("unless")
    for one in filter(None, (trigger, unless)):
        _check(one)
    yields = _yields(raw.get("yields", {}))
    severity = _level(raw["severity"])
    return Rule(
        id=identity,
        pack=pack,
        title=raw["title"],
        why=" ".join(raw["why"].split()),
        advice=" ".join(raw["advice"].split()),
        severity=severity,
        in_production=max(severity, _level(raw.get("in_production", raw["severity"]))),
        matcher=matcher,
        pattern=pattern,
        trigger=trigger,
        named=by_name,
        unless=unless,
        detector=_known(raw.get("detector"), DETECTORS, "detector"),
        access=frozenset(_enum(Access, touch.get("access", ()))),
        scope=frozenset(_enum(Scope, touch.get("scope", ()))),
        verbs=frozenset(_verbs(asked) if matcher == "sql" else ()),
        sides=_sides(raw["where"]) if "where" in raw else _SIDES,
        actions=frozenset(_enum(Action, raw.get("actions", ()))),
        pii=yields.get("pii"),
        secret=yields.get("secret"),
        signal=yields.get("signal"),
        environment=yields.get("environment"),
        action_class=yields.get("action"),
        source=raw.get("source", ""),
        tags=_tags(raw.get("tags", ())),
        examples=_examples(raw["examples"]),
    )


def _named(raw: Mapping[str, Any]) -> Named:
    _expect("form" in raw, "`words` need a `form`")
    _expect(raw.get("link") in (None, "value", "column"), f"unknown link {raw.get('link')!r}")
    return named(
        raw["words"],
        raw["form"],
        alone=raw.get("alone", ""),
        lone=raw.get("lone", ""),
        link=raw.get("link", ""),
    )


def _expect(condition: bool, message: str) -> None:
    if not condition:
        raise RuleError(message)


def _check(pattern: str) -> None:
    _expect(pattern.isascii(), "patterns are ASCII: texts are scanned as bytes")


def _level(label: str) -> RiskLevel:
    try:
        return RiskLevel.parse(label)
    except ValueError as error:
        raise RuleError(str(error)) from None


def _known(name: str | None, known: Any, what: str) -> str | None:
    _expect(name is None or name in known, f"unknown {what} {name!r}")
    return name


def _enum(enum: Any, names: Sequence[str]) -> list[Any]:
    try:
        return [enum(name) for name in names]
    except ValueError as error:
        raise RuleError(str(error)) from None


def _verbs(asked: Sequence[str]) -> list[str]:
    return [_known(verb, VERBS, "SQL verb") or "" for verb in asked]


def _tags(raw: Sequence[object]) -> tuple[str, ...]:
    try:
        return checked(raw)
    except TagError as error:
        raise RuleError(str(error)) from None


def _sides(raw: Sequence[str]) -> frozenset[str]:
    return frozenset(_known(side, _SIDES, "where") or "" for side in raw)


def _yields(raw: Mapping[str, str]) -> Mapping[str, str]:
    unknown = raw.keys() - _YIELDS
    _expect(not unknown, f"yields: unknown {sorted(unknown)}")
    for key, value in raw.items():
        if key in _WHAT:
            _known(value, _known_words()[key], _WHAT[key])
    secret = raw.get("secret", "x")
    _expect(secret.replace("_", "").isalnum() and len(secret) <= 40, f"bad secret type {secret!r}")
    return raw


_WHAT = {
    "pii": "personal data type",
    "signal": "signal",
    "environment": "environment",
    "action": "action class",
}


@cache
def _known_words() -> Mapping[str, frozenset[str]]:
    """The words that frameworks.yaml knows, by the key of `yields` that names one."""
    words = load_frameworks()
    fields = words["event_fields"]
    return {
        "pii": frozenset(kind["id"] for kind in words["pii_taxonomy"]["types"]),
        "signal": frozenset(fields["event.signals"]["values"]),
        "environment": frozenset(fields["event.environment"]["values"]),
        "action": frozenset(fields["event.action_class"]["values"]),
    }


def _examples(raw: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[Example, ...]:
    for key in ("match", "no_match"):
        _expect(bool(raw.get(key)), f"examples: `{key}` is missing")
    return tuple(
        Example(
            name=str(one["name"]),
            matches=key == "match",
            # a text given as a list is joined: so no scanner takes an example for a live token
            call={
                name: "".join(value) if isinstance(value, list) else value
                for name, value in one.items()
                if name != "name"
            },
        )
        for key in ("match", "no_match")
        for one in raw[key]
    )
