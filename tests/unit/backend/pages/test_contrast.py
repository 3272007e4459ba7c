"""Contrast of every pair of colours that the pages use, computed from the style sheet itself.

Source: WCAG 2.2, 1.4.3 and 1.4.11; the bars are those of our own visual language (text at 5.8).
"""

import re
from importlib.resources import files

import pytest

from agentaudit_backend.reports.charts import MARKS as PRINTED

CSS = files("agentaudit_backend").joinpath("static", "app.css").read_text()
TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([\w-]+): light-dark\(#([0-9A-F]{6}), #([0-9A-F]{6})\);", CSS
    )
}
TEXT = [
    ("text", "bg"),
    ("text", "surface"),
    ("text", "hover"),
    ("muted", "bg"),
    ("muted", "surface"),
    ("link", "bg"),
    ("on-link", "link"),
    *(
        (f"{name}-text", f"{name}-tint")
        for name in ("low", "medium", "high", "critical", "pii", "ok")
    ),
]
MARKS = ["low-mark", "medium-mark", "high-mark", "critical-mark", "ctl"]
THEMES = pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@THEMES
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_stands_out_from_its_ground(text: str, ground: str, theme: int):
    assert contrast(TOKENS[text][theme], TOKENS[ground][theme]) >= 5.8


@THEMES
@pytest.mark.parametrize("mark", MARKS)
def test_marks_and_edges_stand_out_from_the_page(mark: str, theme: int):
    assert contrast(TOKENS[mark][theme], TOKENS["bg"][theme]) >= 3


@THEMES
def test_risk_is_told_by_lightness_too_so_that_grey_print_keeps_the_order(theme: int):
    marks = [
        luminance(TOKENS[f"{name}-mark"][theme]) for name in ("low", "medium", "high", "critical")
    ]

    assert sorted(marks, reverse=theme == 0) == marks


def test_the_pdf_uses_the_light_palette():
    for level, colour in PRINTED.items():
        assert colour == "#" + TOKENS[f"{level.label}-mark"][0]
