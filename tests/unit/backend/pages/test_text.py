"""How hostile text is shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_backend.templates import text


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\u202eb", "a⟦U+202E⟧b"),
        ("zero\u200bwidth", "zero⟦U+200B⟧width"),
        ("bell\x07 esc\x1b[31m", "bell⟦U+0007⟧ esc⟦U+001B⟧[31m"),
        ("isolate\u2066x\u2069", "isolate⟦U+2066⟧x⟦U+2069⟧"),
        ("tag\U000e0041", "tag⟦U+E0041⟧"),
        ("lone\ud800", "lone⟦U+D800⟧"),
        ("bom\ufeff", "bom⟦U+FEFF⟧"),
        ("hangul\u3164filler", "hangul⟦U+3164⟧filler"),
    ],
)
def test_what_cannot_be_seen_is_spelt_out(hostile: str, shown: str):
    assert shown == text.visible(hostile)


@pytest.mark.parametrize(
    "harmless", ["grüße", "日本語", "שלום", "tab\tand\nline", "café 👍🏽 naïve"]
)
def test_ordinary_text_of_any_script_stays_as_it_is(harmless: str):
    assert harmless == text.visible(harmless)


def test_line_ends_of_every_system_are_line_ends():
    assert "a\nb\nc" == text.visible("a\r\nb\rc")


@given(st.text())
def test_nothing_that_reorders_or_hides_is_left(anything: str):
    shown = text.visible(anything)

    hidden = [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\t\n"]
    # soft signs of Arabic and other scripts (Cf) that are drawn are no deception
    assert [] == [c for c in hidden if unicodedata.bidirectional(c) in ("RLO", "LRO", "RLE", "LRE")]
    assert [] == [c for c in hidden if unicodedata.category(c) in ("Cc", "Cs")]


def test_a_cell_is_one_line_of_at_most_300_characters():
    shown = text.cell("word\n" * 1000)

    assert 300 == len(shown)
    assert shown.endswith("…")
    assert "\n" not in shown


def test_marks_stand_around_masked_values_and_all_else_is_escaped():
    marked = text.marked("<b> key=[secret:aws:20:0123456789ab] a•••@e•••.com")

    assert (
        "&lt;b&gt; key=<mark>[secret:aws:20:0123456789ab]</mark> <mark>a•••@e•••.com</mark>"
        == str(marked)
    )


def test_each_masked_value_of_a_line_has_a_mark_of_its_own():
    marked = text.marked("1,Jonas Weber,j•••@s•••.de,+49••••••42")

    assert "1,Jonas Weber,<mark>j•••@s•••.de</mark>,<mark>+49••••••42</mark>" == str(marked)


def test_a_sample_is_marked_as_text_never_as_a_pattern():
    marked = text.marked("rm -rf .* now", ".*")

    assert "rm -rf <mark>.*</mark> now" == str(marked)


def test_a_long_word_can_be_broken_every_40_characters():
    broken = text.breakable("x" * 100)

    assert [40, 40, 20] == [len(part) for part in broken.split("\u200b")]


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [(60, "60 ms"), (4200, "4.2 s"), (28 * 60_000, "28 min"), (185 * 60_000, "3 h 05 min")],
)
def test_durations_are_told_in_the_unit_that_fits(milliseconds: int, words: str):
    assert words == text.duration(milliseconds)


@pytest.mark.parametrize(
    ("part", "whole", "words"), [(1, 1000, "<1 %"), (0, 5, "0 %"), (1, 8, "12 %"), (0, 0, "—")]
)
def test_shares_never_round_something_to_nothing(part: int, whole: int, words: str):
    assert words == text.share(part, whole)


@pytest.mark.parametrize("hostile", ["a" * 1_000_000, "a." * 500_000, "•a" * 500_000])
def test_a_megabyte_of_hostile_text_is_marked_within_a_life_time(hostile: str):
    assert hostile[:2] in text.marked(hostile)  # a search that goes back takes hours


def test_a_masked_value_is_marked_whole():
    assert "to <mark>a•••@e•••.com</mark>, not" in text.marked("to a•••@e•••.com, not")
    assert "<mark>key=</mark><mark>a•••</mark>" in text.marked("key=a•••", "key=")
