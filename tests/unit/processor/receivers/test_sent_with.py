"""Headers of a request that go along: those wanted, and only plain ones."""

import pytest

from agentaudit_processor.receivers.sent_with import may_go_along, sent_with

WANTED = frozenset({"x-scope-orgid", "x-team"})


def test_what_nobody_wants_stays() -> None:
    headers = [("x-scope-orgid", "tenant-7"), ("x-other", "no")]

    assert () == sent_with(headers, frozenset())
    assert (("x-scope-orgid", "tenant-7"),) == sent_with(headers, WANTED)


def test_names_are_compared_in_lower_case_and_of_two_the_first_counts() -> None:
    headers = [("X-Team", "a"), ("x-team", "b"), ("X-Scope-OrgID", "c")]

    assert (("x-scope-orgid", "c"), ("x-team", "a")) == sent_with(headers, WANTED)


@pytest.mark.parametrize("value", ["a\r\nx: y", "\x1b[2J", "ünï", "a" * 1001, b"bytes"], ids=repr)
def test_a_value_that_is_not_plain_stays(value: str | bytes) -> None:
    assert () == sent_with([("x-team", value)], WANTED)


@pytest.mark.parametrize("name", ["authorization", "cookie", "content-length", "grpc-timeout"])
def test_keys_and_what_is_the_requests_own_may_never_go_along(name: str) -> None:
    assert not may_go_along(name)
