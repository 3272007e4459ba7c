"""The policy as hooks fetch it: all that judging needs, sealed."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from agentaudit_processor.policy import Approvals, LegalHold, Policy, Retention
from agentaudit_processor.policy_bundle import bundle_of, policy_of_bundle, sealed
from agentaudit_processor.policy_values import PolicyError
from tests.support.policies import policies

KEY = "aa_live_" + "k" * 40


@given(policies())
@settings(max_examples=40, deadline=None)
def test_a_hook_reads_the_policy_that_the_server_has(policy: Policy):
    asked = replace(policy.approvals, approvers=())
    expected = replace(policy, retention=Retention(), approvals=asked)  # the server's own affairs

    assert expected == policy_of_bundle(bundle_of(policy, KEY), KEY)


def test_a_laptop_is_not_told_who_may_answer_nor_what_is_held():
    approvals = Approvals(approvers=("head.of.security@example.com",))
    hold = LegalHold(id="case-7", owner="counsel", reason="a lawsuit")
    policy = Policy(approvals=approvals, retention=Retention(holds=(hold,)))

    told = str(bundle_of(policy, KEY))

    assert "head.of.security" not in told
    assert "lawsuit" not in told


@pytest.mark.parametrize(
    "change",
    [{"version": 2}, {"logging_level": "minimal"}, {"seal": None}, {"seal": "ä"}, {"more": 1}],
    ids=str,
)
def test_a_bundle_that_somebody_changed_is_refused(change: dict[str, Any]):
    bundle = bundle_of(Policy(version=1), KEY) | change

    with pytest.raises(PolicyError, match=r"^seal: "):
        policy_of_bundle(bundle, KEY)


def test_a_bundle_for_another_key_is_refused():
    with pytest.raises(PolicyError, match=r"^seal: "):
        policy_of_bundle(bundle_of(Policy(), KEY), KEY + "x")


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"version": 1, "logging_level": "loud", "digest_key": ""}, "logging_level"),
        ({"version": "1", "digest_key": ""}, "version"),
        ({"version": True, "digest_key": ""}, "version"),
        ({"version": 1, "digest_key": "zz"}, "digest_key"),
        ({"version": 1}, "digest_key"),
    ],
)
def test_a_value_that_means_nothing_is_named(told: dict[str, Any], field: str):
    with pytest.raises(PolicyError, match=f"^{field}: "):
        policy_of_bundle(sealed(told, KEY), KEY)


def test_what_is_no_bundle_is_refused():
    with pytest.raises(PolicyError, match=r"^policy: "):
        policy_of_bundle([1], KEY)


def test_a_field_of_a_newer_server_is_passed_over():
    bundle = sealed({"version": 4, "digest_key": "", "of_tomorrow": {"a": 1}}, KEY)

    assert Policy(version=4) == policy_of_bundle(bundle, KEY)
