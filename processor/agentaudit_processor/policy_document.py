"""The Policy as people write it: a document of plain values, YAML or JSON, and back.

`docs/policy.md` tells what each field means. `version` and `digest_key` are not in it: they are of
the stored version, and travel beside the document (`policy_bundle`). A field left out has the
default of `Policy`. Reading checks shapes alone, so that every version ever stored stays readable;
whether rules, frameworks and packs exist is asked when one is saved (`classify.own_packs`).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from agentaudit_processor.model import RiskLevel
from agentaudit_processor.policy import (
    Answer,
    Approvals,
    Capture,
    CapturePolicy,
    Exemption,
    LegalHold,
    LoggingLevel,
    Naming,
    OnFailure,
    Policy,
    Retention,
)
from agentaudit_processor.policy_projects import project_document, projects_of
from agentaudit_processor.policy_values import (
    PolicyError,
    expect,
    one_of,
    parsed,
    read_choice,
    read_flag,
    read_items,
    read_mapping,
    read_text,
    read_texts,
    shown,
)

MAX_PACKS_BYTES = 256 * 1024
"""Of all own packs together; the hook takes no more than 1 MiB for the whole bundle."""

FIELDS = (
    "logging_level",
    "frameworks",
    "flags",
    "blocking_rules",
    "rule_answers",
    "tool_answers",
    "exemptions",
    "projects",
    "packs",
    "on_failure",
    "require_remote_record",
    "redact_output",
    "approvals",
    "capture",
    "retention",
)
_BLOCKING = ("enabled", "block_on", "ask_on")
_EXEMPTION_TEXTS = ("id", "rule", "owner", "reason")
_EXEMPTION_GLOBS = ("tool", "path", "command", "user")
_EXEMPTION = (*_EXEMPTION_TEXTS, "expires", *_EXEMPTION_GLOBS)
_APPROVALS = ("up_to", "rules", "wait_seconds", "valid_minutes", "approvers", "self_approval")
MAX_WAIT_SECONDS = 8
"""What the longest deadline of a hook's client (9 s) leaves."""
MAX_VALID_MINUTES = 7 * 24 * 60
_CAPTURE = ("arguments", "results", "prompts", "never_paths", "never_commands", "user")
_RETENTION = ("content_days", "event_days", "holds")
_HOLD_TEXTS = ("id", "owner", "reason")
MAX_DAYS = 36_500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_NS = 1_000_000_000
_DAY = timedelta(days=1)


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
        "projects": [project_document(each) for each in policy.projects],
        "packs": list(policy.packs),
        "on_failure": policy.on_failure.value,
        "require_remote_record": policy.require_remote_record,
        "redact_output": policy.redact_output,
        "approvals": {
            "up_to": None if policy.approvals.up_to is None else policy.approvals.up_to.label,
            "rules": list(policy.approvals.rules),
            "wait_seconds": policy.approvals.wait_seconds,
            "valid_minutes": policy.approvals.valid_minutes,
            "approvers": list(policy.approvals.approvers),
            "self_approval": policy.approvals.self_approval,
        },
        "capture": {
            "arguments": policy.capture.arguments.value,
            "results": policy.capture.results.value,
            "prompts": policy.capture.prompts.value,
            "never_paths": list(policy.capture.never_paths),
            "never_commands": list(policy.capture.never_commands),
            "user": policy.capture.user.value,
        },
        "retention": {
            "content_days": policy.retention.content_days,
            "event_days": policy.retention.event_days,
            "holds": [_hold_document(each) for each in policy.retention.holds],
        },
    }


