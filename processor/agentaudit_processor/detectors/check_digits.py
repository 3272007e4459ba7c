"""Check digit schemes that the numbers of many countries share.

Sources: ISO/IEC 7064 (mod 11-2, mod 11,10), J. Verhoeff, "Error detecting decimal codes", 1969.
"""

from collections.abc import Sequence
from operator import mul

# the rows of the dihedral group's table, and of the permutation's powers
_DIHEDRAL = """
0123456789 1234067895 2340178956 3401289567 4012395678
5987604321 6598710432 7659821043 8765932104 9876543210
"""
_POWERS = """
0123456789 1576283094 5803796142 8916043527 9453126870 4286573901 2793806415 7046913258
"""
_DIHEDRAL_ROWS = tuple(_DIHEDRAL.split())
_POWER_ROWS = tuple(_POWERS.split())


def digits_of(value: str, length: int, separators: str = " -.") -> str | None:
    """The `length` digits of `value`, separators left out; None if it is anything else.

    One digit repeated is a placeholder in every country, though many checks accept it.
    """
    bare = value
    for sign in separators:
        bare = bare.replace(sign, "")
    if len(bare) != length or not (bare.isascii() and bare.isdigit()) or len(set(bare)) == 1:
        return None
    return bare


def weighted(digits: str, weights: Sequence[int]) -> int:
    """Sum of the digits times their weights, as far as the weights go."""
    # the weights first: what stands behind the last of them may be a letter
    return sum(map(mul, weights, map(int, digits)))


def is_verhoeff(digits: str) -> bool:
    """Tell whether `digits` ends in its Verhoeff check digit."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_DIHEDRAL_ROWS[check][int(_POWER_ROWS[place % 8][int(digit)])])
    return check == 0


def is_mod_11_10(digits: str) -> bool:
    """Tell whether `digits` ends in its ISO/IEC 7064 mod 11,10 check digit."""
    check = 10
    for digit in digits[:-1]:
        check = (check + int(digit)) % 10 or 10
        check = check * 2 % 11
    return (check + int(digits[-1])) % 10 == 1


def is_mod_11_2(signs: str) -> bool:
    """Tell whether `signs`, digits and a last digit or X, satisfy ISO/IEC 7064 mod 11-2."""
    check = 0
    for digit in signs[:-1]:
        check = (check + int(digit)) * 2 % 11
    return (check + (10 if signs[-1] in "xX" else int(signs[-1]))) % 11 == 1
