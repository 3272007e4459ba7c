"""Payment card numbers: an issuer's range, its length and the Luhn digit.

Source: ISO/IEC 7812-1; ranges as the card schemes publish them.
"""

from agentaudit_processor.detectors.luhn import is_luhn

# first digits from, to; lengths; whose
_SCHEMES: tuple[tuple[int, int, tuple[int, ...], str], ...] = (
    (4, 4, (13, 16, 19), "Visa"),
    (51, 55, (16,), "Mastercard"),
    (2221, 2720, (16,), "Mastercard"),
    (34, 34, (15,), "American Express"),
    (37, 37, (15,), "American Express"),
    (6011, 6011, (16, 19), "Discover"),
    (644, 659, (16, 19), "Discover"),
    (3528, 3589, (16, 17, 18, 19), "JCB"),
    (2131, 2131, (15,), "JCB"),
    (1800, 1800, (15,), "JCB"),
    (300, 305, (14, 16), "Diners Club"),
    (3095, 3095, (14, 16), "Diners Club"),
    (36, 36, (14, 16), "Diners Club"),
    (38, 39, (14, 16), "Diners Club"),
    (62, 62, (16, 17, 18, 19), "UnionPay"),
    (50, 50, (12, 13, 14, 15, 16, 17, 18, 19), "Maestro"),
    (56, 58, (12, 13, 14, 15, 16, 17, 18, 19), "Maestro"),
    (63, 63, (12, 13, 14, 15, 16, 17, 18, 19), "Maestro"),
    (67, 67, (12, 13, 14, 15, 16, 17, 18, 19), "Maestro"),
)


def is_payment_card(value: str) -> bool:
    """Tell whether `value`, spaces and dashes aside, is a card number that a scheme may issue."""
    digits = _digits(value)
    return digits is not None and bool(card_scheme(digits)) and is_luhn(digits)


def is_payment_card_by_name(value: str) -> bool:
    """Tell whether `value`, found beside a word such as `card`, is of length and check a card's.

    Air travel, fuel and shop cards begin with other digits than those of the schemes.
    """
    digits = _digits(value)
    return digits is not None and 12 <= len(digits) <= 19 and is_luhn(digits)


def _digits(value: str) -> str | None:
    digits = value.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit()) or len(set(digits)) < 2:
        return None  # 0000 0000 …: a placeholder
    return digits


def card_scheme(value: str) -> str:
    """The scheme whose card `value` may be, by its first digits and length; "" if none."""
    digits = _digits(value) or ""
    for low, high, lengths, scheme in _SCHEMES:
        if len(digits) in lengths and low <= int(digits[: len(str(low))]) <= high:
            return scheme
    return ""
