"""Settings: variables before the file before the defaults; a wrong one is named at once."""

from pathlib import Path

import pytest

from agentaudit_hook.settings import BadSettings, Settings, config_path, load_settings


def _env(tmp_path: Path, toml: str = "", **variables: str) -> dict[str, str]:
    env = {"XDG_CONFIG_HOME": str(tmp_path), **variables}
    if toml:
        config_path(env).parent.mkdir(parents=True)
        config_path(env).write_text(toml)
    return env


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    assert Settings() == load_settings(_env(tmp_path))
    assert "http://localhost:8000/v1/hook/policy" == Settings().policy_url
    assert "http://localhost:8000" == Settings().otlp_base


def test_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    toml = 'base_url = "https://audit.example.com"\napi_key = "from-file"\n'

    settings = load_settings(_env(tmp_path, toml, AGENTAUDIT_API_KEY="from-env"))

    assert ("https://audit.example.com", "from-env") == (settings.base_url, settings.api_key)


@pytest.mark.parametrize(
    "endpoint",
    ["http://c:4318", "http://c:4318/", "http://c:4318/v1/traces", "http://c:4318/v1/logs"],
)
def test_an_endpoint_may_be_written_with_or_without_its_path(endpoint: str) -> None:
    assert "http://c:4318" == Settings(otlp_endpoint=endpoint).otlp_base


@pytest.mark.parametrize(
    ("toml", "variables", "named"),
    [
        ("base_url = 7", {}, "base_url"),
        ("colour = 'red'", {}, "colour"),
        ("base_url = ", {}, "config.toml"),
        ("", {"AGENTAUDIT_BASE_URL": "localhost:8000"}, "AGENTAUDIT_BASE_URL"),
        ("", {"AGENTAUDIT_BASE_URL": "http://x:port"}, "AGENTAUDIT_BASE_URL"),
        ("", {"AGENTAUDIT_OTLP_PROTOCOL": "http/json"}, "AGENTAUDIT_OTLP_PROTOCOL"),
        ("", {"AGENTAUDIT_OTLP_ENDPOINT": "collector:4318"}, "AGENTAUDIT_OTLP_ENDPOINT"),
        ("", {"AGENTAUDIT_OTLP_HEADERS": "x-team"}, "AGENTAUDIT_OTLP_HEADERS"),
        ("", {"AGENTAUDIT_OTLP_HEADERS": "x=a%0d%0ab"}, "AGENTAUDIT_OTLP_HEADERS"),
        ("", {"AGENTAUDIT_CA_FILE": "/nowhere.pem"}, "AGENTAUDIT_CA_FILE"),
        ("client_certificate = '/dev/null'", {}, "client_certificate .*config.toml"),
    ],
)
def test_a_wrong_setting_is_named_with_its_source(
    tmp_path: Path, toml: str, variables: dict[str, str], named: str
) -> None:
    with pytest.raises(BadSettings, match=named):
        load_settings(_env(tmp_path, toml, **variables))


@pytest.mark.parametrize(
    ("toml", "variables"),
    [
        ('base_url = "https://a.example"', {"AGENTAUDIT_BASE_URL": "https://b.example"}),
        ('base_url = "https://a.example"', {"AGENTAUDIT_BASE_URL": "http://a.example"}),
        ('base_url = "https://a.example"', {"AGENTAUDIT_BASE_URL": "https://a.example:444"}),
        ('base_url = "https://a.example"', {"AGENTAUDIT_OTLP_ENDPOINT": "http://b.example:4318"}),
        ("", {"AGENTAUDIT_BASE_URL": "https://b.example"}),
    ],
)
def test_no_variable_sends_the_key_of_a_file_to_another_server(
    tmp_path: Path, toml: str, variables: dict[str, str]
) -> None:
    env = _env(tmp_path, f'{toml}\napi_key = "from-file"\n', **variables)

    with pytest.raises(BadSettings, match="api_key stands in"):
        load_settings(env)
    assert "own" == load_settings(env | {"AGENTAUDIT_API_KEY": "own"}).api_key


@pytest.mark.parametrize(
    "variables",
    [
        {"AGENTAUDIT_BASE_URL": "https://a.example:443/"},
        {"AGENTAUDIT_OTLP_ENDPOINT": "https://a.example:4318"},
        {"AGENTAUDIT_OTLP_ENDPOINT": "http://localhost:4318"},
        {"AGENTAUDIT_OTLP_ENDPOINT": "127.0.0.1:4317", "AGENTAUDIT_OTLP_PROTOCOL": "grpc"},
    ],
)
def test_a_variable_may_say_another_way_to_the_same_server(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    toml = 'base_url = "https://a.example"\napi_key = "from-file"\n'

    assert "from-file" == load_settings(_env(tmp_path, toml, **variables)).api_key


def test_grpc_takes_an_endpoint_without_a_scheme(tmp_path: Path) -> None:
    variables = {"AGENTAUDIT_OTLP_PROTOCOL": "grpc", "AGENTAUDIT_OTLP_ENDPOINT": "collector:4317"}

    assert "collector:4317" == load_settings(_env(tmp_path, **variables)).otlp_base


def test_the_example_file_holds_every_setting_with_its_default(tmp_path: Path) -> None:
    example = Path(__file__).parents[3] / "hook" / "config.example.toml"

    env = _env(tmp_path, example.read_text())

    assert Settings() == load_settings(env)
    for name in Settings.__dataclass_fields__:
        assert f"\n{name} = " in example.read_text()
        assert f"# AGENTAUDIT_{name.upper()}" in example.read_text()
