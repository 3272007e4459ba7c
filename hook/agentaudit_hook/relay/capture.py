"""What of a record leaves the machine: arguments, results, prompts, the user's name. Pure.

Judged is all of it, before. Here the content is reduced as the policy says, or as this machine says
where that is stricter, and the record says what was kept back. Digests are keyed: nobody without
the organisation's key can try out what the text may have been.
"""

import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from agentaudit_hook.agents.shape import CAPTURE_ALL
from agentaudit_processor.classify.globs import matches
from agentaudit_processor.model import Activity, Actor, Fact, Json, ToolCall
from agentaudit_processor.policy import Capture, CapturePolicy, Naming

if TYPE_CHECKING:
    from agentaudit_processor.examination import Examination

UNREAD = "head"
"""The field of a Fact with the beginning of what could not be read."""
_CONTENT_OF_FACTS = (
    UNREAD,
    "tool_input",
    "toolArgs",
    "permission_suggestions",
    "reason",
    "description",
    "message",
    "title",
    "session_title",
    "background_tasks",
    "session_crons",
    "task_subject",
    "task_description",
    "error_details",
)
"""Fields in which a Fact tells what a call was to do, what could not be read, what is planned."""
_PATH_FIELDS = ("file_path", "notebook_path", "path")
_COMMAND_FIELDS = ("command", "cmd", "shell_command")
_BETWEEN_COMMANDS = str.maketrans(dict.fromkeys(";&|\n", "\n"))
_PSEUDONYM_CHARS = 16

Choice = TypeVar("Choice", Capture, Naming)
Text = TypeVar("Text", str, str | None)


def stricter(policy: CapturePolicy, own: CapturePolicy) -> CapturePolicy:
    """Of each switch the one that lets less out: a machine may only tighten its policy."""
    return CapturePolicy(
        arguments=_stricter(policy.arguments, own.arguments),
        results=_stricter(policy.results, own.results),
        prompts=_stricter(policy.prompts, own.prompts),
        never_paths=tuple(dict.fromkeys((*policy.never_paths, *own.never_paths))),
        never_commands=tuple(dict.fromkeys((*policy.never_commands, *own.never_commands))),
        user=_stricter(policy.user, own.user),
    )


