"""deploy/: the units are sound, and the manifests name flags, ports and paths that exist."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentaudit_backend.commands import settings_of
from agentaudit_backend.settings import Settings, flag_of

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))


def objects(kind: str) -> list[dict[str, Any]]:
    found = [one for path in MANIFESTS for one in yaml.safe_load_all(path.read_text())]
    return [one for one in found if one["kind"] == kind]


def flags_of(verb: str) -> set[str]:
    return {flag_of(name) for name in settings_of(verb)}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong_with_a_unit(unit: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("NOT TESTED, this machine lacks systemd-analyze")
    here = tmp_path / unit.name
    here.write_text(unit.read_text().replace("/opt/agentaudit/bin/agentaudit", sys.executable))

    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", here],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (0, "") == (checked.returncode, checked.stderr)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_verb_with_flags_that_it_knows(unit: Path) -> None:
    command = re.search(r"^ExecStart=\S+/agentaudit (\w+) (.+)$", unit.read_text(), re.MULTILINE)

    assert command
    assert set(re.findall(r"--[\w-]+", command[2])) <= flags_of(command[1])


def test_the_manifests_start_verbs_with_flags_that_they_know() -> None:
    for one in objects("StatefulSet"):
        (container,) = one["spec"]["template"]["spec"]["containers"]
        verb, *words = container["args"]

        assert {word for word in words if word.startswith("--")} <= flags_of(verb)


def test_no_container_may_more_than_it_needs() -> None:
    for one in objects("StatefulSet"):
        pod = one["spec"]["template"]["spec"]
        (container,) = pod["containers"]

        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]


def test_services_and_probes_name_ports_of_their_containers() -> None:
    sets = {one["metadata"]["name"]: one["spec"]["template"] for one in objects("StatefulSet")}
    for service in objects("Service"):
        template = sets[service["metadata"]["name"]]
        (container,) = template["spec"]["containers"]
        ports = {port["name"] for port in container["ports"]}

        assert service["spec"]["selector"] == template["metadata"]["labels"]
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
        assert container["livenessProbe"]["tcpSocket"]["port"] in ports


def test_the_ports_are_the_servers_own() -> None:
    told = {
        port["name"]: port["containerPort"]
        for one in objects("StatefulSet")
        for port in one["spec"]["template"]["spec"]["containers"][0]["ports"]
    }
    defaults = Settings.model_fields

    assert told["web"] == defaults["port"].default
    assert told["otlp-grpc"] == defaults["otlp_grpc_port"].default
    assert told["otlp-http"] == defaults["otlp_http_port"].default
    assert (8888, 13133) == (told["metrics"], told["health"])


def test_every_manifest_is_named_in_the_kustomization() -> None:
    (kustomization,) = objects("Kustomization")

    named = {*kustomization["resources"], "kustomization.yaml"}
    assert {path.name for path in MANIFESTS} == named
