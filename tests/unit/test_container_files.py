"""docker-compose.yml, the Collector's configuration and its build manifest fit together."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.requirements import need

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
CONFIGS = [
    "otel-collector-config.yaml",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs/scale").glob("*.yaml")),
]
KINDS = ("extensions", "receivers", "processors", "exporters")
FOR_TESTS = {"exporters": {"otlphttp"}}
"""Components of no configuration that we ship, by which tests send to us."""


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = load("docker-compose.yml")["services"]
    return found


def test_the_compose_file_follows_the_specification() -> None:
    checked = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", str(COMPOSE)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout


def test_the_services_have_the_names_that_the_guide_uses(services: dict[str, Any]) -> None:
    assert set(services) == {"otel-collector", "processor", "api", "db"}


def test_the_collector_image_is_of_the_version_that_the_tests_build(
    services: dict[str, Any],
) -> None:
    version = load("scripts/collector-builder.yaml")["dist"]["version"]

    assert services["otel-collector"]["image"].endswith(f"-contrib:{version}")


def test_every_image_is_pinned_and_nothing_runs_as_root(services: dict[str, Any]) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()

    assert all(re.search(r":[\w.-]+$", service["image"]) for service in services.values())
    assert all("latest" not in service["image"] for service in services.values())
    assert all("user" in services[name] for name in ("otel-collector", "db"))
    assert re.search(r"^USER (\d+)$", dockerfile, re.MULTILINE)


def test_every_service_has_a_limit_no_privilege_and_a_root_it_cannot_write(
    services: dict[str, Any],
) -> None:
    for service in services.values():
        assert {"memory", "pids"} == set(service["deploy"]["resources"]["limits"])
        assert (True, ["ALL"]) == (service["read_only"], service["cap_drop"])


def test_everything_is_published_on_loopback_unless_told_otherwise(
    services: dict[str, Any],
) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]

    assert {port.rsplit(":", 1)[1] for port in published} == {"4317", "4318", "8000", "13133"}
    assert all(re.match(r"(\$\{\w+:-)?127\.0\.0\.1", port) for port in published)


def test_the_processor_waits_for_the_api_and_the_api_for_the_database(
    services: dict[str, Any],
) -> None:
    healthy = {"condition": "service_healthy"}

    assert services["processor"]["depends_on"] == {"api": healthy}
    assert services["api"]["depends_on"] == {"db": healthy}
    assert all("healthcheck" in services[name] for name in ("processor", "api", "db"))


def test_the_processor_forwards_to_the_collectors_second_receiver(
    services: dict[str, Any],
) -> None:
    endpoint = services["processor"]["environment"]["AGENTAUDIT_FORWARD_ENDPOINT"]
    enriched = load("otel-collector-config.yaml")["receivers"]["otlp/enriched"]

    port = enriched["protocols"]["grpc"]["endpoint"].rstrip("}").rsplit(":", 1)[1]
    assert endpoint == f"http://otel-collector:{port}"


def test_the_manifest_lists_exactly_the_components_that_the_configurations_name() -> None:
    manifest = load("scripts/collector-builder.yaml")

    for kind in KINDS:
        named = {
            name.partition("/")[0].replace("_", "")
            for config in CONFIGS
            for name in load(config).get(kind, {})
        }
        built = {_component(entry["gomod"], kind.removesuffix("s")) for entry in manifest[kind]}
        # The module of the gRPC exporter is named after OTLP alone.
        named = {name.removesuffix("grpc") for name in named} | FOR_TESTS.get(kind, set())
        assert named == built


@pytest.mark.parametrize("name", CONFIGS)
def test_every_component_of_a_configuration_is_in_use(name: str) -> None:
    config = load(name)
    pipelines = config["service"]["pipelines"].values()

    for kind in ("receivers", "processors", "exporters"):
        used = {name for pipeline in pipelines for name in pipeline.get(kind, ())}
        assert used == set(config.get(kind, ()))
    assert config["service"]["extensions"] == list(config["extensions"])


def test_the_collector_keeps_no_queue_between_a_hook_and_its_ack() -> None:
    exporter = load("otel-collector-config.yaml")["exporters"]["otlp_grpc/processor"]

    assert exporter["sending_queue"] == {"enabled": False}
    assert exporter["retry_on_failure"] == {"enabled": False}


def test_the_dockerfile_copies_only_what_its_ignore_file_lets_through() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.M)
    let_through = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.M)

    assert {name for names in copied for name in names.split()} == set(let_through)


def test_the_images_system_packages_are_those_of_the_setup_script() -> None:
    wanted = re.compile(r"\b(?:libpango[\w.-]+|libharfbuzz[\w-]+|fonts-[\w-]+)")
    dockerfile = (ROOT / "Dockerfile").read_text()
    setup = (ROOT / "scripts" / "setup.sh").read_text()

    assert set(wanted.findall(dockerfile)) == set(wanted.findall(setup))


def _component(gomod: str, kind: str) -> str:
    module = gomod.partition(" ")[0].rpartition("/")[2]
    return module.removesuffix(kind)


# --- with TLS ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def with_tls() -> dict[str, Any]:
    """The project that Docker Compose makes of both files, by its own library."""
    loaded = subprocess.run(
        [need("compose"), "docker-compose.yml", "docker-compose.tls.yml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert "" == loaded.stderr
    found: dict[str, Any] = json.loads(loaded.stdout)
    return found


def test_with_tls_no_secret_stands_in_a_variable(with_tls: dict[str, Any]) -> None:
    told = {
        name
        for service in with_tls["services"].values()
        for name, value in service.get("environment", {}).items()
        if "PASSWORD" in name or "DATABASE_URL" in name or "agentaudit:" in str(value)
    }

    assert {"POSTGRES_PASSWORD_FILE"} == told


def test_with_tls_every_service_has_the_files_that_it_reads(with_tls: dict[str, Any]) -> None:
    services = with_tls["services"]
    files = {
        name: {secret["target"] for secret in service.get("secrets", [])}
        for name, service in services.items()
    }

    tls = {"/run/secrets/tls_cert", "/run/secrets/tls_key"}
    database = "/run/secrets/agentaudit_database_url"
    assert {
        "otel-collector": tls,
        "processor": {database},
        "api": {database, *tls},
        "db": {"/run/secrets/db_password"},
    } == files
    assert {"/run/secrets"} == {
        services[name]["environment"]["AGENTAUDIT_SECRETS_DIR"] for name in ("processor", "api")
    }


def test_with_tls_the_limits_stay(with_tls: dict[str, Any]) -> None:
    for service in with_tls["services"].values():
        assert {"memory", "pids"} == set(service["deploy"]["resources"]["limits"])
        assert (True, ["ALL"]) == (service["read_only"], service["cap_drop"])


def test_with_tls_the_collector_lays_the_file_over_its_configuration(
    with_tls: dict[str, Any],
) -> None:
    service = with_tls["services"]["otel-collector"]
    mounted = {volume["target"]: volume["source"] for volume in service["volumes"]}

    given = [word.removeprefix("--config=") for word in service["command"]]
    assert given == list(mounted)
    assert [
        str(ROOT / "otel-collector-config.yaml"),
        str(ROOT / "deploy/compose/otel-collector-tls.yaml"),
    ] == [mounted[path] for path in given]
