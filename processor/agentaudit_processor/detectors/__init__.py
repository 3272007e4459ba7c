"""Named checks that a Rule may call: checksums, entropy, number plans.

A detector takes the text that a rule's pattern matched and tells whether it is what it looks like.
To add one: a module with a function `(value: str) -> bool`, and a line in `DETECTORS` or, for
personal data, in `personal`.
"""

from collections.abc import Callable, Mapping

from agentaudit_processor.detectors.checksum import is_base58check, is_bech32, is_crc32_token
from agentaudit_processor.detectors.encoded import is_basic_auth, is_jwt
from agentaudit_processor.detectors.entropy import (
    is_credential,
    is_random_token,
    is_service_key,
    is_vendor_token,
)
from agentaudit_processor.detectors.personal import PERSONAL_DETECTORS
from agentaudit_processor.detectors.placeholder import is_given, is_no_placeholder

Detector = Callable[[str], bool]

DETECTORS: Mapping[str, Detector] = {
    "base58check": is_base58check,
    "basic_auth": is_basic_auth,
    "bech32": is_bech32,
    "crc32_token": is_crc32_token,
    "credential": is_credential,
    "given": is_given,
    "jwt": is_jwt,
    "no_placeholder": is_no_placeholder,
    "random_token": is_random_token,
    "service_key": is_service_key,
    "vendor_token": is_vendor_token,
    **PERSONAL_DETECTORS,
}
