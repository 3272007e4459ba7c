"""Settings: flag over variable over default, and errors that name setting and value."""

from pathlib import Path

import pytest

from agentaudit_backend.settings import BadSettings, Settings, load_settings


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"AGENTAUDIT_{name.upper()}", raising=False)


def test_a_flag_wins_over_the_variable_and_that_over_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AGENTAUDIT_PORT", "9001")
    monkeypatch.setenv("AGENTAUDIT_OTLP_GRPC_PORT", "9002")

    settings = load_settings({"port": "9000"})

    ports = (settings.port, settings.otlp_grpc_port, settings.otlp_http_port)
    assert (9000, 9002, 4318) == ports


@pytest.mark.parametrize("variable", ["AGENTAUDIT_SECRETS_DIR", "CREDENTIALS_DIRECTORY"])
def test_a_secret_is_read_from_its_file_unless_a_variable_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    (tmp_path / "agentaudit_database_url").write_text("postgresql://me:geheim@db/a\n")
    (tmp_path / "agentaudit_forward_headers").write_text("authorization=Bearer a")
    monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setenv("AGENTAUDIT_FORWARD_HEADERS", "x-team=red")

    settings = load_settings({})

    assert "postgresql://me:geheim@db/a" == settings.database_url
    assert {"x-team": "red"} == settings.forward_headers


def test_a_folder_of_secrets_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AGENTAUDIT_SECRETS_DIR", str(tmp_path / "none"))

    with pytest.raises(BadSettings, match=r"AGENTAUDIT_SECRETS_DIR: .*none'"):
        load_settings({})


def test_the_data_directory_follows_the_xdg_specification(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    settings = load_settings({})

    assert tmp_path / "agentaudit" == settings.data_dir
    assert f"sqlite:///{tmp_path}/agentaudit/agentaudit.db" == settings.store_url


def test_a_database_url_takes_the_place_of_sqlite() -> None:
    url = "postgresql://me:geheim@db/audit"

    assert url == load_settings({"database_url": url}).store_url


def test_forward_headers_are_read_as_otel_writes_them() -> None:
    settings = load_settings({"forward_headers": "authorization=Bearer a=b, x-team = red"})

    assert {"authorization": "Bearer a=b", "x-team": "red"} == settings.forward_headers


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("port", "many", "--port / AGENTAUDIT_PORT: 'many'"),
        ("otlp_http_port", "65536", "--otlp-http-port / AGENTAUDIT_OTLP_HTTP_PORT: '65536'"),
        ("forward_endpoint", "collector:4317", "--forward-endpoint / AGENTAUDIT_FORWARD_ENDPOINT"),
        ("log_level", "loud", "--log-level / AGENTAUDIT_LOG_LEVEL: 'loud'"),
        ("database_url", "mysql://me:geheim@db/a", "--database-url / AGENTAUDIT_DATABASE_URL"),
        ("forward_headers", "geheim", "--forward-headers / AGENTAUDIT_FORWARD_HEADERS"),
    ],
)
def test_a_wrong_value_is_named_but_no_secret_is(name: str, value: str, shown: str) -> None:
    with pytest.raises(BadSettings) as bad:
        load_settings({name: value})

    assert shown in str(bad.value)
    assert "geheim" not in str(bad.value)


def test_every_wrong_value_is_named_at_once() -> None:
    with pytest.raises(BadSettings) as bad:
        load_settings({"port": "x", "otlp_grpc_port": "y"})

    assert 2 == len(str(bad.value).splitlines())


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("audit.example.com", False),
    ],
)
def test_only_loopback_is_local(host: str, is_local: bool) -> None:
    assert is_local is load_settings({"host": host}).is_local
