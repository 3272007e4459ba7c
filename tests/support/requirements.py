"""What tests drive for real and a machine may lack: `need("claude")` finds it, skips or fails.

A developer's machine without a part skips its tests, naming what to install. With `CI=true` a
missing part fails: CI must never go green by not looking. Only the agents of `make e2e-agents`, 700
MB, are not for CI.
"""

import os
import platform
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

CLAUDE_VERSION = "2.1.330"  # as scripts/test-setup.sh fetches it
JS_EXPORTERS_VERSION = "0.223.1"  # likewise
OIDC_PROVIDER_VERSION = "9.13.3"  # likewise
KAFKA_VERSION = "4.1.0"  # likewise
PHOENIX_VERSION = "20.26.1"  # likewise
ROTEL_VERSION = "0.0.1a15"  # likewise
HELM_VERSION = "3.19.0"  # likewise
FUZZERS = "fuzzers-atheris-3.0.0-schemathesis-4.32.5"  # likewise
AGENTS = {  # as scripts/fetch-agents.sh fetches them: folder, command
    "codex": ("codex-0.169.0", "codex"),
    "gemini-cli": ("gemini-cli-0.61.0", "gemini"),
    "copilot-cli": ("copilot-cli-1.0.102", "copilot"),
}
_PLATFORMS = {
    ("Linux", "x86_64"): "linux-x64",
    ("Linux", "aarch64"): "linux-arm64",
    ("Darwin", "arm64"): "darwin-arm64",
    ("Darwin", "x86_64"): "darwin-x64",
}


def cache_dir() -> Path:
    """Where downloads live, outside the checkout, shared by all checkouts."""
    return _caches() / "agentaudit-ci"


def shared_cache() -> dict[str, str]:
    """The variable that lets a throw-away home use our cache.

    Else each relay in one would compile the patterns anew, ten seconds of a core.
    """
    return {"XDG_CACHE_HOME": str(_caches())}


def _caches() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _on_path(*names: str) -> Path | None:
    found = next(filter(None, map(shutil.which, names)), None)
    return Path(found) if found else None


def _claude() -> Path | None:
    name = _PLATFORMS.get((platform.system(), platform.machine()), "unknown")
    packages = cache_dir() / f"claude-code-{CLAUDE_VERSION}" / "node_modules" / "@anthropic-ai"
    binary = packages / f"claude-code-{name}" / "claude"
    return binary if binary.is_file() else None


def _postgres() -> Path | None:
    """The directory of `initdb` and `pg_ctl`, which Debian keeps off the PATH."""
    on_path = _on_path("pg_ctl")
    if on_path:
        return on_path.resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return versions[-1].parent if versions else None


def _collector() -> Path | None:
    """What scripts/build-collector.sh built for the version its manifest names."""
    manifest = Path(__file__).parents[2] / "scripts" / "collector-builder.yaml"
    version = re.search(r"^  version: (.+)$", manifest.read_text(), re.MULTILINE)
    binary = cache_dir() / f"collector-{version[1] if version else ''}" / "otelcol"
    return binary if binary.is_file() else None


def _compose() -> Path | None:
    """What scripts/build-compose.sh built for the version its module names."""
    module = Path(__file__).parent / "go" / "compose" / "go.mod"
    version = re.search(r"^require \S+ v(.+)$", module.read_text(), re.MULTILINE)
    binary = cache_dir() / f"compose-{version[1] if version else ''}" / "compose"
    return binary if binary.is_file() else None


def _helm() -> Path | None:
    binary = cache_dir() / f"helm-{HELM_VERSION}" / "helm"
    return binary if binary.is_file() else _on_path("helm")


def _js_exporters() -> Path | None:
    """The `node_modules` folder of OpenTelemetry's JavaScript exporters, if there is Node too."""
    modules = cache_dir() / f"js-exporters-{JS_EXPORTERS_VERSION}" / "node_modules"
    return modules if modules.is_dir() and _on_path("node") else None


def _oidc_provider() -> Path | None:
    """The `node_modules` folder of the identity provider, if there is Node too."""
    modules = cache_dir() / f"oidc-provider-{OIDC_PROVIDER_VERSION}" / "node_modules"
    return modules if modules.is_dir() and _on_path("node") else None


