"""Mask a value and keep its shape; make hostile text harmless to look at.

A secret becomes `[secret:<type>:<length>:<digest>]`, which the classifier knows again. Personal
data keeps what helps a reader to recognise its own (`a•••@e•••.com`, the last digits of a card).
Unknown kinds are masked whole: a new type leaks nothing by being forgotten here.
"""

import hmac
from collections.abc import Callable, Mapping

DOT = "•"
_DIGEST_CHARS = 12
SECRET_FORM = r"\[secret:([a-z0-9_]{1,40}):([0-9]{1,7}):([0-9a-f]{12})\]"  # noqa: S105
"""RE2 pattern of the mask of a secret: type, length in characters, digest."""

# C0 and C1 controls but tab and newline, bidirectional overrides and isolates (CVE-2021-42574),
# zero-width signs, the byte order mark, line separators, tag characters.
_RANGES = (
    (0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x061C, 0x061C), (0x180E, 0x180E),
    (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB),
    (0xD800, 0xDFFF), (0xE0000, 0xE007F),
)  # fmt: skip
_HARMLESS = {code: f"⟦U+{code:04X}⟧" for low, high in _RANGES for code in range(low, high + 1)}


def digest_of(value: str, key: bytes) -> str:
    """Keyed digest of a secret, 12 hex digits: equal values under one key are known as equal."""
    return hmac.digest(key, value.encode("utf-8", "surrogatepass"), "sha256").hex()[:_DIGEST_CHARS]


def secret_form(secret: str, length: int, digest: str) -> str:
    """The mask that stands for a secret: `[secret:aws_access_key:20:0f3a…]`."""
    return f"[secret:{secret}:{length}:{digest}]"


def mask_pii(pii: str, value: str) -> str:
    """Mask personal data of the type `pii`, keeping its shape."""
    if pii.startswith("national_id_"):
        return _mask_signs(value)
    return _SHAPES.get(pii, _mask_whole)(value)


def sample_of(pii: str, value: str) -> str:
    """`value` masked, as a finding shows it: of a payment card also whose it is."""
    masked = mask_pii(pii, value)
    if pii != "payment_card":
        return masked
    from agentaudit_processor.detectors.card import card_scheme  # noqa: PLC0415  dear, and rare

    scheme = card_scheme(value)
    return f"{masked} ({scheme})" if scheme else masked


def harmless(text: str) -> str:
    """Spell out the characters that would steer a terminal or turn text round: `⟦U+202E⟧`."""
    return text if text.isascii() and text.isprintable() else text.translate(_HARMLESS)


def one_line(text: str, limit: int) -> str:
    """`text` on one line, harmless, at most `limit` characters with `…` where it was cut."""
    # cut first, generously: the text may be megabytes, and only its head is shown
    line = harmless(" ".join(text[: limit * 4].split()))
    return line if len(line) <= limit and len(text) <= limit * 4 else line[: limit - 1] + "…"


def _as_it_is(value: str) -> str:
    return value  # it leads to nobody, and readers of a log need it


def _mask_whole(value: str) -> str:
    return DOT * min(len(value), 8)


def _mask_signs(value: str) -> str:
    return "".join(DOT if sign.isalnum() else sign for sign in value)


def _mask_name(value: str) -> str:
    return " ".join(word[:1] + DOT * 3 for word in value.split())


def _mask_mac(value: str) -> str:
    # the first half names the maker, the second the device
    half = len(value) // 2
    return value[:half] + _mask_signs(value[half:])


def _mask_email(value: str) -> str:
    local, _, domain = value.replace("%40", "@").rpartition("@")
    name, dot, top = domain.rpartition(".")
    return f"{local[:1]}{DOT * 3}@{name[:1]}{DOT * 3}{dot}{top}"


def _mask_card(value: str) -> str:
    # PCI DSS 3.4.1 allows more (the issuer's range too); the last four are enough to recognise it
    return DOT * 4 + " " + "".join(sign for sign in value if sign.isdigit())[-4:]


def _mask_phone(value: str) -> str:
    return value[:3].strip() + DOT * 6 + value[-2:] if len(value) >= 9 else _mask_whole(value)


def _mask_iban(value: str) -> str:
    return value[:4] + DOT * 6 + value[-4:]


def _mask_ip(value: str) -> str:
    sign = ":" if ":" in value else "."
    return value.split(sign, 1)[0] + sign + DOT * 3


_SHAPES: Mapping[str, Callable[[str], str]] = {
    "date_of_birth": _mask_signs,
    "email": _mask_email,
    "iban": _mask_iban,
    "ip_address": _mask_ip,
    "mac_address": _mask_mac,
    "passport_number": _mask_signs,
    "payment_card": _mask_card,
    "person_name": _mask_name,
    "phone": _mask_phone,
    "private_ip_address": _as_it_is,
    "tax_id": _mask_signs,
}
