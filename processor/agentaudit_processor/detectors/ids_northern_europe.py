"""National numbers of the Nordic countries.

Sources: Skatteverket SKV 707, DVV (Finland), Skatteetaten (Norway), CPR-kontoret, Þjóðskrá.
"""

from agentaudit_processor.detectors.check_digits import digits_of, weighted
from agentaudit_processor.detectors.dates import is_date, is_short_date
from agentaudit_processor.detectors.luhn import is_luhn

_FI_LETTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_FI_CENTURIES = {"+": 1800, **dict.fromkeys("-YXWVU", 1900), **dict.fromkeys("ABCDEF", 2000)}


def is_se_personnummer(value: str) -> bool:
    """Swedish personnummer or samordningsnummer (day plus 60): birthday, Luhn digit."""
    bare = value.replace("-", "").replace("+", "").replace(" ", "")
    if len(bare) not in (10, 12) or not (bare.isascii() and bare.isdigit()):
        return False
    digits = bare[-10:]
    if len(bare) == 12 and bare[:2] not in ("18", "19", "20"):
        return False
    day = int(digits[4:6])
    birthday = digits[:4] + f"{day - 60 if day > 60 else day:02}"
    return is_short_date(birthday) and is_luhn(digits)


def is_fi_hetu(value: str) -> bool:
    """Finnish henkilötunnus: birthday, sign of the century, serial, check sign mod 31."""
    bare = value.upper()
    if len(bare) != 11 or not bare.isascii() or bare[6] not in _FI_CENTURIES:
        return False
    digits = bare[:6] + bare[7:10]
    if not digits.isdigit() or int(bare[7:10]) < 2:
        return False
    year = _FI_CENTURIES[bare[6]] + int(bare[4:6])
    known = is_date(year, int(bare[2:4]), int(bare[:2]))
    return known and _FI_LETTERS[int(digits) % 31] == bare[10]


def is_no_fnr(value: str) -> bool:
    """Norwegian fødselsnummer or D-number (day plus 40): birthday, two digits mod 11."""
    digits = digits_of(value, 11)
    if digits is None:
        return False
    day = int(digits[:2])
    birthday = f"{day - 40 if day > 40 else day:02}" + digits[2:6]
    first = weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1))
    second = weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1))
    return is_short_date(birthday, "dmy") and first % 11 == 0 and second % 11 == 0


def is_dk_cpr(value: str) -> bool:
    """Danish CPR number: a birthday. Numbers given out since 2007 need not pass mod 11."""
    digits = digits_of(value, 10)
    return digits is not None and is_short_date(digits, "dmy")


def is_old_dk_cpr(value: str) -> bool:
    """Danish CPR number that passes mod 11, as all did until 2007."""
    digits = digits_of(value, 10)
    check = (4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
    return digits is not None and is_dk_cpr(digits) and weighted(digits, check) % 11 == 0


def is_is_kennitala(value: str) -> bool:
    """Icelandic kennitala: birthday, serial, mod 11, sign of the century."""
    digits = digits_of(value, 10)
    if digits is None or digits[9] not in "90":
        return False
    year = {"9": 1900, "0": 2000}[digits[9]] + int(digits[4:6])
    born = is_date(year, int(digits[2:4]), int(digits[:2]))
    return born and weighted(digits, (3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
