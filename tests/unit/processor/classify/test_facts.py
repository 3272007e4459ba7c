"""Facts of a command line, as people are told them."""

import pytest

from agentaudit_processor.classify.facts import facts_of
from agentaudit_processor.classify.shell import read_shell


@pytest.mark.parametrize(
    ("command", "verb", "on", "told"),
    [
        ("rm -rf src", "rm", "src", "recursive, forced, cannot be taken back"),
        ("rm notes.txt", "rm", "notes.txt", "cannot be taken back"),
        ("git reset --hard HEAD~1", "git reset", "HEAD~1", "forced, cannot be taken back"),
        ("git commit -m x", "git commit", "x", "can be taken back"),
        (
            "kubectl -n shop delete pods --all",
            "kubectl delete pods",
            "shop",
            "recursive, cluster, cannot be taken back",
        ),
        (
            "aws s3 rb s3://b --force",
            "aws s3 rb",
            "s3://b",
            "forced, cloud account, cannot be taken back",
        ),
        (
            "gh repo delete a/b --yes",
            "gh repo delete",
            "a/b",
            "forced, code platform, cannot be taken back",
        ),
        ("redis-cli FLUSHALL", "redis-cli FLUSHALL", "", "database, cannot be taken back"),
        ("ls -la", "ls", "", ""),
    ],
)
def test_a_command_is_told_by_its_facts(command: str, verb: str, on: str, told: str):
    facts = facts_of(read_shell(command, "/home/alice/project")[0])

    assert facts is not None
    assert (verb, on, told) == (facts.verb, facts.object, str(facts))


def test_a_path_has_no_facts_of_a_command():
    touched = read_shell("rm a", "/home/alice/project")[1]

    assert facts_of(touched) is None
