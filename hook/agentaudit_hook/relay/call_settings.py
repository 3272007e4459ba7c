"""What each call's own environment may say: what is kept back of it, and who works there.

A relay answers many sessions. What it is made of (where records go, with which key) is told by the
name of its place, so that another such setting has another relay. The settings here go with every
call in its frame instead: of what is kept back the strictest counts, and whom an administrator has
named nobody names anew.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from agentaudit_hook.relay.capture import stricter
from agentaudit_hook.setting_checks import variable_of
from agentaudit_hook.settings import MANAGED_PATH, BadSettings, Settings, file_settings
from agentaudit_processor.policy import Capture, CapturePolicy, Naming

CAPTURE = (
    "capture_arguments",
    "capture_results",
    "capture_prompts",
    "capture_user",
    "never_paths",
    "never_commands",
)
NAMES = ("user_email", "user_id")
PER_CALL = (*CAPTURE, *NAMES)
"""Settings that the frame of a call carries; all others are of the relay itself."""
STRICTEST = CapturePolicy(
    arguments=Capture.OFF, results=Capture.OFF, prompts=Capture.OFF, user=Naming.HASH
)
BY_ADMINISTRATOR = "administrator"
BY_ENVIRONMENT = "environment"
BY_FILE = "config file"

_Choice = TypeVar("_Choice", Capture, Naming)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """Who works there, and who says so."""

    email: str | None = None
    id: str | None = None
    by: str | None = None
    """`administrator`, `environment` or `config file`; None: the system's user alone is known."""


class CallSettings:
    """Reads them from the frame's header; `settings` are the relay's own, without a session's."""

    def __init__(self, settings: Settings, managed: frozenset[str] | None = None) -> None:
        """Args: `managed` are the settings that the administrator's file decides."""
        self._settings = settings
        self._managed = _decided() if managed is None else managed
        self._named_ill: set[str] = set()

    def capture(self, header: Mapping[str, str]) -> CapturePolicy:
        """What may leave of that call at most. A value that means nothing keeps all back."""
        said = {name: self._said(header, name) for name in CAPTURE}
        told = CapturePolicy(
            arguments=self._choice(Capture, "capture_arguments", said),
            results=self._choice(Capture, "capture_results", said),
            prompts=self._choice(Capture, "capture_prompts", said),
            user=self._choice(Naming, "capture_user", said),
        )
        globs = {name: said[name] for name in ("never_paths", "never_commands")}
        return stricter(stricter(self._settings.capture, told), Settings(**globs).capture)

    def user(self, header: Mapping[str, str]) -> Stated:
        """Who works there; an exemption may hang on it, so that an administrator's word is last."""
        own = {name: getattr(self._settings, name) for name in NAMES}
        if not self._managed.isdisjoint(NAMES):
            by_rule = {name: own[name] if name in self._managed else "" for name in NAMES}
            return _stated(by_rule, BY_ADMINISTRATOR)
        said = {name: self._said(header, name) for name in NAMES}
        if any(said.values()):
            return _stated({name: said[name] or own[name] for name in NAMES}, BY_ENVIRONMENT)
        return _stated(own, BY_FILE)

    def _said(self, header: Mapping[str, str], name: str) -> str:
        return "" if name in self._managed else header.get(variable_of(name), "").strip()

    def _choice(self, kind: type[_Choice], name: str, said: Mapping[str, str]) -> _Choice:
        values = list(kind)
        if not said[name]:
            return values[0]
        if said[name] in values:
            return kind(said[name])
        if name not in self._named_ill:
            self._named_ill.add(name)
            _log.warning("%s means nothing in a session: all is kept back", variable_of(name))
        return values[-1]


def strictest(settings: Settings) -> Settings:
    """The same keeping all content and names back."""
    return replace(
        settings,
        capture_arguments=STRICTEST.arguments.value,
        capture_results=STRICTEST.results.value,
        capture_prompts=STRICTEST.prompts.value,
        capture_user=STRICTEST.user.value,
    )


def _stated(named: Mapping[str, str], by: str) -> Stated:
    email, user_id = named["user_email"] or None, named["user_id"] or None
    return Stated(email=email, id=user_id, by=by if email or user_id else None)


def _decided() -> frozenset[str]:
    try:
        return frozenset(file_settings(MANAGED_PATH))
    except BadSettings:  # told where the relay reads its settings: nothing is sent then
        return frozenset(PER_CALL)
