"""`agentaudit help` and `--help`: each verb shows an example before anything else."""

import pytest

from agentaudit_backend.commands import run

Said = pytest.CaptureFixture[str]
VERBS = (
    "serve",
    "processor",
    "api",
    "demo",
    "doctor",
    "migrate",
    "report",
    "export",
    "retention",
    "seed",
    "policy",
    "policy show",
    "policy test",
    "policy diff",
    "policy apply",
    "rules",
    "rules list",
    "rules test",
    "rules lint",
    "rules new",
    "key",
    "key create",
    "key list",
    "key revoke",
)


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_begins_with_an_example(verb: str, capsys: Said):
    with pytest.raises(SystemExit) as ended:
        run(["help", *verb.split()])

    usage, example, *_rest = capsys.readouterr().out.split("\n\n")
    assert 0 == ended.value.code
    assert usage.startswith(f"usage: agentaudit {verb} ")
    assert example.startswith(f"Example: agentaudit {verb}")


def test_help_alone_lists_every_verb(capsys: Said):
    with pytest.raises(SystemExit) as ended:
        run(["help"])

    listed_text = capsys.readouterr().out
    listed = {line.split()[0] for line in listed_text.splitlines() if line.strip()}
    assert 0 == ended.value.code
    assert "Example: agentaudit serve." in listed_text
    assert {verb.partition(" ")[0] for verb in VERBS} <= listed


def test_a_search_for_rules_that_finds_none_says_so(capsys: Said):
    code = run(["rules", "list", "no-such-word"])

    said = capsys.readouterr()
    assert (0, "") == (code, said.out)
    assert "no rule has 'no-such-word' in its id or title\n" == said.err


def test_a_wrong_setting_is_its_own_exit_code(monkeypatch: pytest.MonkeyPatch, capsys: Said):
    monkeypatch.setenv("AGENTAUDIT_LOG_LEVEL", "loud")

    code = run(["rules", "list"])

    assert 3 == code
    assert "AGENTAUDIT_LOG_LEVEL" in capsys.readouterr().err
