"""The Policy as people write it: a document of plain values, YAML or JSON, and back.

`docs/policy.md` tells what each field means. `version` and `digest_key` are not in it: they are of
the stored version, and travel beside the document (`policy_bundle`). A field left out has the
default of `Policy`. Reading checks shapes alone, so that every version ever stored stays readable;
whether rules, frameworks and packs exist is asked when one is saved (`classify.own_packs`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from agentaudit_processor.model import RiskLevel
from agentaudit_processor.policy import (
    Answer,
    Capture,
    CapturePolicy,
    Exemption,
    LoggingLevel,
    Naming,
    OnFailure,
    Policy,
)

MAX_PACKS_BYTES = 256 * 1024
"""Of all own packs together; the hook takes no more than 1 MiB for the whole bundle."""
MAX_ENTRIES = 1_000
"""Of each list and each mapping."""

FIELDS = (
    "logging_level",
    "frameworks",
    "flags",
    "blocking_rules",
    "rule_answers",
    "tool_answers",
    "exemptions",
    "packs",
    "on_failure",
    "require_remote_record",
    "redact_output",
    "capture",
)
_BLOCKING = ("enabled", "block_on", "ask_on")
_EXEMPTION_TEXTS = ("id", "rule", "owner", "reason")
_EXEMPTION_GLOBS = ("tool", "path", "command", "user")
_EXEMPTION = (*_EXEMPTION_TEXTS, "expires", *_EXEMPTION_GLOBS)
_CAPTURE = ("arguments", "results", "prompts", "never_paths", "never_commands", "user")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_NS = 1_000_000_000
_DAY = timedelta(days=1)

Choice = TypeVar("Choice", bound=StrEnum)
Value = TypeVar("Value")


class PolicyError(ValueError):
    """A document is not right; the text begins with the field: `exemptions[2].expires: …`."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


def to_document(policy: Policy) -> dict[str, Any]:
    """Every field of `policy` but `version` and `digest_key`, as plain values."""
    return {
        "logging_level": policy.logging_level.value,
        "frameworks": list(policy.frameworks),
        "flags": list(policy.flags),
        "blocking_rules": {
            "enabled": policy.blocking_enabled,
            "block_on": policy.block_on.label,
            "ask_on": None if policy.ask_on is None else policy.ask_on.label,
        },
        "rule_answers": {name: answer.value for name, answer in policy.rule_answers.items()},
        "tool_answers": {name: answer.value for name, answer in policy.tool_answers.items()},
        "exemptions": [_exemption_document(each) for each in policy.exemptions],
        "packs": list(policy.packs),
        "on_failure": policy.on_failure.value,
        "require_remote_record": policy.require_remote_record,
        "redact_output": policy.redact_output,
        "capture": {
            "arguments": policy.capture.arguments.value,
            "results": policy.capture.results.value,
            "prompts": policy.capture.prompts.value,
            "never_paths": list(policy.capture.never_paths),
            "never_commands": list(policy.capture.never_commands),
            "user": policy.capture.user.value,
        },
    }


def policy_of(document: object, *, version: int = 0, digest_key: bytes = b"") -> Policy:
    """The Policy that `document` says.

    Raises:
        PolicyError: a field is unknown or has a value that it cannot have; the first one is named.
    """
    told = _mapping(document, "", FIELDS)
    usual = Policy()
    blocking = _mapping(told.get("blocking_rules"), "blocking_rules", _BLOCKING)
    return Policy(
        version=version,
        digest_key=digest_key,
        logging_level=_choice(told, "logging_level", LoggingLevel, usual.logging_level),
        frameworks=_frameworks(told.get("frameworks"), usual.frameworks),
        flags=_texts(told, "flags", usual.flags),
        blocking_enabled=_flag(blocking, "enabled", usual.blocking_enabled, "blocking_rules"),
        block_on=_level(blocking, "block_on") or usual.block_on,
        ask_on=_level(blocking, "ask_on"),
        rule_answers=_answers(told.get("rule_answers"), "rule_answers", tuple(Answer)),
        tool_answers=_answers(
            told.get("tool_answers"), "tool_answers", (Answer.ALLOW, Answer.ASK, Answer.BLOCK)
        ),
        exemptions=_exemptions(told.get("exemptions")),
        packs=_packs(told),
        on_failure=_choice(told, "on_failure", OnFailure, usual.on_failure),
        require_remote_record=_flag(told, "require_remote_record", usual.require_remote_record),
        redact_output=_flag(told, "redact_output", usual.redact_output),
        capture=_capture(told.get("capture")),
    )