def policy_of(document: object, *, version: int = 0, digest_key: bytes = b"") -> Policy:
    """The Policy that `document` says.

    Raises:
        PolicyError: a field is unknown or has a value that it cannot have; the first one is named.
    """
    told = read_mapping(document, "", FIELDS)
    usual = Policy()
    blocking = read_mapping(told.get("blocking_rules"), "blocking_rules", _BLOCKING)
    return Policy(
        version=version,
        digest_key=digest_key,
        logging_level=read_choice(told, "logging_level", LoggingLevel, usual.logging_level),
        frameworks=_frameworks(told.get("frameworks"), usual.frameworks),
        flags=read_texts(told, "flags", usual.flags),
        blocking_enabled=read_flag(blocking, "enabled", usual.blocking_enabled, "blocking_rules"),
        block_on=_level(blocking, "block_on") or usual.block_on,
        ask_on=_level(blocking, "ask_on"),
        rule_answers=_answers(told.get("rule_answers"), "rule_answers", tuple(Answer)),
        tool_answers=_answers(
            told.get("tool_answers"), "tool_answers", (Answer.ALLOW, Answer.ASK, Answer.BLOCK)
        ),
        exemptions=_exemptions(told.get("exemptions")),
        projects=projects_of(told.get("projects")),
        packs=_packs(told),
        on_failure=read_choice(told, "on_failure", OnFailure, usual.on_failure),
        require_remote_record=read_flag(told, "require_remote_record", usual.require_remote_record),
        redact_output=read_flag(told, "redact_output", usual.redact_output),
        approvals=_approvals(told.get("approvals")),
        capture=_capture(told.get("capture")),
        retention=_retention(told.get("retention")),
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


def _hold_document(hold: LegalHold) -> dict[str, str]:
    told = {name: str(getattr(hold, name)) for name in _HOLD_TEXTS}
    return told | ({"query": hold.query} if hold.query else {})


def _frameworks(raw: Any, usual: tuple[str, ...]) -> tuple[str, ...]:
    """A list of names, or a mapping of names to whether they are on."""
    if isinstance(raw, Mapping):
        for name, wanted in raw.items():
            expect(isinstance(name, str), "frameworks", f"{name!r} is no name")
            expect(isinstance(wanted, bool), f"frameworks.{name}", "expected true or false")
        return tuple(name for name, wanted in raw.items() if wanted)
    return read_texts({"frameworks": raw}, "frameworks", usual)


def _answers(raw: Any, place: str, allowed: Sequence[Answer]) -> dict[str, Answer]:
    told = read_mapping(raw, place, None)
    return {name: one_of(told[name], f"{place}.{name}", allowed) for name in told}


def _exemptions(raw: Any) -> tuple[Exemption, ...]:
    known: dict[str, Exemption] = {}
    for at, item in enumerate(read_items(raw, "exemptions")):
        place = f"exemptions[{at}]"
        told = read_mapping(item, place, _EXEMPTION)
        for name in (*_EXEMPTION_TEXTS, "expires"):
            expect(bool(told.get(name)), f"{place}.{name}", "is missing")
        texts = {name: read_text(told[name], f"{place}.{name}") for name in _EXEMPTION_TEXTS}
        globs = {
            name: read_text(told.get(name, ""), f"{place}.{name}") for name in _EXEMPTION_GLOBS
        }
        expect(texts["id"] not in known, f"{place}.id", f"{texts['id']!r} occurs twice")
        known[texts["id"]] = Exemption(
            rule_id=texts.pop("rule"),
            expires_ns=_expiry(told["expires"], f"{place}.expires"),
            **texts,
            **globs,
        )
    return tuple(known.values())


def _packs(told: Mapping[str, Any]) -> tuple[str, ...]:
    packs = read_texts(told, "packs", ())
    size = sum(len(pack.encode("utf-8", "replace")) for pack in packs)
    expect(size <= MAX_PACKS_BYTES, "packs", f"{size:,} bytes; at most {MAX_PACKS_BYTES:,}")
    return packs


def _approvals(raw: Any) -> Approvals:
    told, usual = read_mapping(raw, "approvals", _APPROVALS), Approvals()
    return Approvals(
        up_to=_level(told, "up_to", "approvals"),
        rules=read_texts(told, "rules", usual.rules, "approvals"),
        wait_seconds=_number(told, "wait_seconds", usual.wait_seconds, 0, MAX_WAIT_SECONDS),
        valid_minutes=_number(told, "valid_minutes", usual.valid_minutes, 1, MAX_VALID_MINUTES),
        approvers=read_texts(told, "approvers", usual.approvers, "approvals"),
        self_approval=read_flag(told, "self_approval", usual.self_approval, "approvals"),
    )


def _number(told: Mapping[str, Any], name: str, usual: int, least: int, most: int) -> int:
    raw = told.get(name)
    value = usual if raw is None else raw
    place = f"approvals.{name}"
    whole = isinstance(value, int) and not isinstance(value, bool)
    expect(whole, place, f"expected a number, not {shown(raw)}")
    expect(least <= value <= most, place, f"expected {least} to {most:,}")
    return int(value)


def _capture(raw: Any) -> CapturePolicy:
    told, usual = read_mapping(raw, "capture", _CAPTURE), CapturePolicy()
    return CapturePolicy(
        arguments=read_choice(told, "arguments", Capture, usual.arguments, "capture"),
        results=read_choice(told, "results", Capture, usual.results, "capture"),
        prompts=read_choice(told, "prompts", Capture, usual.prompts, "capture"),
        never_paths=read_texts(told, "never_paths", usual.never_paths, "capture"),
        never_commands=read_texts(told, "never_commands", usual.never_commands, "capture"),
        user=read_choice(told, "user", Naming, usual.user, "capture"),
    )


def _retention(raw: Any) -> Retention:
    told, usual = read_mapping(raw, "retention", _RETENTION), Retention()
    content = _days(told, "content_days", usual.content_days)
    events = _days(told, "event_days", usual.event_days)
    if events is not None and (content is None or content > events):
        why = "content cannot be kept longer than its event (event_days)"
        raise PolicyError("retention.content_days", why)
    return Retention(content_days=content, event_days=events, holds=_holds(told.get("holds")))


def _days(told: Mapping[str, Any], name: str, usual: int | None) -> int | None:
    """A number of days; null keeps for ever."""
    raw = told.get(name, usual)
    whole = raw is None or (isinstance(raw, int) and not isinstance(raw, bool))
    place = f"retention.{name}"
    expect(whole, place, f"expected a number of days or null, not {shown(raw)}")
    expect(raw is None or 1 <= raw <= MAX_DAYS, place, f"expected 1 to {MAX_DAYS:,} days or null")
    return None if raw is None else int(raw)


def _holds(raw: Any) -> tuple[LegalHold, ...]:
    known: dict[str, LegalHold] = {}
    for at, item in enumerate(read_items(raw, "retention.holds")):
        place = f"retention.holds[{at}]"
        told = read_mapping(item, place, (*_HOLD_TEXTS, "query"))
        for name in _HOLD_TEXTS:
            expect(bool(told.get(name)), f"{place}.{name}", "is missing")
        texts = {name: read_text(told[name], f"{place}.{name}") for name in told}
        expect(texts["id"] not in known, f"{place}.id", f"{texts['id']!r} occurs twice")
        known[texts["id"]] = LegalHold(**texts)
    return tuple(known.values())


def _level(told: Mapping[str, Any], name: str, inside: str = "blocking_rules") -> RiskLevel | None:
    raw = told.get(name)
    return raw if raw is None else parsed(RiskLevel.parse, raw, f"{inside}.{name}")


def _expiry(raw: Any, place: str) -> int:
    """Unix ns of a time with its zone; of a bare day, its end in UTC."""
    text = raw.isoformat() if hasattr(raw, "isoformat") else raw  # YAML reads times by itself
    return parsed(_nanoseconds, text, place)


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
