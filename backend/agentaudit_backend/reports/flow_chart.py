"""Where personal data went, as a picture: bands from its type over the tool to the destination."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from agentaudit_backend.store.reading.flows import Flow
from agentaudit_backend.templates.text import cell

_WIDTH, _HEIGHT = 600.0, 190.0
_NODE, _GAP, _MOST = 6.0, 5.0, 6
_LETTERS: Final = 26
_COLUMNS = (0.0, 297.0, 594.0)
_REST = "others"


def destination(flow: Flow) -> str:
    """`example.org (external)`, or how far away where no host is known."""
    if flow.destination:
        return f"{flow.destination} ({flow.reach})"
    return {"none": "stayed in the tool", "local": "this machine"}.get(flow.reach, flow.reach)


def flow_chart(flows: Sequence[Flow]) -> Markup:
    """The picture; its numbers stand in the table beneath."""
    paths = _paths(flows)
    columns = [Counter[str](), Counter[str](), Counter[str]()]
    for names, count in paths.items():
        for column, name in zip(columns, names, strict=True):
            column[name] += count
    scale = min(
        ((_HEIGHT - 4 - _GAP * (len(column) - 1)) / column.total() for column in columns if column),
        default=0.0,
    )
    tops = [_tops(column, scale) for column in columns]
    bands = [
        band for side in (0, 1) for band in _bands(paths, side, [dict(top) for top in tops], scale)
    ]
    nodes = [
        node
        for place, column in enumerate(columns)
        for name, count in column.items()
        for node in _node(place, name, tops[place][name], count * scale)
    ]
    return Markup(
        '<svg class="flows" viewBox="0 0 {w:g} {h:g}" width="100%" role="img"'
        ' aria-label="Types of personal data by tool and destination">{body}</svg>'
    ).format(w=_WIDTH, h=_HEIGHT, body=Markup("").join([*bands, *nodes]))


def _paths(flows: Sequence[Flow]) -> Counter[tuple[str, str, str]]:
    """How many calls went each way; rare names are told as others."""
    named = [((one.pii_type, one.tool, destination(one)), one.ran + one.stopped) for one in flows]
    kept: list[set[str]] = []
    for place in range(3):
        column = Counter[str]()
        for names, count in named:
            column[names[place]] += count
        kept.append({name for name, _ in column.most_common(_MOST)})
    paths = Counter[tuple[str, str, str]]()
    for names, count in named:
        first, second, third = (
            name if name in known else _REST for name, known in zip(names, kept, strict=True)
        )
        paths[first, second, third] += count
    return paths


def _tops(column: Counter[str], scale: float) -> dict[str, float]:
    top, found = 2.0, {}
    for name, count in column.most_common():
        found[name] = top
        top += count * scale + _GAP
    return found


def _bands(
    paths: Mapping[tuple[str, str, str], int],
    side: int,
    tops: Sequence[dict[str, float]],
    scale: float,
) -> list[Markup]:
    """Bands between column `side` and the next; `tops` are used up."""
    pairs = Counter[tuple[str, str]]()
    for names, count in paths.items():
        pairs[names[side], names[side + 1]] += count
    left, right = _COLUMNS[side] + _NODE, _COLUMNS[side + 1]
    middle = (left + right) / 2
    found = []
    for (start, end), count in pairs.most_common():
        one, two, tall = tops[side][start], tops[side + 1][end], count * scale
        tops[side][start] += tall
        tops[side + 1][end] += tall
        found.append(
            Markup(
                '<path d="M{l:.1f} {a:.1f}C{m:.1f} {a:.1f} {m:.1f} {b:.1f} {r:.1f} {b:.1f}'
                'V{d:.1f}C{m:.1f} {d:.1f} {m:.1f} {c:.1f} {l:.1f} {c:.1f}Z" fill="#CFDDF0"/>'
            ).format(l=left, r=right, m=middle, a=one, b=two, c=one + tall, d=two + tall)
        )
    return found


def _node(place: int, name: str, top: float, tall: float) -> tuple[Markup, Markup]:
    left = _COLUMNS[place]
    is_last = place == len(_COLUMNS) - 1
    box = Markup('<rect x="{:g}" y="{:.1f}" width="{:g}" height="{:.1f}" fill="#1D4F86"/>').format(
        left, top, _NODE, max(0.6, tall)
    )
    word = Markup(
        '<text x="{:g}" y="{:.1f}" font-size="9" text-anchor="{}" fill="#1A1F26">{}</text>'
    ).format(
        left - 4 if is_last else left + _NODE + 4,
        top + max(3.0, tall / 2) + 3,
        "end" if is_last else "start",
        cell(name, _LETTERS),
    )
    return box, word
