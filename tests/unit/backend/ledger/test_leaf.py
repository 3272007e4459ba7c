"""Leaves, against the vector of the ledger's design: three leaves with known keys and nonces."""

import hmac
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_backend.ledger.leaf import RandomBytes, commitment, leaf_hash, seal
from agentaudit_backend.ledger.merkle import Frontier

LOG = {"log": "audit.example/org-01", "v": 1}
CALLS = [
    (
        {"id": "01JD0000000000000000000000", "seq": 0, "t": "2026-11-22T10:00:00.000000Z"},
        {"args": '{"command":"cat /srv/hr/anna.csv"}', "user": '"anna@example.org"'},
        "0852df033198180f0ae84463bef772784ed1e3c4d337b3831f801667889d4dc4",
    ),
    (
        {"id": "01JD0000000000000000000001", "seq": 1, "t": "2026-11-22T10:00:01.000000Z"},
        {"args": '{"url":"https://example.net/u"}', "user": '"anna@example.org"'},
        "638f7ba942fb25d006014d537b3c790795e64c407f65f719ceaa2716b4ab129d",
    ),
]
ERASURE = (
    {
        "basis": "gdpr:art17",
        "erases": [{"seq": 0, "slots": ["user"]}],
        "id": "01JD0000000000000000000002",
        "kind": "erasure",
        "seq": 2,
        "t": "2026-11-22T10:00:02.000000Z",
    },
    {},
    "87dc5c0f5f4fc1723a55d648ca5971b38f46ffcaaab73950b00f322077c019ea",
)
LEAVES = [({"kind": "tool_call"} | fields, *rest) for fields, *rest in CALLS] + [ERASURE]
ROOT = "e1ea2bcc75adebf46d5ec845ce229c92ada909e4b90436ccf7947f8ed78e467f"


def known_bytes(leaf: int) -> RandomBytes:
    """The vector's nonce and slot keys in place of random ones."""

    def give(count: int) -> bytes:
        keys = [sha256(f"salt{leaf}-{slot}".encode()).digest() for slot in range(2)]
        return (sha256(f"n{leaf}".encode()).digest()[:16] + b"".join(keys))[:count]

    return give


@pytest.mark.parametrize("number", range(3))
def test_a_leaf_of_the_vector_has_the_hash_given_there(number: int) -> None:
    fields, slots, expected = LEAVES[number]

    leaf = seal(LOG | fields, slots, known_bytes(number))

    assert expected == leaf.leaf_hash.hex()
    assert leaf_hash(leaf.envelope) == leaf.leaf_hash


def test_the_vectors_leaves_make_its_root() -> None:
    hashes = [bytes.fromhex(expected) for _, _, expected in LEAVES]

    assert ROOT == Frontier().extended(hashes).root().hex()


def test_a_commitment_hides_the_text_without_its_key() -> None:
    known = commitment("user", '"anna@example.org"', b"k" * 32)

    assert known != commitment("user", '"anna@example.org"', b"x" * 32)
    assert known != commitment("host", '"anna@example.org"', b"k" * 32)


@given(st.binary(min_size=32, max_size=32), st.text())
def test_a_commitment_is_the_hmac_of_label_name_and_text(key: bytes, text: str) -> None:
    message = b"agentic-audit/slot/v1\x00user\x00" + text.encode(errors="replace")

    made = commitment("user", text.encode(errors="replace").decode(), key)

    assert f"hmac-sha256:{hmac.new(key, message, 'sha256').hexdigest()}" == made
