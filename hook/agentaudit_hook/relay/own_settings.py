"""The settings that a relay works by: those of its place, and what to do when they cannot be used.

Then nothing is sent, and nothing is lost but content: each value that can be used is, so that the
policy stays known, and every privacy switch is as strict as its kind allows, for nobody can tell
any more what was wanted.
"""

from collections.abc import Iterator, Mapping

from agentaudit_hook.relay.call_settings import PER_CALL, strictest
from agentaudit_hook.setting_checks import variable_of
from agentaudit_hook.settings import (
    MANAGED_PATH,
    BadSettings,
    Settings,
    checked,
    config_path,
    load_settings,
    readable_part,
)

_WHERE = ("base_url", "otlp_endpoint")


def own_settings(env: Mapping[str, str]) -> tuple[Settings, str | None]:
    """The settings, and what is wrong with them, in a sentence; None if nothing is.

    What goes with each call (`call_settings`) is not read from `env`, which is that of whichever
    session came first.
    """
    per_call = {variable_of(name) for name in PER_CALL}
    own = {name: value for name, value in env.items() if name not in per_call}
    try:
        return load_settings(own), None
    except BadSettings as error:
        problem = f"{error}. Records are kept until it is mended, and hold no content."
        return strictest(_usable(own)), problem


def _usable(env: Mapping[str, str]) -> Settings:
    """What can be used; where records go as the files say, whose key goes nowhere else."""
    told: dict[str, str] = {}
    for layer in _layers(env):
        told |= layer
    return Settings(**told)


def _layers(env: Mapping[str, str]) -> Iterator[dict[str, str]]:
    user, managed = readable_part(config_path(env)), readable_part(MANAGED_PATH)
    said = {name: env.get(variable_of(name), "").strip() for name in Settings.__dataclass_fields__}
    files = user | managed
    if "api_key" in files and not said["api_key"]:
        said |= dict.fromkeys(_WHERE, "")
    for layer in (user, said, managed):
        yield {name: value for name, value in layer.items() if value and _is_usable(name, value)}


def _is_usable(name: str, value: str) -> bool:
    try:
        checked(Settings(**{name: value}))
    except BadSettings:
        return False
    return True
