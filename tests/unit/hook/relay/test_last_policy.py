"""A configuration without a policy of its own is no way round that of the user's others."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from agentaudit_hook.relay.last_policy import policy_of_others
from agentaudit_hook.relay.policy_cache import PolicyCache
from agentaudit_hook.relay.status import StatusFile
from agentaudit_hook.settings import Settings
from agentaudit_processor.model import RiskLevel
from agentaudit_processor.policy import Answer, Exemption, LoggingLevel, OnFailure, Policy
from agentaudit_processor.policy_bundle import bundle_of

HERE = Settings(base_url="http://127.0.0.1:9", api_key="k")
KNOWN = Policy(
    version=7,
    logging_level=LoggingLevel.PARANOID,
    blocking_enabled=True,
    block_on=RiskLevel.MEDIUM,
    on_failure=OnFailure.CLOSED,
    rule_answers={"destructive.delete_everything": Answer.ALLOW, "shell.fork_bomb": Answer.BLOCK},
    exemptions=(Exemption(id="1", rule_id="*", owner="ann", reason="for now", expires_ns=1 << 62),),
    digest_key=b"k" * 32,
)


def _kept(root: Path, name: str, policy: Policy, *, key: str = "k", at: int = 0) -> None:
    path = root / name / "policy.json"
    path.parent.mkdir()
    told = {"etag": '"7"', "url": HERE.policy_url, "policy": bundle_of(policy, key)}
    path.write_text(json.dumps(told))
    os.utime(path, (at, at))


def test_of_the_same_server_and_key_it_is_the_same_policy(tmp_path: Path) -> None:
    _kept(tmp_path, "grpc", KNOWN)

    told = policy_of_others(tmp_path, HERE)

    assert (7, KNOWN.exemptions, b"k" * 32) == (told.version, told.exemptions, told.digest_key)


@pytest.mark.parametrize(
    "other",
    [replace(HERE, api_key="another"), replace(HERE, base_url="http://127.0.0.1:10")],
    ids=["key", "server"],
)
def test_of_another_what_stops_calls_counts_and_what_lets_them_through_does_not(
    tmp_path: Path, other: Settings
) -> None:
    _kept(tmp_path, "old", Policy(version=3), at=1)
    _kept(tmp_path, "new", KNOWN, at=2)

    told = policy_of_others(tmp_path, other)

    assert (RiskLevel.MEDIUM, OnFailure.CLOSED) == (told.threshold, told.on_failure)
    assert {"shell.fork_bomb": Answer.BLOCK} == told.rule_answers
    assert (0, (), b"") == (told.version, told.exemptions, told.digest_key)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"url": 1, "policy": {"version": []}}'])
def test_what_cannot_be_read_is_passed_over(tmp_path: Path, content: str) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "policy.json").write_text(content)

    assert Policy() == policy_of_others(tmp_path, HERE)


def test_the_relay_of_a_new_configuration_judges_by_it(tmp_path: Path) -> None:
    _kept(tmp_path, "grpc", KNOWN)
    (tmp_path / "http").mkdir()
    status = StatusFile(tmp_path / "status.json", lambda: 0)

    cache = PolicyCache(HERE, tmp_path / "http" / "policy.json", status, others=tmp_path)
    cache.stop()

    assert 7 == cache.current().version
