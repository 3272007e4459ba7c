"""Telephone numbers, by the numbering plans of libphonenumber.

The library is imported when the first candidate comes: it costs a tenth of a second, and most
tool calls hold no number.
"""

import re

_GROUPED = re.compile(r"\(?[0-9]{1,5}\)?(?:[ .\x2F()-]{1,2}[0-9]{1,8}){1,5}")
_DATE = re.compile(
    r"(?:19|20)[0-9]{2}[-./][0-9]{1,2}[-./ ]|[0-9]{1,2}[-./][0-9]{1,2}[-./](?:19|20)[0-9]{2}"
)


def is_international_phone(value: str) -> bool:
    """Tell whether `value`, written with `+` or `00`, is a number that its country may assign."""
    number = value.strip()
    if number.startswith("00"):
        number = "+" + number[2:]
    return _is_valid(number, None)


def is_local_phone(value: str) -> bool:
    """Tell whether `value`, found beside a phone key, is written as a telephone number is.

    Plans differ and change, and the key has told already: seven to fifteen digits, grouped, or
    with a leading 0 or +, or eight to thirteen in a row; but no date.
    """
    number = value.partition("x")[0].partition("ext")[0].strip()  # the extension says nothing
    digits = "".join(sign for sign in number if sign.isdecimal())
    if not 7 <= len(digits) <= 15 or len(set(digits)) < 2 or _DATE.match(number):
        return False
    if number.startswith(("+", "0", "(")):
        return True
    if 8 <= len(digits) <= 13 and not number.startswith(("19", "20")):
        return True
    return _GROUPED.fullmatch(number) is not None


def is_us_phone(value: str) -> bool:
    """Tell whether `value`, as `(212) 555-0187`, is in the plan of North America.

    The numbers for films, 555-01xx, stand for people's in tests.
    """
    return value.replace(" ", "")[-8:-2] == "555-01" or _is_valid(value, "US")


def _is_valid(number: str, region: str | None) -> bool:
    import phonenumbers  # noqa: PLC0415  see the module's docstring

    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(number, region)))
    except phonenumbers.NumberParseException:
        return False
