"""Check digits inside tokens and keys: whoever has them right was issued by the service.

Sources: GitHub blog, "Behind GitHub's new authentication token formats" (CRC32 in base 62); Bitcoin
wiki, Base58Check encoding; BIP 173 and the age specification (Bech32).
"""

import zlib
from hashlib import sha256

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_MAX_BASE58_CHARS = 120


def is_crc32_token(value: str) -> bool:
    """Tell whether `value`, `ghp_` and the like, ends in the CRC32 of what follows its prefix."""
    _, _, body = value.rpartition("_")
    secret, check = body[:-6], body[-6:]
    if len(secret) < 20 or not body.isascii() or not body.isalnum():
        return False
    return _number(check, _BASE62) == zlib.crc32(secret.encode())


def is_base58check(value: str) -> bool:
    """Tell whether `value` ends in four bytes of its own double SHA-256: wallet keys do."""
    if not 0 < len(value) <= _MAX_BASE58_CHARS or not set(value) <= set(_BASE58):
        return False
    number = _number(value, _BASE58)
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return len(raw) > 4 and sha256(sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def is_bech32(value: str) -> bool:
    """Tell whether `value`, `AGE-SECRET-KEY-1…`, has a right Bech32 checksum."""
    prefix, mark, data = value.lower().rpartition("1")
    if not mark or not prefix.isascii() or not set(data) <= set(_BECH32):
        return False
    values = [ord(sign) >> 5 for sign in prefix] + [0] + [ord(sign) & 31 for sign in prefix]
    check = 1
    for number in (*values, *(_BECH32.index(sign) for sign in data)):
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ number
        for bit, generator in enumerate(_BECH32_GENERATOR):
            check ^= generator if top >> bit & 1 else 0
    return check == 1


def _number(text: str, digits: str) -> int:
    number = 0
    for sign in text:
        number = number * len(digits) + digits.index(sign)
    return number
