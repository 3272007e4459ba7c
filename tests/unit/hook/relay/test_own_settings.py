"""Which settings are a relay's own, which a call's, and what holds when one cannot be used."""

from pathlib import Path

import pytest

from agentaudit_hook.places import IDENTITY, MORE_IDENTITY, NETWORK, find_place
from agentaudit_hook.relay.call_settings import (
    BY_ADMINISTRATOR,
    BY_ENVIRONMENT,
    BY_FILE,
    CAPTURE,
    NAMES,
    PER_CALL,
    STRICTEST,
    CallSettings,
    Stated,
)
from agentaudit_hook.relay.own_settings import own_settings
from agentaudit_hook.setting_checks import variable_of
from agentaudit_hook.settings import Settings, config_path
from agentaudit_processor.policy import Capture, Naming

ALICE, MALLORY = "alice@example.com", "mallory@example.com"


def test_every_setting_is_of_the_relay_or_of_the_call_and_never_of_the_first_session() -> None:
    of_relay = {*IDENTITY, *MORE_IDENTITY} - {"XDG_CONFIG_HOME"}
    of_call = {variable_of(name) for name in PER_CALL}

    assert {variable_of(name) for name in Settings.__dataclass_fields__} == of_relay | of_call
    assert not of_relay & of_call


@pytest.mark.parametrize("name", IDENTITY + MORE_IDENTITY + NETWORK)
def test_another_value_of_a_relays_setting_is_another_relay(name: str) -> None:
    env = {"HOME": "/home/alice"}

    assert find_place(env).name != find_place(env | {name: "/other"}).name


@pytest.mark.parametrize("name", PER_CALL)
def test_the_session_that_starts_a_relay_leaves_it_nothing_of_its_own(
    tmp_path: Path, name: str
) -> None:
    env = {"XDG_CONFIG_HOME": str(tmp_path), variable_of(name): "off"}

    assert (Settings(), None) == own_settings(env)
    assert find_place(env).name == find_place({"XDG_CONFIG_HOME": str(tmp_path)}).name


def test_of_file_and_session_the_stricter_counts() -> None:
    own = CallSettings(Settings(capture_results="hash", never_paths="*.pem"), frozenset())

    told = own.capture(
        {
            "AGENTAUDIT_CAPTURE_RESULTS": "full",
            "AGENTAUDIT_CAPTURE_ARGUMENTS": "masked",
            "AGENTAUDIT_NEVER_PATHS": "~/.ssh/*",
        }
    )

    assert (Capture.MASKED, Capture.HASH) == (told.arguments, told.results)
    assert ("*.pem", "~/.ssh/*") == told.never_paths


def test_what_an_administrator_decided_no_session_changes() -> None:
    own = CallSettings(Settings(capture_arguments="masked"), frozenset(CAPTURE))

    told = own.capture({"AGENTAUDIT_CAPTURE_ARGUMENTS": "off", "AGENTAUDIT_CAPTURE_USER": "hash"})

    assert (Capture.MASKED, Naming.EMAIL) == (told.arguments, told.user)


@pytest.mark.parametrize("name", [name for name in CAPTURE if name.startswith("capture_")])
def test_a_switch_that_means_nothing_keeps_all_back(name: str) -> None:
    told = CallSettings(Settings(), frozenset()).capture({variable_of(name): "nothnig"})

    switch = name.removeprefix("capture_")
    assert getattr(STRICTEST, switch) == getattr(told, switch)


@pytest.mark.parametrize(
    ("settings", "managed", "stated"),
    [
        ({}, (), Stated(email=MALLORY, id="m", by=BY_ENVIRONMENT)),
        ({"user_email": ALICE}, (), Stated(email=MALLORY, id="m", by=BY_ENVIRONMENT)),
        ({"user_email": ALICE}, NAMES[:1], Stated(email=ALICE, id=None, by=BY_ADMINISTRATOR)),
        ({"user_id": "a"}, NAMES[1:], Stated(email=None, id="a", by=BY_ADMINISTRATOR)),
    ],
    ids=["nobody", "user's file", "administrator by e-mail", "administrator by id"],
)
def test_whom_an_administrator_names_no_variable_names_anew(
    settings: dict[str, str], managed: tuple[str, ...], stated: Stated
) -> None:
    own = CallSettings(Settings(**settings), frozenset(managed))

    told = own.user({"AGENTAUDIT_USER_EMAIL": MALLORY, "AGENTAUDIT_USER_ID": "m"})

    assert stated == told


def test_a_name_says_where_it_comes_from() -> None:
    own = CallSettings(Settings(user_email=ALICE), frozenset())

    assert Stated(email=ALICE, by=BY_FILE) == own.user({})
    assert Stated() == CallSettings(Settings(), frozenset()).user({})


@pytest.mark.parametrize(
    "toml",
    [
        'otlp_protocol = "carrier pigeon"',
        'capture_arguments = "nothnig"',
        'colour = "red"',
        "base_url = ",
        "never_paths = 7",
    ],
)
def test_a_setting_that_cannot_be_used_keeps_all_content_back(tmp_path: Path, toml: str) -> None:
    env = _env(tmp_path, toml)

    settings, problem = own_settings(env)

    assert STRICTEST == settings.capture
    assert problem is not None
    assert str(config_path(env)) in problem


def test_what_can_be_used_of_bad_settings_still_finds_the_policy(tmp_path: Path) -> None:
    toml = 'base_url = "https://audit.example"\napi_key = "k"\notlp_protocol = "?"\n'

    settings, _ = own_settings(_env(tmp_path, toml))

    assert ("https://audit.example", "k") == (settings.base_url, settings.api_key)
    assert "http/protobuf" == settings.otlp_protocol


def test_the_key_of_a_file_stays_with_its_server_even_then(tmp_path: Path) -> None:
    toml = 'base_url = "https://audit.example"\napi_key = "k"\n'

    settings, problem = own_settings(
        _env(tmp_path, toml, AGENTAUDIT_BASE_URL="https://evil.example")
    )

    assert "https://audit.example" == settings.base_url
    assert problem is not None
    assert "evil.example" in problem


def _env(tmp_path: Path, toml: str, **variables: str) -> dict[str, str]:
    env = {"XDG_CONFIG_HOME": str(tmp_path), **variables}
    config_path(env).parent.mkdir(parents=True)
    config_path(env).write_text(toml)
    return env
