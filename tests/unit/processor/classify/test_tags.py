"""Tags name entries of public lists, in the editions that we know."""

import pytest

from agentaudit_processor.classify.tags import TagError, checked, label_of


def test_tags_are_sorted_and_each_is_kept_once():
    tags = ["owasp.asi02:2026", "attack.t1552.004", "owasp.asi02:2026"]

    assert ("attack.t1552.004", "owasp.asi02:2026") == checked(tags)


@pytest.mark.parametrize(
    "tag",
    ["T1485", "attack.T1485", "attack.t14855", "owasp.asi05", "owasp.asi11:2026", "", 7, "x\n"],
)
def test_what_names_no_entry_is_refused(tag: object):
    with pytest.raises(TagError, match="expected such as"):
        checked([tag])


def test_a_technique_that_was_revoked_is_refused_with_its_successor():
    with pytest.raises(TagError, match=r"has `attack\.t1685\.004` in its place"):
        checked(["attack.t1562.012"])


@pytest.mark.parametrize(
    ("tag", "label"),
    [
        ("attack.t1552.004", "ATT&CK T1552.004"),
        ("owasp.asi05:2026", "OWASP ASI05:2026 Unexpected Code Execution (RCE)"),
        ("owasp.llm06:2025", "OWASP LLM06:2025 Excessive Agency"),
        ("of a later version", "of a later version"),
    ],
)
def test_a_tag_is_named_for_people(tag: str, label: str):
    assert label == label_of(tag)
