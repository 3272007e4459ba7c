"""One ledger entry: an envelope free of names, and commitments to the texts that it stands for.

Source: docs on the ledger; hashing as RFC 6962 §2.1. A commitment is keyed with 32 random bytes
that lie beside the text: once text and key are erased, nobody can test a guess against it, and the
leaf still proves its place.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

from agentaudit_backend.ledger.canonical import canonical_form
from agentaudit_processor.model import Json

SLOT_KEY_BYTES = 32
NONCE_BYTES = 16
_SLOT_LABEL = b"agentic-audit/slot/v1\x00"
_BLOCK_BYTES = 64
_INNER, _OUTER = (bytes(octet ^ pad for octet in range(256)) for pad in (0x36, 0x5C))
_INNER_REST, _OUTER_REST = b"\x36" * _BLOCK_BYTES, b"\x5c" * _BLOCK_BYTES

RandomBytes = Callable[[int], bytes]


class SealedLeaf(NamedTuple):
    """What the ledger keeps of one entry."""

    envelope: bytes
    leaf_hash: bytes


class SealedSlots(NamedTuple):
    """What a leaf says of its slots, and the keys that are kept beside their texts."""

    nonce: str
    keys: bytes
    """32 bytes a slot, in the order of their names."""
    commitments: dict[str, Json]


def seal(
    fields: Mapping[str, Json], slots: Mapping[str, str], random_bytes: RandomBytes
) -> SealedLeaf:
    """Make the leaf of `fields`, with a commitment to each of `slots` (name to JSON text).

    Args:
        fields: what the envelope says besides `nonce` and `slots`.
        slots: each text on one line, as `canonical.slot_text` gives it.
        random_bytes: gives that many random bytes; one call for the whole leaf.
    """
    return leaf_of(form_of(fields, seal_slots(slots, random_bytes)), ())


def seal_slots(slots: Mapping[str, str], random_bytes: RandomBytes) -> SealedSlots:
    """Commit to each of `slots`: the costly half of a leaf, which needs no place in the ledger."""
    random = random_bytes(NONCE_BYTES + SLOT_KEY_BYTES * len(slots))
    nonce, keys = random[:NONCE_BYTES], random[NONCE_BYTES:]
    commitments: dict[str, Json] = {}
    for place, name in enumerate(sorted(slots)):
        key = keys[place * SLOT_KEY_BYTES : (place + 1) * SLOT_KEY_BYTES]
        commitments[name] = commitment(name, slots[name], key)
    return SealedSlots(b64encode(nonce).decode(), keys, commitments)


def form_of(fields: Mapping[str, Json], slots: SealedSlots, *, blanks: Iterable[str] = ()) -> bytes:
    """The envelope with `blanks` left open: all of a leaf that needs no place in the ledger."""
    told = {**fields, "nonce": slots.nonce, "slots": slots.commitments}
    return canonical_form(told, blanks)


def leaf_of(form: bytes, values: tuple[bytes, ...]) -> SealedLeaf:
    """The leaf of a form whose blanks, sorted, are filled with `values`: JSON as bytes."""
    envelope = form % values
    return SealedLeaf(envelope, leaf_hash(envelope))


def commitment(name: str, text: str, key: bytes) -> str:
    """The commitment to a slot's JSON text."""
    message = _SLOT_LABEL + name.encode() + b"\x00" + text.encode()
    return "hmac-sha256:" + _hmac_sha256(key, message)


def _hmac_sha256(key: bytes, message: bytes) -> str:
    """RFC 2104, for keys of up to a block, as hex digits.

    A leaf has five of them. `hmac.digest` has OpenSSL look up the algorithm each time, which is
    twice the price of the two hashes.
    """
    inner = sha256(key.translate(_INNER) + _INNER_REST[len(key) :] + message).digest()
    return sha256(key.translate(_OUTER) + _OUTER_REST[len(key) :] + inner).hexdigest()


def leaf_hash(envelope: bytes) -> bytes:
    """Hash of a leaf's bytes (RFC 6962 §2.1)."""
    return sha256(b"\x00" + envelope).digest()
