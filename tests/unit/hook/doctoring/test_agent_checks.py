"""Whether each agent will run its hooks: the traps into which they fall without a word."""

import json
from pathlib import Path

import pytest

from agentaudit_hook.doctoring.agent_checks import check_agents
from agentaudit_hook.doctoring.checks import FAIL, PASS, WARN, Check
from agentaudit_hook.installing.clients import CLAUDE_CODE, CODEX, COPILOT_CLI, GEMINI_CLI, Client
from tests.support.settings import hooked


class Machine:
    """A home folder and a project, in which agents are set up."""

    def __init__(self, folder: Path) -> None:
        self.home, self.project = folder / "home", folder / "project"
        self.project.mkdir()
        self.env = {"HOME": str(self.home)}

    def install(self, client: Client, scope: str = "user") -> Path:
        path = client.path(scope, self.env, self.project)
        self.write(path, json.dumps(hooked({}, "agentaudit-hook", client)))
        return path

    def write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def checks(self) -> list[Check]:
        return list(check_agents(self.env, self.project))

    def states(self) -> list[str]:
        return [check.state for check in self.checks()]

    def trust_codex(self, path: Path, *, left_out: str = "", more: str = "") -> None:
        hooks = json.loads(path.read_text())["hooks"]
        labels = {"PreToolUse": "pre_tool_use", "UserPromptSubmit": "user_prompt_submit"}
        lines = []
        for event in hooks:
            label = labels.get(event) or _snake(event)
            if event != left_out:
                lines.append(f'[hooks.state."{path}:{label}:0:0"]\ntrusted_hash = "sha256:00"\n')
        self.write(CODEX.home(self.env) / "config.toml", "".join(lines) + more)


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_without_any_hook_fails(machine: Machine) -> None:
    (check,) = machine.checks()

    assert (FAIL, "hooks: none in Claude Code's settings") == (check.state, check.what)


def test_who_uses_another_agent_alone_is_not_told_of_claude_code(machine: Machine) -> None:
    machine.install(COPILOT_CLI)

    assert ["Copilot CLI hooks: 11 events (user settings)"] == [c.what for c in machine.checks()]


@pytest.mark.parametrize("client", [CODEX, GEMINI_CLI, COPILOT_CLI], ids=lambda one: one.name)
def test_an_agent_that_is_here_and_not_recorded_is_a_warning(
    machine: Machine, client: Client
) -> None:
    machine.install(CLAUDE_CODE)
    client.home(machine.env).mkdir(parents=True)

    _, check = machine.checks()

    assert WARN == check.state
    assert f"Run `agentaudit-hook install --client {client.name}`." == check.remedy


def test_a_hook_that_claude_code_does_not_wait_for_is_a_warning(machine: Machine) -> None:
    path = machine.install(CLAUDE_CODE)
    settings = json.loads(path.read_text())
    settings["hooks"]["PreToolUse"][0]["hooks"][0]["async"] = True
    settings["hooks"]["PostToolUse"][0]["hooks"][0]["async"] = True
    machine.write(path, json.dumps(settings))

    _, check = machine.checks()

    assert WARN == check.state
    assert "of PreToolUse" in check.what
    assert "cannot stop every call: it says async" in check.what
    assert "Take async out of it." == check.remedy


def test_codex_hooks_without_trust_fail(machine: Machine) -> None:
    machine.install(CODEX)

    _, check = machine.checks()

    assert FAIL == check.state
    assert "10 of 10 are not trusted; Codex leaves them out without a word" in check.what
    assert "/hooks" in check.remedy


def test_codex_hooks_with_trust_pass_and_each_is_looked_at(machine: Machine) -> None:
    path = machine.install(CODEX)
    machine.trust_codex(path)
    assert [PASS] == machine.states()

    machine.trust_codex(path, left_out="PreToolUse")
    _, check = machine.checks()

    assert "1 of 10 are not trusted" in check.what


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("[features]\nhooks = false\n", "switched off"),
        ("[features]\ncodex_hooks = false\n", "switched off"),
        ("[[[", "is no TOML"),
    ],
)
def test_codex_config_that_stops_hooks_fails(machine: Machine, more: str, words: str) -> None:
    machine.trust_codex(machine.install(CODEX), more=more)

    assert [words in check.what for check in machine.checks() if check.state == FAIL] == [True]


def test_codex_project_hooks_need_a_trusted_project(machine: Machine) -> None:
    path = machine.install(CODEX, "project")
    machine.trust_codex(path)
    untrusted = machine.checks()[-1]

    machine.trust_codex(path, more=f'[projects."{machine.project}"]\ntrust_level = "trusted"\n')

    assert "is no trusted project" in untrusted.what
    assert [PASS] == machine.states()


def test_a_codex_hook_that_was_switched_off_after_trust_fails(machine: Machine) -> None:
    path = machine.install(CODEX)
    machine.trust_codex(path)
    config = CODEX.home(machine.env) / "config.toml"
    config.write_text(config.read_text() + "enabled = false\n")  # the last table

    assert "1 of 10" in machine.checks()[-1].what


