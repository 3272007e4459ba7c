"""National numbers of central and eastern Europe and of Turkey.

Sources: as `ids_western_europe`; the former Yugoslav JMBG law of 1976; Turkish law 5490.
"""

from agentaudit_processor.detectors.check_digits import digits_of, is_mod_11_10, weighted
from agentaudit_processor.detectors.dates import is_date, is_short_date


def is_bg_egn(value: str) -> bool:
    """Bulgarian EGN: birthday (month plus 20 or 40 by century), serial, mod 11."""
    digits = digits_of(value, 10)
    if digits is None:
        return False
    month = int(digits[2:4])
    century = 1800 if 20 < month <= 32 else 2000 if 40 < month <= 52 else 1900
    check = weighted(digits, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10
    return is_date(century + int(digits[:2]), month % 20, int(digits[4:6])) and check == int(
        digits[9]
    )


def is_cz_rc(value: str) -> bool:
    """Czech and Slovak rodné číslo of ten digits: birthday, divisible by 11."""
    digits = digits_of(value, 10, "/ ")
    if digits is None:
        return False
    month = int(digits[2:4]) % 50 % 20
    if not (1 <= month <= 12 and 1 <= int(digits[4:6]) <= 31):
        return False
    # until 1985 a rest of 10 was written as 0
    return int(digits[:9]) % 11 % 10 == int(digits[9])


def is_baltic_code(value: str) -> bool:
    """Estonian and Lithuanian personal code: century and sex, birthday, mod 11 in two rounds."""
    digits = digits_of(value, 11)
    if digits is None or digits[0] not in "12345678":
        return False
    year = 1800 + (int(digits[0]) - 1) // 2 * 100 + int(digits[1:3])
    if not is_date(year, int(digits[3:5]), int(digits[5:7])):
        return False
    check = weighted(digits, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if check == 10:
        check = weighted(digits, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return check == int(digits[10])


def is_lv_code(value: str) -> bool:
    """Latvian personas kods: a birthday and a check digit, or 32 and nothing to check by."""
    digits = digits_of(value, 11)
    if digits is None:
        return False
    if digits.startswith("32"):
        return True
    check = (1 + weighted(digits, (10, 5, 8, 4, 2, 1, 6, 3, 7, 9))) % 11 % 10
    return is_short_date(digits, "dmy") and check == int(digits[10])


def is_hr_oib(value: str) -> bool:
    """Croatian OIB: eleven digits, ISO 7064 mod 11,10."""
    digits = digits_of(value, 11)
    return digits is not None and is_mod_11_10(digits)


def is_hu_id(value: str) -> bool:
    """Hungarian személyi azonosító: sex and century, birthday, serial, mod 11."""
    digits = digits_of(value, 11)
    if digits is None or digits[0] not in "12345678" or not is_short_date(digits[1:7]):
        return False
    rising = weighted(digits, range(1, 11)) % 11 == int(digits[10])
    return rising or weighted(digits, range(10, 0, -1)) % 11 == int(digits[10])


def is_pl_pesel(value: str) -> bool:
    """Polish PESEL: birthday (month plus 20 a century), serial, weights 1 3 7 9."""
    digits = digits_of(value, 11)
    if digits is None:
        return False
    month = int(digits[2:4])
    century = {0: 1900, 1: 2000, 2: 2100, 3: 2200, 4: 1800}[month // 20]
    total = weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1))
    known = is_date(century + int(digits[:2]), month % 20, int(digits[4:6]))
    return known and total % 10 == 0


def is_ro_cnp(value: str) -> bool:
    """Romanian CNP: sex and century, birthday, county, serial, mod 11."""
    digits = digits_of(value, 13)
    if digits is None or digits[0] == "0" or not is_short_date(digits[1:7]):
        return False
    check = weighted(digits, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return (1 if check == 10 else check) == int(digits[12])


def is_si_emso(value: str) -> bool:
    """Slovenian EMŠO, the JMBG of its neighbours too: birthday, region, serial, mod 11."""
    digits = digits_of(value, 13)
    if digits is None:
        return False
    year = int(digits[4:7])
    year += 1000 if year >= 800 else 2000
    if not is_date(year, int(digits[2:4]), int(digits[:2])):
        return False
    total = weighted(digits, (7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2))
    return -total % 11 % 10 == int(digits[12])


def is_tr_kimlik(value: str) -> bool:
    """Turkish T.C. kimlik: eleven digits, the last two of them checks."""
    digits = digits_of(value, 11)
    if digits is None or digits[0] == "0":
        return False
    odd, even = weighted(digits[:9:2], (1,) * 5), weighted(digits[1:8:2], (1,) * 4)
    tenth = (odd * 7 - even) % 10
    return tenth == int(digits[9]) and (odd + even + tenth) % 10 == int(digits[10])
