"""What tools of MCP servers are given to run or to open is judged whatever the field is called."""

import pytest

from agentaudit_processor.model import Action, RiskLevel
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_request

JUDGE = Judge.load()


def level(arguments: dict[str, object]) -> RiskLevel:
    """How grave a call of a connected tool is."""
    return JUDGE.examine(a_request(action=Action.OTHER, arguments=arguments)).risk_level


@pytest.mark.parametrize(
    "arguments",
    [
        {"script": "rm -rf /"},
        {"script": "cd /tmp\nrm -rf ~"},
        {"code": "rm -rf /etc", "language": "bash"},
        {"code": "Remove-Item -Recurse -Force C:\\", "language": "powershell"},
        {"code": "import shutil\nshutil.rmtree('/etc')", "language": "python"},
        {"script": "import shutil as s\ns.rmtree('/etc')"},
        {"uri": "file:///etc/shadow"},
        {"url": "file:///home/alice/.ssh/id_rsa"},
        {"options": {"command": "rm -rf /"}},
        {"input": {"cmd": ["rm", "-rf", "/"]}},
        {"calls": [{"tool": "sh"}, {"arguments": {"command": "rm -rf /"}}]},
        {"rows": [{"id": at} for at in range(300)] + [{"command": "rm -rf /"}]},
        {"params": {"statement": "TRUNCATE TABLE users"}},
        {"queries": ["SELECT 1", "DROP TABLE users"]},
        {"steps": [{"script": "shutil.rmtree('/etc')", "language": "python"}]},
    ],
)
def test_what_destroys_or_opens_secrets_is_at_least_high(arguments: dict[str, object]):
    assert level(arguments) >= RiskLevel.HIGH


@pytest.mark.parametrize(
    "arguments",
    [
        {"script": "print('rm -rf /')"},
        {"code": "const x = document.querySelector('rm');\nx.click();"},
        {"code": "import re\nre.compile('rm -rf /')", "language": "python"},
        {"script": "npm run build"},
        {"uri": "file:///home/alice/project/README.md"},
        {"rows": [{"id": at, "note": "rm -rf /"} for at in range(300)]},
        {"issue": {"query": "select the best", "body": "rm -rf /"}},
    ],
)
def test_everyday_programs_and_files_are_not_noted(arguments: dict[str, object]):
    assert level(arguments) == RiskLevel.LOW


@pytest.mark.parametrize(
    "arguments",
    [
        {"commands": ["ls"] * 60 + ["rm -rf /"]},
        {"calls": [{"command": "ls"}] * 60 + [{"command": "rm -rf /"}]},
        {"queries": ["DELETE FROM a WHERE b = 1"] * 500 + ["DROP TABLE users"]},
    ],
)
def test_more_commands_than_are_read_are_said_to_be_unread(arguments: dict[str, object]):
    examined = JUDGE.examine(a_request(action=Action.OTHER, arguments=arguments))

    assert "unread.command" in [finding.rule_id for finding in examined.findings]


@pytest.mark.parametrize(
    ("arguments", "is_done"),
    [
        ({"arguments": '{"command": "rm -rf /"}'}, True),
        ({"tool": "run", "params": {"input": ' {"command": "rm -rf /"}'}}, True),
        ({"arguments": '{"command": "rm -rf /"'}, False),
        ({"content": '{"command": "rm -rf /"}'}, False),
    ],
)
def test_arguments_that_are_given_as_json_are_read(arguments: dict[str, object], is_done: bool):
    examined = JUDGE.examine(a_request(action=Action.CONNECTOR_ACCESS, arguments=arguments))

    assert is_done == (examined.risk_level is RiskLevel.CRITICAL)


@pytest.mark.parametrize("program", ["ruby -e", "node -e", "perl -e", "python3 -c"])
def test_a_shell_s_line_given_to_another_language_is_read_as_what_is_meant(program: str):
    call = a_request(arguments={"command": f'{program} "rm -rf /"'})

    examined = JUDGE.examine(call)

    assert examined.risk_level >= RiskLevel.HIGH


def test_a_hook_of_a_repository_is_known_without_a_folder_to_start_from():
    call = a_request(arguments={"command": "echo x > .git/hooks/pre-commit"}, cwd=None)

    examined = JUDGE.examine(call)

    assert examined.risk_level >= RiskLevel.HIGH