@pytest.mark.parametrize(
    ("rules", "trusted"),
    [
        ({}, False),
        ({"{project}": "TRUST_FOLDER"}, True),
        ({"{project}": "DO_NOT_TRUST"}, False),
        ({"{project}/deeper": "TRUST_PARENT"}, True),
        ({"{project}/..": "TRUST_FOLDER"}, True),
        ({"/": "TRUST_FOLDER", "{project}": "DO_NOT_TRUST"}, False),
        ({"{project}-other": "TRUST_FOLDER"}, False),
    ],
)
def test_gemini_runs_hooks_in_trusted_folders_only(
    machine: Machine, rules: dict[str, str], trusted: bool
) -> None:
    machine.install(GEMINI_CLI)
    named = {key.replace("{project}", str(machine.project)): rule for key, rule in rules.items()}
    machine.write(GEMINI_CLI.home(machine.env) / "trustedFolders.json", json.dumps(named))

    failures = [check.what for check in machine.checks() if check.state == FAIL]

    assert trusted == (not failures)
    assert trusted or "no hook runs there, without a word" in failures[0]


def test_gemini_is_told_by_environment_or_settings_to_trust(machine: Machine) -> None:
    path = machine.install(GEMINI_CLI)
    machine.env["GEMINI_CLI_TRUST_WORKSPACE"] = "true"
    by_environment = machine.states()
    del machine.env["GEMINI_CLI_TRUST_WORKSPACE"]
    off = {"security": {"folderTrust": {"enabled": False}}}
    machine.write(path, json.dumps(json.loads(path.read_text()) | off))

    assert [PASS] == by_environment == machine.states()


@pytest.mark.parametrize("config", [{"enabled": False}, {"disabled": ["agentaudit"]}])
def test_gemini_hooks_that_are_switched_off_fail(
    machine: Machine, config: dict[str, object]
) -> None:
    path = machine.install(GEMINI_CLI)
    machine.env["GEMINI_CLI_TRUST_WORKSPACE"] = "true"
    machine.write(path, json.dumps(json.loads(path.read_text()) | {"hooksConfig": config}))

    assert [PASS, FAIL] == machine.states()


def test_copilots_repository_hooks_need_a_trusted_folder_and_the_users_do_not(
    machine: Machine,
) -> None:
    machine.install(COPILOT_CLI, "project")
    untrusted = machine.checks()[-1]
    told = f'// written by copilot\n{{"trustedFolders": ["{machine.project.parent}"]}}'
    machine.write(COPILOT_CLI.home(machine.env) / "config.json", told)
    trusted = machine.states()
    (COPILOT_CLI.home(machine.env) / "config.json").unlink()
    machine.install(COPILOT_CLI)

    assert FAIL == untrusted.state
    assert "is no trusted folder" in untrusted.what
    assert [PASS] == trusted == machine.states()


def test_copilots_switch_for_all_hooks_fails(machine: Machine) -> None:
    machine.install(COPILOT_CLI)
    machine.write(COPILOT_CLI.home(machine.env) / "settings.json", '{"disableAllHooks": true}')

    assert [PASS, FAIL] == machine.states()


def test_an_entry_with_another_verb_is_named_for_copilot_tells_no_events_name(
    machine: Machine,
) -> None:
    path = machine.install(COPILOT_CLI)
    text = path.read_text().replace("event postToolUseFailure", "post")
    machine.write(path, text)

    _, check = machine.checks()

    assert (WARN, True) == (check.state, "calls another verb than `event postToolUse" in check.what)
    assert "Copilot CLI tells a hook no event's name" in check.remedy


@pytest.mark.parametrize("event", ["WorktreeCreate", "preToolUse"])
def test_an_entry_at_an_event_that_is_not_recorded_is_named(machine: Machine, event: str) -> None:
    path = machine.install(CLAUDE_CODE)
    told = json.loads(path.read_text())
    told["hooks"][event] = [{"hooks": [{"type": "command", "command": "agentaudit-hook event"}]}]
    machine.write(path, json.dumps(told))

    _, check = machine.checks()

    assert f"that of {event} in {path} is none of those that are recorded" in check.what


def test_a_matcher_that_lets_few_tools_through_is_named(machine: Machine) -> None:
    path = machine.install(CLAUDE_CODE)
    told = json.loads(path.read_text())
    told["hooks"]["PreToolUse"][0]["matcher"] = "Bash"
    machine.write(path, json.dumps(told))

    _, check = machine.checks()

    assert f"that of PreToolUse in {path} hears of Bash alone" in check.what


@pytest.mark.parametrize(
    "client", [CLAUDE_CODE, CODEX, GEMINI_CLI, COPILOT_CLI], ids=lambda c: c.name
)
def test_what_install_writes_has_nothing_amiss(machine: Machine, client: Client) -> None:
    machine.env["GEMINI_CLI_TRUST_WORKSPACE"] = "true"
    path = machine.install(client)
    if client is CODEX:
        machine.trust_codex(path)

    assert [PASS] == [state for state in machine.states() if state != WARN]
    assert not [check for check in machine.checks() if "that of" in check.what]


def test_a_managed_switch_silences_the_users_hooks(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentaudit_hook.installing.clients.LINUX_SYSTEM", tmp_path)
    monkeypatch.setattr("agentaudit_hook.installing.clients.MACOS_SYSTEM", tmp_path)
    machine.install(CLAUDE_CODE)
    folder = CLAUDE_CODE.managed()
    machine.write(folder / "managed-settings.d" / "10-x.json", '{"allowManagedHooksOnly": true}')

    (check,) = machine.checks()

    assert FAIL == check.state
    assert "allowManagedHooksOnly, so that those in user settings do not run" in check.what
    assert "--scope managed" in check.remedy
