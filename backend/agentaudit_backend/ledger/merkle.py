"""The Merkle tree over a ledger's leaves, grown from its right edge.

Source: RFC 6962 §2.1. The frontier of a tree of n leaves is the roots of the full subtrees that
n's binary digits name, the largest first; leaves are added and the root computed from it alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """A tree's size and right edge: all that is needed to go on."""

    size: int = 0
    edge: tuple[bytes, ...] = ()

    def extended(self, leaf_hashes: Iterable[bytes]) -> "Frontier":
        """The frontier after adding leaves, in order."""
        size, edge = self.size, list(self.edge)
        for leaf in leaf_hashes:
            node, full = leaf, size
            while full & 1:  # a subtree of this height is complete on the left: merge upwards
                node = node_hash(edge.pop(), node)
                full >>= 1
            edge.append(node)
            size += 1
        return Frontier(size=size, edge=tuple(edge))

    def root(self) -> bytes:
        """The tree's root hash."""
        if not self.edge:
            return EMPTY_ROOT
        node = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            node = node_hash(left, node)
        return node

    def to_bytes(self) -> bytes:
        """The edge, 32 bytes a hash, the largest subtree first."""
        return b"".join(self.edge)

    @classmethod
    def from_bytes(cls, size: int, edge: bytes) -> Self:
        """Read what `to_bytes` gave.

        Raises:
            ValueError: the edge does not fit a tree of `size` leaves.
        """
        if len(edge) != HASH_BYTES * size.bit_count():
            raise ValueError(f"frontier of {len(edge)} bytes does not fit {size} leaves")
        hashes = (edge[at : at + HASH_BYTES] for at in range(0, len(edge), HASH_BYTES))
        return cls(size=size, edge=tuple(hashes))
