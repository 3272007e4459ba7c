"""Secrets made of words: passphrases, and recovery phrases of wallets.

Source of the word list and its checksum: BIP 39, by the package `mnemonic`.
"""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mnemonic

_COUNTS = frozenset((12, 15, 18, 21, 24))
_LABEL_WORDS = """
your enter please must optional passphrase password passwort invalid wrong incorrect required
empty missing repeat confirm again choose leave need needs should used
"""
"""What labels and messages about a passphrase are made of."""
_SPOKEN = frozenset(_LABEL_WORDS.split())
_FEWEST_WORDS = 3


def is_word_list(value: str) -> bool:
    """Tell whether `value` has as many words as a recovery phrase of BIP 39 may have."""
    return len(_words(value)) in _COUNTS


def is_recovery_phrase(value: str) -> bool:
    """Tell whether `value` is words of BIP 39's English list, and the last holds their checksum.

    One in sixteen rows of twelve such words passes by chance; of prose hardly any does, whose
    commonest words (`the`, `and`, `with`) are not on the list.
    """
    words = _words(value)
    return len(words) in _COUNTS and bool(_book().check(" ".join(words)))


def is_phrase(value: str) -> bool:
    """Tell whether `value`, given as a passphrase, is several words and no sentence about one."""
    words = [word.strip(".,:;!?()*") for word in value.lower().split()]
    return len(words) >= _FEWEST_WORDS and _SPOKEN.isdisjoint(words) and len(set(words)) > 1


def _words(value: str) -> list[str]:
    return value.replace(",", " ").split()


@cache
def _book() -> "mnemonic.Mnemonic":
    from mnemonic import Mnemonic  # noqa: PLC0415  most calls hold no row of words

    return Mnemonic("english")