def _exemption_document(exemption: Exemption) -> dict[str, str]:
    required = {
        "id": exemption.id,
        "rule": exemption.rule_id,
        "owner": exemption.owner,
        "reason": exemption.reason,
        "expires": _written(exemption.expires_ns),
    }
    narrowed = {name: getattr(exemption, name) for name in _EXEMPTION_GLOBS}
    return required | {name: glob for name, glob in narrowed.items() if glob}


def _frameworks(raw: Any, usual: tuple[str, ...]) -> tuple[str, ...]:
    """A list of names, or a mapping of names to whether they are on."""
    if isinstance(raw, Mapping):
        for name, wanted in raw.items():
            _expect(isinstance(name, str), "frameworks", f"{name!r} is no name")
            _expect(isinstance(wanted, bool), f"frameworks.{name}", "expected true or false")
        return tuple(name for name, wanted in raw.items() if wanted)
    return _texts({"frameworks": raw}, "frameworks", usual)


def _answers(raw: Any, place: str, allowed: Sequence[Answer]) -> dict[str, Answer]:
    told = _mapping(raw, place, None)
    return {name: _one_of(told[name], f"{place}.{name}", allowed) for name in told}


def _exemptions(raw: Any) -> tuple[Exemption, ...]:
    known: dict[str, Exemption] = {}
    for at, item in enumerate(_items(raw, "exemptions")):
        place = f"exemptions[{at}]"
        told = _mapping(item, place, _EXEMPTION)
        for name in (*_EXEMPTION_TEXTS, "expires"):
            _expect(bool(told.get(name)), f"{place}.{name}", "is missing")
        texts = {name: _text(told[name], f"{place}.{name}") for name in _EXEMPTION_TEXTS}
        globs = {name: _text(told.get(name, ""), f"{place}.{name}") for name in _EXEMPTION_GLOBS}
        _expect(texts["id"] not in known, f"{place}.id", f"{texts['id']!r} occurs twice")
        known[texts["id"]] = Exemption(
            rule_id=texts.pop("rule"),
            expires_ns=_expiry(told["expires"], f"{place}.expires"),
            **texts,
            **globs,
        )
    return tuple(known.values())


def _packs(told: Mapping[str, Any]) -> tuple[str, ...]:
    packs = _texts(told, "packs", ())
    size = sum(len(pack.encode("utf-8", "replace")) for pack in packs)
    _expect(size <= MAX_PACKS_BYTES, "packs", f"{size:,} bytes; at most {MAX_PACKS_BYTES:,}")
    return packs


def _capture(raw: Any) -> CapturePolicy:
    told, usual = _mapping(raw, "capture", _CAPTURE), CapturePolicy()
    return CapturePolicy(
        arguments=_choice(told, "arguments", Capture, usual.arguments, "capture"),
        results=_choice(told, "results", Capture, usual.results, "capture"),
        prompts=_choice(told, "prompts", Capture, usual.prompts, "capture"),
        never_paths=_texts(told, "never_paths", usual.never_paths, "capture"),
        never_commands=_texts(told, "never_commands", usual.never_commands, "capture"),
        user=_choice(told, "user", Naming, usual.user, "capture"),
    )


