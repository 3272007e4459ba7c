"""A tool's result of any size without its secrets, everything else as the tool gave it.

A record holds as much of a result as fits; a model is shown all of it. What is longer than one
look of the judge is looked at in pieces, cut where no secret is likely to be cut in two.
"""

from collections.abc import Callable, Iterator

from agentaudit_processor.model import Json

PIECE_CHARS = 128 * 1024
"""Of one piece of a text, and of all that is looked at at once."""
MAX_TEXTS = 1_000
_SHORTEST_CHARS = PIECE_CHARS // 2
_LONGEST_SECRET_CHARS = 16 * 1024
_BLOCK_BEGINS, _BLOCK_ENDS = "-----BEGIN ", "-----END "
"""Of PEM (RFC 7468), the secret that goes over lines."""
_NOT_SCANNED = "[not scanned]"

Mask = Callable[[Json], Json]
"""A value with its secrets masked, its shape kept."""
Text = tuple[str, str]
"""The name of a text's field, which may tell what it is, and (a piece of) the text."""


def without_secrets(whole: Json, mask: Mask) -> Json:
    """`whole` with `mask` applied to all texts in it."""
    pieces = [piece for text in _texts(whole, "") for piece in _cut(text)]
    masked = [one for batch in _batches(pieces) for one in _masked(batch, mask)]
    return _written(whole, iter(masked))


def withheld(whole: Json, note: str) -> Json:
    """`whole` with `note` in the place of every text: clients want the shape kept."""
    if isinstance(whole, str):
        return note
    if isinstance(whole, dict):
        return {name: withheld(item, note) for name, item in whole.items()}
    if isinstance(whole, list):
        return [withheld(item, note) for item in whole]
    return whole


def _texts(value: Json, key: str) -> Iterator[Text]:
    """Every text, keys among them, in a fixed order."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield "", name
            yield from _texts(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, key)


def _written(value: Json, masked: Iterator[str]) -> Json:
    """The same walk, with each text replaced by its pieces."""
    if isinstance(value, str):
        return "".join(next(masked) for _ in _cut(("", value)))
    if isinstance(value, dict):
        pairs = ((_written(name, masked), _written(item, masked)) for name, item in value.items())
        return {str(name): item for name, item in pairs}
    if isinstance(value, list):
        return [_written(item, masked) for item in value]
    return value


def _cut(text: Text) -> Iterator[Text]:
    """A text in pieces; an empty one is one piece."""
    key, left = text
    while len(left) > PIECE_CHARS:
        at = _end_of_piece(left)
        yield key, left[:at]
        left = left[at:]
    yield key, left


def _end_of_piece(text: str) -> int:
    """Behind a line, or at least a word, and before a block that is not whole."""
    at = PIECE_CHARS
    begins = text.rfind(_BLOCK_BEGINS, PIECE_CHARS - _LONGEST_SECRET_CHARS, PIECE_CHARS)
    if begins > 0 and text.find(_BLOCK_ENDS, begins, PIECE_CHARS) < 0:
        at = begins
    for gap in ("\n", " "):
        found = text.rfind(gap, _SHORTEST_CHARS, at)
        if found >= 0:
            return found + 1
    return at


def _batches(pieces: list[Text]) -> Iterator[list[Text]]:
    batch: list[Text] = []
    size = 0
    for piece in pieces:
        if batch and (size + len(piece[1]) > PIECE_CHARS or len(batch) == MAX_TEXTS):
            yield batch
            batch, size = [], 0
        batch.append(piece)
        size += len(piece[1])
    if batch:
        yield batch


def _masked(batch: list[Text], mask: Mask) -> list[str]:
    told = mask([{key: text} for key, text in batch])
    if not isinstance(told, list) or len(told) != len(batch):
        return [_NOT_SCANNED] * len(batch)
    return [_text_of(one) for one in told]


def _text_of(told: Json) -> str:
    texts = list(told.values()) if isinstance(told, dict) else []
    return texts[0] if len(texts) == 1 and isinstance(texts[0], str) else _NOT_SCANNED
