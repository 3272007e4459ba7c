"""Secrets made of words: passphrases, and recovery phrases of wallets.

Source of the words and of their checksum: BIP 39; the list is the file in the
package `mnemonic` (MIT), read when the first row of so many words comes, and never imported.
"""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

_COUNTS = frozenset((12, 15, 18, 21, 24))
_LABEL_WORDS = """
your enter please must optional passphrase password passwort invalid wrong incorrect required
empty missing repeat confirm again choose leave need needs should used
"""
"""What labels and messages about a passphrase are made of."""
_SPOKEN = frozenset(_LABEL_WORDS.split())
_FEWEST_WORDS = 3
_BITS_OF_A_WORD = 11


def is_word_list(value: str) -> bool:
    """Tell whether `value` has as many words as a recovery phrase of BIP 39 may have."""
    return len(_words(value)) in _COUNTS


def is_recovery_phrase(value: str) -> bool:
    """Tell whether `value` is words of BIP 39's English list, and the last holds their checksum.

    One in sixteen rows of twelve such words passes by chance; of prose hardly any does, whose
    commonest words (`the`, `and`, `with`) are not on the list.
    """
    words = _words(value)
    places = _places()
    if len(words) not in _COUNTS or not all(word in places for word in words):
        return False
    bits = 0
    for word in words:
        bits = bits << _BITS_OF_A_WORD | places[word]
    check_bits = len(words) // 3  # one for each 32 of what they check
    entropy = (bits >> check_bits).to_bytes(check_bits * 4, "big")
    return sha256(entropy).digest()[0] >> (8 - check_bits) == bits & ((1 << check_bits) - 1)


def is_phrase(value: str) -> bool:
    """Tell whether `value`, given as a passphrase, is several words and no sentence about one."""
    words = [word.strip(".,:;!?()*") for word in value.lower().split()]
    return len(words) >= _FEWEST_WORDS and _SPOKEN.isdisjoint(words) and len(set(words)) > 1


def _words(value: str) -> list[str]:
    return value.replace(",", " ").split()


@cache
def _places() -> Mapping[str, int]:
    """Each word of the English list with its place, from 0.

    Raises:
        FileNotFoundError: the package is not installed whole.
    """
    package = find_spec("mnemonic")  # found and not imported: only its list is wanted
    if package is None or package.origin is None:
        raise FileNotFoundError("mnemonic")
    words = Path(package.origin).with_name("wordlist") / "english.txt"
    return {word: at for at, word in enumerate(words.read_text("ascii").split())}
