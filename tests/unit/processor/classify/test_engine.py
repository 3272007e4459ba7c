"""Where rules match in a text."""

import pytest

from agentaudit_processor.classify.engine import MAX_ADDRESSES, TextScanner
from agentaudit_processor.classify.first_pass import Re2FirstPass
from agentaudit_processor.classify.packs import load_packs

SCANNER = TextScanner(load_packs().rules)


def values(text: str) -> list[str]:
    """What is found in `text`, in order."""
    matches, _, _ = SCANNER.scan(text.encode())
    return [match.value for match in sorted(matches, key=lambda match: match.start)]


def test_the_first_pass_tells_which_triggers_occur():
    first = Re2FirstPass(["a+b", "x", "c$"])

    assert sorted(first.candidates(b"aaab c")) == [0, 2]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2024 4111 1111 1111 1111 08", ["4111 1111 1111 1111"]),
        ("IBAN DE89370400440532013000 AND SO ON", ["DE89370400440532013000"]),
        ("IBAN DE89 3704 0044 0532 0130 00 X", ["DE89 3704 0044 0532 0130 00"]),
        ("psql postgres://app:h4rd2Gue55@db.company.org/x", ["h4rd2Gue55"]),
    ],
)
def test_a_value_is_found_without_its_neighbours(text: str, found: list[str]):
    assert values(text) == found


def test_what_follows_the_last_match_looked_at_counts_as_not_scanned():
    text = "".join(f"u{at}@company.org " for at in range(MAX_ADDRESSES + 50)).encode()

    matches, stop, _ = SCANNER.scan(text)

    assert len(matches) == MAX_ADDRESSES
    assert stop < len(text)


def test_numbers_that_are_no_cards_do_not_use_up_the_room_for_matches():
    text = " ".join(f"17900000{at:05d}" for at in range(3_000)).encode()

    matches, stop, _ = SCANNER.scan(text)

    assert (matches, stop) == ([], len(text))
