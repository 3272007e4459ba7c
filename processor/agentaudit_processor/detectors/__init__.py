"""Named checks that a Rule may call: checksums, entropy, number plans.

A detector takes the text that a rule's pattern matched and tells whether it is what it looks like.
To add one: a module with a function `(value: str) -> bool`, and a line in `DETECTORS`.
"""

from collections.abc import Callable, Mapping

from agentaudit_processor.detectors.address import is_email, is_public_ip
from agentaudit_processor.detectors.card import is_payment_card
from agentaudit_processor.detectors.checksum import is_base58check, is_bech32, is_crc32_token
from agentaudit_processor.detectors.encoded import is_basic_auth, is_jwt
from agentaudit_processor.detectors.entropy import (
    is_credential,
    is_random_token,
    is_service_key,
    is_vendor_token,
)
from agentaudit_processor.detectors.iban import is_iban
from agentaudit_processor.detectors.phone import is_international_phone, is_local_phone
from agentaudit_processor.detectors.placeholder import is_given, is_no_placeholder

Detector = Callable[[str], bool]

DETECTORS: Mapping[str, Detector] = {
    "base58check": is_base58check,
    "basic_auth": is_basic_auth,
    "bech32": is_bech32,
    "crc32_token": is_crc32_token,
    "credential": is_credential,
    "email": is_email,
    "given": is_given,
    "iban": is_iban,
    "international_phone": is_international_phone,
    "jwt": is_jwt,
    "local_phone": is_local_phone,
    "no_placeholder": is_no_placeholder,
    "payment_card": is_payment_card,
    "public_ip": is_public_ip,
    "random_token": is_random_token,
    "service_key": is_service_key,
    "vendor_token": is_vendor_token,
}
