"""The checks of personal data, by the names that rules call them by."""

from collections.abc import Callable, Mapping

from agentaudit_processor.detectors import (
    ids_eastern_europe,
    ids_northern_europe,
    ids_western_europe,
    ids_world,
)
from agentaudit_processor.detectors.address import is_email, is_ip, is_named_ip, is_private_ip
from agentaudit_processor.detectors.card import is_payment_card, is_payment_card_by_name
from agentaudit_processor.detectors.dates import is_birthday
from agentaudit_processor.detectors.device import is_bare_mac, is_imei, is_mac
from agentaudit_processor.detectors.iban import is_iban
from agentaudit_processor.detectors.person import (
    is_coordinates,
    is_document_number,
    is_full_name,
    is_human_age,
    is_person_name,
    is_postal_address,
    is_postcode,
    is_statement,
    is_username,
)
from agentaudit_processor.detectors.phone import (
    is_international_phone,
    is_local_phone,
    is_us_phone,
)
from agentaudit_processor.detectors.wallet import is_wallet

_BY_COUNTRY = {
    name.removeprefix("is_"): check
    for module in (ids_western_europe, ids_eastern_europe, ids_northern_europe, ids_world)
    for name, check in vars(module).items()
    if name.startswith("is_") and getattr(check, "__module__", "") == module.__name__
}
"""Numbers of countries are named as their functions are: `nl_bsn`, `us_ssn`."""

PERSONAL_DETECTORS: Mapping[str, Callable[[str], bool]] = {
    "bare_mac": is_bare_mac,
    "birthday": is_birthday,
    "coordinates": is_coordinates,
    "document_number": is_document_number,
    "email": is_email,
    "full_name": is_full_name,
    "human_age": is_human_age,
    "iban": is_iban,
    "imei": is_imei,
    "international_phone": is_international_phone,
    "ip": is_ip,
    "local_phone": is_local_phone,
    "mac": is_mac,
    "named_ip": is_named_ip,
    "payment_card": is_payment_card,
    "payment_card_by_name": is_payment_card_by_name,
    "person_name": is_person_name,
    "postal_address": is_postal_address,
    "postcode": is_postcode,
    "private_ip": is_private_ip,
    "statement": is_statement,
    "us_phone": is_us_phone,
    "username": is_username,
    "wallet": is_wallet,
    **_BY_COUNTRY,
}

_WITHOUT_CHECK = {"us_ssn", "us_itin", "us_mbi", "gb_nino", "kr_rrn", "dk_cpr", "in_pan"}
"""Numbers that have no check digit, or none any more: their form and range are looked at."""
CHECKED = frozenset(_BY_COUNTRY).difference(_WITHOUT_CHECK) | {
    "iban",
    "imei",
    "payment_card",
    "payment_card_by_name",
    "wallet",
}
"""Checks that few numbers pass by chance."""
