"""The tree, against the well-known vector of Certificate Transparency and a plain recursion."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentaudit_backend.ledger.leaf import leaf_hash
from agentaudit_backend.ledger.merkle import EMPTY_ROOT, Frontier, node_hash

# Inputs and roots of certificate-transparency's merkletree tests, sizes 1 to 8.
INPUTS = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = st.lists(st.binary(min_size=32, max_size=32), max_size=70)


def plain_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1 word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(plain_root(leaves[:split]), plain_root(leaves[split:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_the_root_is_the_one_of_certificate_transparency(size: int) -> None:
    leaves = [leaf_hash(bytes.fromhex(data)) for data in INPUTS[:size]]

    assert ROOTS[size - 1] == Frontier().extended(leaves).root().hex()


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert EMPTY_ROOT == Frontier().root()


@given(HASHES, st.integers(0, 70))
def test_growing_in_two_steps_gives_the_root_of_the_whole(leaves: list[bytes], cut: int) -> None:
    first = Frontier().extended(leaves[:cut])
    kept = Frontier.from_bytes(first.size, first.to_bytes())

    assert plain_root(leaves) == kept.extended(leaves[cut:]).root()


def test_a_frontier_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Frontier.from_bytes(3, b"x" * 32)
