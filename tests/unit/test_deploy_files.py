"""deploy/: the units are sound, and the manifests name flags, ports and paths that exist."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_validate import ValidationError, validate

from agentaudit_backend.commands import settings_of
from agentaudit_backend.settings import Settings, flag_of
from tests.support.requirements import need

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))


KUBERNETES = ("1.30", "1.37")
"""Versions whose schemas the objects are held against; strictly: no field may be unknown."""


def all_objects() -> list[dict[str, Any]]:
    return [one for path in MANIFESTS for one in yaml.safe_load_all(path.read_text())]


def objects(kind: str) -> list[dict[str, Any]]:
    return [one for one in all_objects() if one["kind"] == kind]


def flags_of(verb: str) -> set[str]:
    return {flag_of(name) for name in settings_of(verb)}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong_with_a_unit(unit: Path, tmp_path: Path) -> None:
    analyze = need("systemd-analyze")
    here = tmp_path / unit.name
    here.write_text(unit.read_text().replace("/opt/agentaudit/bin/agentaudit", sys.executable))

    checked = subprocess.run(
        [analyze, "verify", "--man=no", here],
        capture_output=True,
        text=True,
        timeout=180,
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


@pytest.mark.parametrize("version", KUBERNETES)
def test_every_manifest_is_what_kubernetes_takes(version: str) -> None:
    for one in all_objects():
        if one["kind"] != "Kustomization":  # for kubectl alone
            validate(one, version, strict=True)


# --- the chart -----------------------------------------------------------------------------------

CHART = DEPLOY / "helm" / "agentaudit"


def helm(*words: str) -> str:
    done = subprocess.run(
        [need("helm"), *words, "--kube-version=1.33.0"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def made_by_the_chart(*settings: str) -> list[dict[str, Any]]:
    """All objects that a release `agentaudit` has."""
    told = helm("template", "agentaudit", str(CHART), *(f"--set={one}" for one in settings))
    return [one for one in yaml.safe_load_all(told) if one]


def rendered(kind: str, *settings: str) -> dict[str, Any]:
    """Those of a kind, by name."""
    found = [one for one in made_by_the_chart(*settings) if one["kind"] == kind]
    return {one["metadata"]["name"]: one for one in found}


def test_helm_finds_nothing_wrong_with_the_chart() -> None:
    told = helm("lint", "--strict", str(CHART))

    assert "0 chart(s) failed" in told


def test_the_chart_makes_what_the_kustomize_base_makes() -> None:
    based = {one["metadata"]["name"]: one["spec"] for one in objects("StatefulSet")}
    made = {name: one["spec"] for name, one in rendered("StatefulSet").items()}

    assert set(based) == set(made)
    for name, spec in based.items():
        (container,) = made[name]["template"]["spec"]["containers"]
        assert container.pop("image") == "agentaudit:local"
        spec["template"]["spec"]["containers"][0].pop("image")
        assert spec["template"]["spec"] == made[name]["template"]["spec"]
        for part in ("replicas", "serviceName", "volumeClaimTemplates", "podManagementPolicy"):
            assert spec[part] == made[name][part]


def test_the_charts_services_and_policies_are_the_bases() -> None:
    for kind in ("Service", "NetworkPolicy", "PodDisruptionBudget"):
        based = {one["metadata"]["name"]: one["spec"] for one in objects(kind)}

        assert based == {name: one["spec"] for name, one in rendered(kind).items()}


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize(
    "settings",
    [(), ("tls.secretName=web-tls", "processor.replicas=3", "env.AGENTAUDIT_LOG_FORMAT=json")],
    ids=str,
)
def test_everything_that_the_chart_makes_is_what_kubernetes_takes(
    version: str, settings: tuple[str, ...]
) -> None:
    made = made_by_the_chart(*settings)

    assert {"StatefulSet", "Service", "NetworkPolicy"} <= {one["kind"] for one in made}
    for one in made:
        validate(one, version, strict=True)


def test_a_field_that_kubernetes_does_not_know_is_seen() -> None:
    (one,) = (each for each in made_by_the_chart() if each["kind"] == "NetworkPolicy")
    one["spec"]["podSelektor"] = {}

    with pytest.raises(ValidationError):
        validate(one, KUBERNETES[-1], strict=True)


def test_with_a_certificate_the_charts_pods_speak_tls() -> None:
    for one in rendered("StatefulSet", "tls.secretName=web-tls").values():
        pod = one["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        told = {variable["name"]: variable.get("value") for variable in container["env"]}
        probes = [container[name]["httpGet"] for name in ("startupProbe", "readinessProbe")]

        assert "/tls/tls.crt" == told["AGENTAUDIT_TLS_CERT_FILE"]
        assert "web-tls" == pod["volumes"][-1]["secret"]["secretName"]
        assert {"HTTPS"} == {probe["scheme"] for probe in probes}


def test_the_chart_hands_on_variables_as_text() -> None:
    for one in rendered("StatefulSet", "env.AGENTAUDIT_WORKERS=2").values():
        (container,) = one["spec"]["template"]["spec"]["containers"]

        assert {"name": "AGENTAUDIT_WORKERS", "value": "2"} in container["env"]
