"""Named checks that a Rule may call: checksums, entropy, number plans.

A detector takes the text that a rule's pattern matched and tells whether it is what it looks like.
To add one: a module with a function `(value: str) -> bool`, and a line in `DETECTORS` or, for
personal data, in `personal`.
"""

from collections.abc import Callable, Mapping

from agentaudit_processor.detectors.checksum import is_base58check, is_bech32, is_crc32_token
from agentaudit_processor.detectors.encoded import is_basic_auth, is_jwt
from agentaudit_processor.detectors.encoded_secret import is_encoded_secret
from agentaudit_processor.detectors.encoded_text import is_base64_text, is_percent_text
from agentaudit_processor.detectors.entropy import (
    is_credential,
    is_random_token,
    is_service_key,
    is_structured_token,
    is_vendor_token,
)
from agentaudit_processor.detectors.password import (
    is_code_list,
    is_column_password,
    is_crossed_mix,
    is_crypt_hash,
    is_framework_key,
    is_login_password,
    is_owned_password,
    is_password,
    is_signed_mix,
    is_told_password,
)
from agentaudit_processor.detectors.personal import PERSONAL_DETECTORS
from agentaudit_processor.detectors.phrase import is_phrase, is_recovery_phrase, is_word_list
from agentaudit_processor.detectors.placeholder import is_given, is_no_placeholder

Detector = Callable[[str], bool]

DETECTORS: Mapping[str, Detector] = {
    "base58check": is_base58check,
    "base64_text": is_base64_text,
    "basic_auth": is_basic_auth,
    "bech32": is_bech32,
    "code_list": is_code_list,
    "crc32_token": is_crc32_token,
    "crypt_hash": is_crypt_hash,
    "column_password": is_column_password,
    "credential": is_credential,
    "crossed_mix": is_crossed_mix,
    "encoded_secret": is_encoded_secret,
    "framework_key": is_framework_key,
    "given": is_given,
    "jwt": is_jwt,
    "login_password": is_login_password,
    "no_placeholder": is_no_placeholder,
    "password": is_password,
    "owned_password": is_owned_password,
    "percent_text": is_percent_text,
    "phrase": is_phrase,
    "random_token": is_random_token,
    "recovery_phrase": is_recovery_phrase,
    "service_key": is_service_key,
    "signed_mix": is_signed_mix,
    "structured_token": is_structured_token,
    "told_password": is_told_password,
    "vendor_token": is_vendor_token,
    "word_list": is_word_list,
    **PERSONAL_DETECTORS,
}