class Reducer:
    """Reduces records under one CapturePolicy.

    `key` is the organisation's; without one, digests and pseudonyms are this machine's alone.
    """

    def __init__(self, capture: CapturePolicy, key: bytes) -> None:
        self._capture = capture
        self._key = key
        self._lets_all_out = capture == replace(CAPTURE_ALL, prompts=capture.prompts)

    def reduce(self, exam: "Examination", prose: frozenset[str]) -> Activity:
        """The form of what was examined that may leave; `prose` are fields of what people said."""
        wire = exam.without_secrets()
        told = wire.data if isinstance(wire, Fact) else wire.extra
        if self._lets_all_out and prose.isdisjoint(told):
            return wire
        levels = (self._capture.arguments, self._capture.results, self._capture.prompts)
        masked = exam.masked() if Capture.MASKED in levels else wire
        if isinstance(wire, Fact) and isinstance(masked, Fact):
            return self._fact(wire, masked, prose, exam)
        assert isinstance(wire, ToolCall) and isinstance(masked, ToolCall)  # noqa: S101, PT018  both
        return self._call(wire, masked, prose, exam)

    def unnamed(self, activity: Activity) -> Activity:
        """An Activity that has no content left, its actor named as may be."""
        actor, naming = self._actor(activity.actor)
        return replace(
            activity, actor=actor, cwd=self._folder(activity.cwd), reduced=_said({}, "", naming)
        )

    def _call(
        self, wire: ToolCall, masked: ToolCall, prose: frozenset[str], exam: "Examination"
    ) -> ToolCall:
        hidden = self._hidden(wire.arguments, wire.cwd, exam)
        arguments = Capture.OFF if hidden else self._capture.arguments
        results = Capture.OFF if hidden else self._capture.results
        reduced = {"arguments": arguments, "results": results}
        own_words = wire.error_type == "policy_block"  # our refusal, which quotes the arguments
        error = arguments if own_words else results
        actor, naming = self._actor(wire.actor)
        return replace(
            wire,
            actor=actor,
            arguments=self._fields(arguments, wire.arguments, masked.arguments, hidden),
            result=self._value(results, wire.result, masked.result),
            error_message=self._message(error, wire.error_message, masked.error_message),
            extra=self._extra(wire.extra, masked.extra, prose, arguments),
            cwd=self._folder(wire.cwd),
            reduced=_said(reduced, hidden, naming),
        )

    def _fact(self, wire: Fact, masked: Fact, prose: frozenset[str], exam: "Examination") -> Fact:
        actor, naming = self._actor(wire.actor)
        hidden = self._hidden_fact(wire, exam)
        arguments = Capture.OFF if hidden else self._capture.arguments
        kept_back: dict[str, Capture] = {}
        if prose & wire.data.keys():
            kept_back["prompts"] = self._capture.prompts
        if any(name in wire.data for name in _CONTENT_OF_FACTS):
            kept_back["arguments"] = arguments
        return replace(
            wire,
            actor=actor,
            data=self._extra(wire.data, masked.data, prose, arguments),
            cwd=self._folder(wire.cwd),
            reduced=_said(kept_back, hidden, naming),
        )

    def _hidden_fact(self, fact: Fact, exam: "Examination") -> str:
        """As `_hidden`, of the call that a Fact tells of."""
        if UNREAD in fact.data and (self._capture.never_paths or self._capture.never_commands):
            return "never_commands"  # it may hold anything
        arguments = fact.data.get("tool_input")
        return self._hidden(arguments, fact.cwd, exam) if isinstance(arguments, dict) else ""

    def _hidden(self, arguments: Mapping[str, Json], cwd: str | None, exam: "Examination") -> str:
        """Which switch forbids a call's content altogether; "" for none."""
        written = [arguments.get(name) for name in _COMMAND_FIELDS]
        run = [*exam.commands, *(command for command in written if isinstance(command, str))]
        if any(_meets_command(self._capture.never_commands, command) for command in run):
            return "never_commands"
        told = [arguments.get(name) for name in _PATH_FIELDS]
        touched = [*exam.paths, *(path for path in told if isinstance(path, str))]
        return "never_paths" if _meets_path(self._capture.never_paths, touched, cwd) else ""

    def _fields(
        self, how: Capture, wire: Mapping[str, Json], masked: Mapping[str, Json], hidden: str
    ) -> Mapping[str, Json]:
        if hidden == "never_paths" and self._capture.arguments in (Capture.FULL, Capture.MASKED):
            told = masked if self._capture.arguments is Capture.MASKED else wire
            return {name: told[name] for name in _PATH_FIELDS if name in told}  # no content
        value = self._value(how, dict(wire), dict(masked))
        return value if isinstance(value, dict) else {}

    def _value(self, how: Capture, wire: Json, masked: Json) -> Json:
        match how:
            case Capture.FULL:
                return wire
            case Capture.MASKED:
                return masked
            case Capture.HASH if wire is not None and wire != {}:
                return self._digest(wire)
            case _:
                return None

    def _message(self, how: Capture, wire: str | None, masked: str | None) -> str | None:
        told = self._value(how, wire, masked)
        return told if isinstance(told, str) else None

    def _extra(
        self,
        wire: Mapping[str, Json],
        masked: Mapping[str, Json],
        prose: frozenset[str],
        arguments: Capture,
    ) -> dict[str, Json]:
        kept: dict[str, Json] = {}
        for name, value in wire.items():
            if name in prose:
                kept |= self._prose(name, value, masked.get(name))
            elif name in _CONTENT_OF_FACTS:
                kept[name] = self._value(arguments, value, masked.get(name))
            else:
                kept[name] = self._folder(value) if isinstance(value, str) else value
        return kept

    def _folder(self, path: Text) -> Text:
        """Without the home folder, which is named after its user, where users go unnamed."""
        if self._capture.user is not Naming.HASH or not path:
            return path
        home = _home()
        if not home or not path.startswith(home + "/"):
            return path
        return "~" + path[len(home) :]

    def _prose(self, name: str, wire: Json, masked: Json) -> dict[str, Json]:
        """A text, or its length and keyed digest."""
        if self._capture.prompts in (Capture.FULL, Capture.MASKED) or not wire:
            return {name: masked if self._capture.prompts is Capture.MASKED else wire}
        text = wire if isinstance(wire, str) else _canonical(wire)
        told: dict[str, Json] = {f"{name}_length": len(text)}
        if self._capture.prompts is Capture.HASH:
            told[f"{name}_digest"] = self._hmac(text)
        return told

    def _actor(self, actor: Actor) -> tuple[Actor, Naming]:
        match self._capture.user:
            case Naming.EMAIL:
                return actor, Naming.EMAIL
            case Naming.NAME:
                return replace(actor, user_email=None, user_id=None), Naming.NAME
            case _:
                who = actor.user_email or f"{actor.user_name}@{actor.host_name}"
                name = f"user-{self._hmac(who)[:_PSEUDONYM_CHARS]}"
                host = f"host-{self._hmac(actor.host_name or '')[:_PSEUDONYM_CHARS]}"
                plain = replace(actor, user_email=None, user_id=None)
                return replace(plain, user_name=name, host_name=host), Naming.HASH

    def _digest(self, value: Json) -> Json:
        text = _canonical(value)
        return {"digest": self._hmac(text), "length": len(text)}

    def _hmac(self, text: str) -> str:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256").hex()


def keeps_arguments_back(call: ToolCall) -> bool:
    """Whether not even a quotation of its arguments may leave."""
    return not {"arguments: hash", "arguments: off"}.isdisjoint(call.reduced)


def _stricter(one: Choice, other: Choice) -> Choice:
    order = list(type(one))
    return max(one, other, key=order.index)


def _said(how: Mapping[str, Capture], hidden: str, naming: Naming) -> tuple[str, ...]:
    told = [f"{what}: {level}" for what, level in how.items() if level is not Capture.FULL]
    if hidden:
        told.append(hidden)
    if naming is not Naming.EMAIL:
        told.append(f"user: {naming}")
    return tuple(told)


def _meets_command(globs: Iterable[str], command: str) -> bool:
    parts = {command.strip(), *map(str.strip, command.translate(_BETWEEN_COMMANDS).splitlines())}
    return any(matches(glob, part) for glob in globs for part in parts)


def _meets_path(globs: Iterable[str], paths: Iterable[str], cwd: str | None) -> bool:
    names = {name for path in paths for name in _names_of(path, cwd)}
    return any(matches(each, name) for glob in globs for each in _spelt(glob) for name in names)


def _names_of(path: str, cwd: str | None) -> set[str]:
    whole = f"{cwd.rstrip('/')}/{path}" if cwd and not path.startswith(("/", "~")) else path
    return {path, whole, path.rpartition("/")[2]}


def _spelt(glob: str) -> tuple[str, ...]:
    return (glob, _home() + glob[1:]) if glob.startswith("~/") else (glob,)


def _home() -> str:
    try:
        return str(Path.home())
    except RuntimeError:  # a user without a home
        return ""


def _canonical(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