def _kafka() -> Path | None:
    """The folder of Kafka's jars, if there is Java too."""
    jars = cache_dir() / f"kafka-{KAFKA_VERSION}"
    return jars if jars.is_dir() and _on_path("java") else None


def _phoenix() -> Path | None:
    program = cache_dir() / f"phoenix-{PHOENIX_VERSION}" / "bin" / "phoenix"
    return program if program.is_file() else None


def _rotel() -> Path | None:
    folder = cache_dir() / f"rotel-{ROTEL_VERSION}"
    return next(folder.glob("lib/python3*/site-packages/rotel/rotel-agent"), None)


def _fuzzers() -> Path | None:
    folder = cache_dir() / FUZZERS
    return folder if (folder / "bin" / "schemathesis").is_file() else None


def _agent(name: str) -> Path | None:
    folder, command = AGENTS[name]
    found = cache_dir() / folder / "node_modules" / ".bin" / command
    return found if found.exists() and _on_path("node") else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """Something tests need: where it is, and what to say when it is not."""

    find: Callable[[], Path | None]
    remedy: str
    is_for_ci: bool = True


REQUIREMENTS = {
    "claude": Requirement(
        find=_claude, remedy=f"Claude Code {CLAUDE_VERSION}: run scripts/test-setup.sh with npm"
    ),
    "chromium": Requirement(
        find=lambda: _on_path("chromium", "chromium-browser", "google-chrome"),
        remedy="Chromium: apt-get install chromium",
    ),
    "postgres": Requirement(find=_postgres, remedy="PostgreSQL: apt-get install postgresql"),
    "pdftotext": Requirement(
        find=lambda: _on_path("pdftotext"), remedy="Poppler: apt-get install poppler-utils"
    ),
    **{
        name: Requirement(find=partial(_on_path, name), remedy=f"{name}: apt-get install {name}")
        for name in ("bash", "zsh", "fish")
    },
    "cc": Requirement(
        find=lambda: _on_path("cc", "gcc", "clang"), remedy="a C compiler: apt-get install gcc"
    ),
    "systemd-analyze": Requirement(
        find=lambda: _on_path("systemd-analyze"), remedy="systemd-analyze: apt-get install systemd"
    ),
    "groff": Requirement(
        find=lambda: _on_path("groff"), remedy="groff: apt-get install groff-base"
    ),
    "js_exporters": Requirement(
        find=_js_exporters,
        remedy="OpenTelemetry's JavaScript exporters: run scripts/test-setup.sh with npm",
    ),
    "oidc_provider": Requirement(
        find=_oidc_provider,
        remedy="the identity provider oidc-provider: run scripts/test-setup.sh with npm",
    ),
    "collector": Requirement(
        find=_collector, remedy="an OpenTelemetry Collector: run scripts/test-setup.sh with Go"
    ),
    "compose": Requirement(
        find=_compose, remedy="Docker Compose's loader: run scripts/test-setup.sh with Go"
    ),
    "helm": Requirement(
        find=_helm, remedy=f"Helm {HELM_VERSION}: run scripts/test-setup.sh with Go"
    ),
    "kafka": Requirement(
        find=_kafka, remedy=f"Kafka {KAFKA_VERSION}: run scripts/test-setup.sh with Java and Maven"
    ),
    "phoenix": Requirement(
        find=_phoenix, remedy=f"Arize Phoenix {PHOENIX_VERSION}: run scripts/test-setup.sh"
    ),
    "rotel": Requirement(find=_rotel, remedy=f"rotel {ROTEL_VERSION}: run scripts/test-setup.sh"),
    "fuzzers": Requirement(
        find=_fuzzers, remedy="atheris and schemathesis: run scripts/test-setup.sh fuzzers"
    ),
    **{
        name: Requirement(
            find=partial(_agent, name), remedy=f"{name}: make e2e-agents", is_for_ci=False
        )
        for name in AGENTS
    },
}


def need(name: str) -> Path:
    """Give the path of a requirement, or skip the running test (fail it where `CI=true`)."""
    requirement = REQUIREMENTS[name]
    found = requirement.find()
    if found:
        return found
    if os.environ.get("CI") == "true" and requirement.is_for_ci:
        pytest.fail(f"CI lacks {requirement.remedy}", pytrace=False)
    pytest.skip(f"NOT TESTED, this machine lacks {requirement.remedy}")
