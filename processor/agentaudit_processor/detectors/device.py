"""Numbers of devices: MAC addresses, IMEI.

Sources: IEEE 802, 3GPP TS 23.003.
"""

from agentaudit_processor.detectors.check_digits import digits_of
from agentaudit_processor.detectors.luhn import is_luhn

_NO_DEVICE = ("000000", "ffffff", "01005e", "3333", "0242ac", "0242")
"""Zeros, broadcast, multicast, and what Docker makes up for its bridges."""


def is_mac(value: str) -> bool:
    """Tell whether `value` is the address of one network card, with one kind of separator."""
    used = {sign for sign in value if sign in ":-."}
    bare = value.replace(":", "").replace("-", "").replace(".", "").lower()
    if len(used) != 1 or len(bare) != 12 or len(set(bare)) < 3:
        return False
    return all(sign in "0123456789abcdef" for sign in bare) and not bare.startswith(_NO_DEVICE)


def is_bare_mac(value: str) -> bool:
    """Tell whether twelve hexadecimal digits, found by a key such as `mac`, are such an address."""
    lowered = value.lower()
    drawn = not lowered.isdecimal() and not lowered.isalpha() and len(set(lowered)) > 3
    return drawn and not lowered.startswith(_NO_DEVICE)


def is_imei(value: str) -> bool:
    """Tell whether `value` is an IMEI: fifteen digits, Luhn."""
    digits = digits_of(value, 15)
    return digits is not None and digits[:2] != "00" and is_luhn(digits)
