"""Of how many parts a body consists, counted before it is read: two bytes can become a hundred.

A request within its limit of bytes may hold 30 million empty messages, which take gigabytes once
they are objects. Counting costs next to nothing where the size alone tells that they are few.
"""

from collections.abc import Iterator, Mapping
from functools import cache

from google.protobuf.descriptor import Descriptor, FieldDescriptor

MAX_PARTS = 2_000_000
"""Messages in a protobuf body, at any level: 50,000 spans of 19 attributes have as many."""
MAX_FIELDS = 8_000_000
"""Of a protobuf body: what walking it may cost, about three seconds."""
MAX_MARKS = 3_500_000
"""Opening brackets and commas outside of texts in a JSON body: those of 50,000 spans."""
_MAX_DEPTH = 100
"""Of protobuf's reader, which refuses what nests deeper."""
_SHORT = bytes(range(9))
"""Lengths of parts that are short; as bytes they are rare in what is text."""
_LONGER = 11
"""Bytes that a part takes which is not short: tag, length, nine or more of content."""
_PIECE = 1024 * 1024
_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5
_NUMBERS_A_PART = 12
"""Packed numbers of a byte each, which take as much memory as a part."""
_TEXT_A_PART = 1024


def has_too_many_parts(descriptor: Descriptor, body: bytes) -> bool:
    """Tell whether a protobuf body has more than MAX_PARTS parts, or MAX_FIELDS fields."""
    short = len(body) - len(body.translate(None, _SHORT))
    if short + len(body) // _LONGER <= MAX_PARTS:
        return False
    return _Walk(body).exceeds(descriptor)


def has_too_many_marks(body: bytes) -> bool:
    """Tell whether a JSON body has more than MAX_MARKS brackets and commas outside of texts."""
    if _marks_in(body) <= MAX_MARKS:
        return False
    return sum(map(_marks_in, _outside_of_texts(body))) > MAX_MARKS


def _marks_in(text: bytes) -> int:
    return text.count(b"{") + text.count(b"[") + text.count(b",")


def _outside_of_texts(body: bytes) -> Iterator[bytes]:
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    place = 0
    for start in range(0, len(plain), _PIECE):
        pieces = plain[start : start + _PIECE].split(b'"')
        yield b"".join(pieces[place::2])
        place ^= (len(pieces) - 1) & 1


class _Walk:
    """Goes through the fields of a body without making anything of them."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def exceeds(self, descriptor: Descriptor) -> bool:
        """Whether the limits are passed; what is malformed is left to the reader."""
        parts = fields = 0
        outer: list[tuple[int, Descriptor]] = []
        end, kinds = len(self._body), _kinds_of(descriptor)
        try:
            while parts <= MAX_PARTS and fields <= MAX_FIELDS:
                if self._at >= end:
                    if not outer:
                        return False
                    end, descriptor = outer.pop()
                    kinds = _kinds_of(descriptor)
                    continue
                fields += 1
                tag = self._varint()
                size = self._size_of(tag & 7)
                kind = kinds.get(tag) if tag & 7 == _DELIMITED else None
                if isinstance(kind, Descriptor):
                    parts += 1
                    outer.append((end, descriptor))
                    if len(outer) > _MAX_DEPTH:
                        return False
                    end, descriptor, kinds = self._at + size, kind, _kinds_of(kind)
                    continue
                if kind is not None:
                    parts += 1 + size // kind
                self._at += size
        except IndexError:
            return False
        return True

    def _size_of(self, wire_type: int) -> int:
        if wire_type == _DELIMITED:
            return self._varint()
        if wire_type == _VARINT:
            self._varint()
        return {_FIXED64: 8, _FIXED32: 4}.get(wire_type, 0)

    def _varint(self) -> int:
        value = self._body[self._at]
        self._at += 1
        if value < 128:
            return value
        value &= 127
        for shift in range(7, 70, 7):
            one = self._body[self._at]
            self._at += 1
            value |= (one & 127) << shift
            if one < 128:
                break
        return value


@cache
def _kinds_of(descriptor: Descriptor) -> Mapping[int, Descriptor | int]:
    """By tag: of a message its descriptor; of repeated values the bytes that weigh as a part."""
    kinds: dict[int, Descriptor | int] = {}
    for field in descriptor.fields:
        tag = field.number << 3 | _DELIMITED
        if field.message_type is not None:
            kinds[tag] = field.message_type
        elif field.is_repeated:
            is_text = field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)
            kinds[tag] = _TEXT_A_PART if is_text else _NUMBERS_A_PART
    return kinds
