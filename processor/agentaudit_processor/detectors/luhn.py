"""Luhn checksum, for payment card numbers.

Source: ISO/IEC 7812-1, annex B.
"""

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_luhn(digits: str) -> bool:
    """Tell whether `digits` ends in its Luhn check digit.

    Args:
        digits: ASCII digits, separators already removed.

    Raises:
        ValueError: `digits` holds anything but ASCII digits, or nothing.
    """
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("expected ASCII digits")
    total = sum(int(digit) for digit in digits[-1::-2])
    total += sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])
    return total % 10 == 0
