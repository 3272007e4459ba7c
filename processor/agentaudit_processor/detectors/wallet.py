"""Addresses of crypto wallets, by their checksums.

Sources: Bitcoin base58check, BIP 173 and BIP 350 (bech32, bech32m), EIP-55 (Ethereum).
"""

from hashlib import sha256

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_CHECKS = (1, 0x2BC830A3)
_VERSIONS = {0x00, 0x05, 0x1E, 0x30, 0x32, 0x41}
"""Bitcoin P2PKH and P2SH, Dogecoin, Litecoin, Tron."""


def is_wallet(value: str) -> bool:
    """Tell whether `value` is an address of Bitcoin, Litecoin, Dogecoin, Tron or Ethereum."""
    if not value.isascii():
        return False
    if value.startswith("0x"):
        return _is_ethereum(value[2:])
    if value[:3].lower() in ("bc1", "tb1") or value[:4].lower() == "ltc1":
        return _is_bech32(value)
    return _is_base58check(value)


def _is_base58check(value: str) -> bool:
    if not 25 <= len(value) <= 36 or any(sign not in _BASE58 for sign in value):
        return False
    number = 0
    for sign in value:
        number = number * 58 + _BASE58.index(sign)
    if number >> 200:
        return False
    raw = number.to_bytes(25, "big")
    check = sha256(sha256(raw[:21]).digest()).digest()[:4]
    return raw[0] in _VERSIONS and check == raw[21:]


def _is_bech32(value: str) -> bool:
    if value not in (value.lower(), value.upper()) or not 14 <= len(value) <= 90:
        return False
    prefix, _, data = value.lower().rpartition("1")
    if len(data) < 6 or any(sign not in _BECH32 for sign in data):
        return False
    signs = [ord(sign) >> 5 for sign in prefix] + [0] + [ord(sign) & 31 for sign in prefix]
    check = 1
    for five in [*signs, *(_BECH32.index(sign) for sign in data)]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ five
        for at, generator in enumerate(_GENERATORS):
            check ^= generator if top >> at & 1 else 0
    return check in _BECH32_CHECKS


def _is_ethereum(address: str) -> bool:
    """Forty hex digits whose upper and lower case is their checksum.

    All in one case is allowed by EIP-55, but then nothing tells an address from any other hash.
    """
    if len(address) != 40 or address in (address.lower(), address.upper()):
        return False
    if any(sign not in "0123456789abcdefABCDEF" for sign in address):
        return False
    digest = keccak256(address.lower().encode()).hex()
    return all(
        sign.isupper() == (int(nibble, 16) >= 8)
        for sign, nibble in zip(address, digest, strict=False)
        if sign.isalpha()
    )


_MASK = (1 << 64) - 1


def keccak256(message: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it; SHA3-256 of the standard library pads otherwise.

    Source: The Keccak reference 3.0, for messages shorter than one block of 136 bytes.

    Raises:
        ValueError: `message` is longer than 135 bytes.
    """
    if len(message) > 135:
        raise ValueError("expected at most 135 bytes")
    block = bytearray(message.ljust(136, b"\x00"))
    block[len(message)] ^= 0x01
    block[135] ^= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for at in range(17):
        lanes[at % 5][at // 5] = int.from_bytes(block[at * 8 : at * 8 + 8], "little")
    lanes = _keccak_f(lanes)
    return b"".join(lanes[at][0].to_bytes(8, "little") for at in range(4))


def _keccak_f(lanes: list[list[int]]) -> list[list[int]]:
    lfsr = 1
    for _ in range(24):
        sums = [row[0] ^ row[1] ^ row[2] ^ row[3] ^ row[4] for row in lanes]
        mixed = [sums[(x + 4) % 5] ^ _rotated(sums[(x + 1) % 5], 1) for x in range(5)]
        lanes = [[lane ^ mixed[x] for lane in lanes[x]] for x in range(5)]
        x, y = 1, 0
        current = lanes[x][y]
        for turn in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, lanes[x][y] = lanes[x][y], _rotated(current, (turn + 1) * (turn + 2) // 2)
        for y in range(5):
            row = [lanes[x][y] for x in range(5)]
            for x in range(5):
                lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5] & _MASK)
        for bit in range(7):
            lfsr = (lfsr << 1 ^ (lfsr >> 7) * 0x71) % 256
            if lfsr & 2:
                lanes[0][0] ^= 1 << ((1 << bit) - 1)
    return lanes


def _rotated(lane: int, by: int) -> int:
    by %= 64
    return (lane << by | lane >> (64 - by)) & _MASK if by else lane
