"""Telephone numbers, by the numbering plans of libphonenumber.

The library is imported when the first candidate comes: it costs a tenth of a second, and most
tool calls hold no number.
"""

# Where a number stands without a country: a plan that accepts it makes it one. The order is a
# guess at frequency; the answer does not depend on it.
_REGIONS = ["US", "GB", "DE", "FR", "IT", "ES", "NL", "AT", "CH", "BE", "SE", "NO", "DK", "PL"]
_REGIONS += ["CZ", "PT", "IN", "AU"]


def is_international_phone(value: str) -> bool:
    """Tell whether `value`, written with `+` or `00`, is a number that its country may assign."""
    number = value.strip()
    if number.startswith("00"):
        number = "+" + number[2:]
    return _is_valid(number, None)


def is_local_phone(value: str) -> bool:
    """Tell whether `value` is a number in the plan of some country; for use beside a phone key."""
    if value.strip().startswith(("+", "00")):
        return is_international_phone(value)
    return any(_is_valid(value, region) for region in _REGIONS)


def _is_valid(number: str, region: str | None) -> bool:
    import phonenumbers  # noqa: PLC0415  see the module's docstring

    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(number, region)))
    except phonenumbers.NumberParseException:
        return False