def _mapping(raw: Any, place: str, known: Sequence[str] | None) -> Mapping[str, Any]:
    """`raw` as a mapping of `known` keys, or of any text if None; nothing is an empty one."""
    if raw is None:
        return {}
    _expect(isinstance(raw, Mapping), place or "policy", "expected fields with values")
    _expect(len(raw) <= MAX_ENTRIES, place, f"more than {MAX_ENTRIES} entries")
    for name in raw:
        at = f"{place}.{name}" if place else str(name)
        _expect(isinstance(name, str) and bool(name), at, "expected a name")
        _expect(known is None or name in known, at, f"unknown; expected {_listed(known or ())}")
    told: Mapping[str, Any] = raw
    return told


def _items(raw: Any, place: str) -> Sequence[Any]:
    _expect(raw is None or isinstance(raw, list | tuple), place, "expected a list")
    _expect(len(raw or ()) <= MAX_ENTRIES, place, f"more than {MAX_ENTRIES} entries")
    return raw or ()


def _texts(
    told: Mapping[str, Any], name: str, usual: tuple[str, ...], inside: str = ""
) -> tuple[str, ...]:
    if told.get(name) is None:
        return usual
    place = _place(inside, name)
    return tuple(_text(item, f"{place}[{at}]") for at, item in enumerate(_items(told[name], place)))


def _text(raw: Any, place: str) -> str:
    _expect(isinstance(raw, str), place, f"expected a text, not {_shown(raw)}")
    return str(raw)


def _flag(told: Mapping[str, Any], name: str, usual: bool, inside: str = "") -> bool:
    raw = told.get(name, usual)
    _expect(isinstance(raw, bool), _place(inside, name), f"expected true or false, not {raw!r}")
    return bool(raw)


def _choice(
    told: Mapping[str, Any], name: str, choices: type[Choice], usual: Choice, inside: str = ""
) -> Choice:
    if told.get(name) is None:
        return usual
    return _one_of(told[name], _place(inside, name), tuple(choices))


def _one_of(raw: Any, place: str, choices: Sequence[Choice]) -> Choice:
    word = "off" if raw is False else raw  # YAML 1.1 reads a bare `off` as false
    for choice in choices:
        if choice.value == word:
            return choice
    raise PolicyError(place, f"{_shown(raw)} is none of {_listed(choices)}")


def _level(told: Mapping[str, Any], name: str) -> RiskLevel | None:
    raw = told.get(name)
    return raw if raw is None else _parsed(RiskLevel.parse, raw, f"blocking_rules.{name}")


def _expiry(raw: Any, place: str) -> int:
    """Unix ns of a time with its zone; of a bare day, its end in UTC."""
    text = raw.isoformat() if hasattr(raw, "isoformat") else raw  # YAML reads times by itself
    return _parsed(_nanoseconds, text, place)


def _nanoseconds(text: str) -> int:
    whole, dot, rest = text.strip().partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    at = datetime.fromisoformat(whole + rest[len(digits) :])
    if "T" not in text.upper() and " " not in text.strip():
        at = at.replace(tzinfo=UTC) + _DAY
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: write such as 2027-03-31T18:00:00Z")
    fraction = int(digits[:9].ljust(9, "0")) if dot else 0
    return (at - _EPOCH) // timedelta(seconds=1) * _SECOND_NS + fraction


def _written(at_ns: int) -> str:
    """ISO 8601 in UTC, with as many decimals as it takes."""
    seconds, fraction = divmod(at_ns, _SECOND_NS)
    text = (_EPOCH + timedelta(seconds=seconds)).isoformat().removesuffix("+00:00")
    return f"{text}.{fraction:09d}".rstrip("0") + "Z" if fraction else f"{text}Z"


def _parsed(parse: Callable[[str], Value], raw: Any, place: str) -> Value:
    try:
        return parse(_text(raw, place))
    except PolicyError:
        raise
    except (ValueError, OverflowError) as error:
        raise PolicyError(place, str(error)) from None


def _expect(condition: bool, place: str, problem: str) -> None:
    if not condition:
        raise PolicyError(place, problem)


def _place(inside: str, name: str) -> str:
    return f"{inside}.{name}" if inside else name


def _listed(choices: Sequence[object]) -> str:
    return ", ".join(str(choice) for choice in choices)


def _shown(raw: Any) -> str:
    return repr(raw)[:60]
