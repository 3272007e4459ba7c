"""Named checks that a Rule may call: checksums, entropy, number plans.

A detector takes the text that a rule's pattern matched and tells whether it is what it looks like.
To add one: a module with a function `(value: str) -> bool`, and a line in `DETECTORS`.
"""

from collections.abc import Callable, Mapping

from agentaudit_processor.detectors.address import is_email, is_public_ip
from agentaudit_processor.detectors.card import is_payment_card
from agentaudit_processor.detectors.entropy import is_credential, is_random_token
from agentaudit_processor.detectors.iban import is_iban
from agentaudit_processor.detectors.phone import is_international_phone, is_local_phone
from agentaudit_processor.detectors.placeholder import is_no_placeholder

Detector = Callable[[str], bool]

DETECTORS: Mapping[str, Detector] = {
    "credential": is_credential,
    "email": is_email,
    "iban": is_iban,
    "international_phone": is_international_phone,
    "local_phone": is_local_phone,
    "no_placeholder": is_no_placeholder,
    "payment_card": is_payment_card,
    "public_ip": is_public_ip,
    "random_token": is_random_token,
}
